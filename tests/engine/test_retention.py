"""What is older than its account keeps it is deleted, oldest first, in batches; never what runs."""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from flows.base62 import new_invocation_id
from flows.engine import retention
from flows.models import (
    Account,
    Attempt,
    CallbackDelivery,
    CallbackTry,
    Connection,
    DeliveryState,
    Execution,
    ExecutionState,
    Flow,
    Invitation,
    OutgoingMail,
    Receipt,
    RejectedCall,
    Role,
    TestSend,
    UnreadHook,
    User,
    lifecycle,
)
from tests import cast

pytestmark = pytest.mark.django_db
LEAVES = (Receipt, Attempt, CallbackTry, CallbackDelivery, TestSend, Execution)


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def run_all(flow: Flow, *, at: datetime, **fields: Any) -> Execution:
    """An execution with everything that can hang on one."""
    execution = cast.make_execution(flow, created_at=at, **fields)
    attempt = Attempt.objects.create(
        execution=execution, step=0, channel="sms", connector="sandbox", created_at=at
    )
    Receipt.objects.create(
        attempt=attempt, connector="sandbox", event_key=execution.public_id, status="delivered",
        raw={}, received_at=at,
    )  # fmt: skip
    profile = flow.account.callback_profiles.first() or cast.make_callback_profile(flow.account)
    delivery = CallbackDelivery.objects.create(
        execution=execution, profile=profile, payload={}, state=DeliveryState.DELIVERED,
        created_at=at,
    )  # fmt: skip
    CallbackTry.objects.create(delivery=delivery, number=1, at=at)
    TestSend.objects.create(
        account=flow.account, flow=flow, execution=execution, form={}, curl="curl"
    )
    return execution


def reject(account: Account, *, at: datetime) -> RejectedCall:
    return RejectedCall.objects.create(
        account=account, public_id=new_invocation_id(), workflow_id="x", status=400,
        errors=["Fault."], created_at=at,
    )  # fmt: skip


def sweep(now: datetime | None = None) -> int:
    """Turn after turn until it rests; returns how many rows went."""
    engine, now, deleted = retention.Sweep(), now or timezone.now(), 0
    for _ in range(50):
        deleted += engine(now)
    return deleted


# --- What goes and what stays ---------------------------------------------------------------------


def test_an_old_execution_goes_with_everything_that_hangs_on_it(published_flow: Flow) -> None:
    run_all(published_flow, at=ago(91))
    assert sweep() == 1
    assert not [model for model in LEAVES if model.objects.exists()]


def test_a_younger_one_stays_whole(published_flow: Flow) -> None:
    run_all(published_flow, at=ago(89))
    assert sweep() == 0
    assert all(model.objects.count() == 1 for model in LEAVES)


@pytest.mark.parametrize("state", [s for s in ExecutionState if s != ExecutionState.ENDED])
def test_what_runs_is_never_touched(published_flow: Flow, state: ExecutionState) -> None:
    run_all(published_flow, at=ago(4000), state=state)
    assert sweep() == 0


def test_what_ended_late_is_kept_from_its_end_on(published_flow: Flow) -> None:
    run_all(published_flow, at=ago(90.01), ended_at=ago(89.99))
    assert sweep() == 0


def test_a_callback_that_is_owed_keeps_its_execution(published_flow: Flow) -> None:
    run_all(published_flow, at=ago(91))
    CallbackDelivery.objects.update(state=DeliveryState.PENDING)
    assert sweep() == 0
    CallbackDelivery.objects.update(state=DeliveryState.FAILED)
    assert sweep() == 1


def test_each_account_keeps_as_long_as_it_says(published_flow: Flow, stranger: User) -> None:
    other = stranger.memberships.get().account
    long = cast.make_published_flow(other, by=stranger)
    Account.objects.filter(pk=published_flow.account_id).update(retention_days=1)
    run_all(published_flow, at=ago(2))
    kept = run_all(long, at=ago(2))
    sweep()
    assert list(Execution.objects.all()) == [kept]


def test_a_request_id_can_be_used_again_only_after_its_execution(published_flow: Flow) -> None:
    run_all(published_flow, at=ago(91), request_id="order-1")
    sweep()
    run_all(published_flow, at=ago(0), request_id="order-1")


def test_rejected_calls_and_failed_tests_go_as_well(account: Account, admin: User) -> None:
    reject(account, at=ago(91))
    kept = reject(account, at=ago(1))
    TestSend.objects.create(account=account, sent_by=admin, form={}, curl="curl")
    TestSend.objects.update(created_at=ago(91))
    assert sweep() == 2
    assert list(RejectedCall.objects.all()) == [kept]


def test_test_events_and_stray_receipts_go_as_well(account: Account) -> None:
    profile = cast.make_callback_profile(account)
    event = CallbackDelivery.objects.create(
        profile=profile, payload={}, state=DeliveryState.DELIVERED, created_at=ago(91)
    )
    CallbackTry.objects.create(delivery=event, number=1, at=ago(91))
    Receipt.objects.create(
        connection=cast.make_connection(account), connector="sandbox", event_key="stray",
        status="delivered", raw={}, received_at=ago(91),
    )  # fmt: skip
    assert sweep() == 2
    assert not CallbackTry.objects.exists()


def stray(connection: Connection | None, *, at: datetime, **fields: Any) -> Receipt:
    """A receipt of a message that nobody here sent."""
    return Receipt.objects.create(
        connection=connection, connector="sandbox", event_key=str(at), status="sent", raw={},
        received_at=at, **fields,
    )  # fmt: skip


def test_what_belongs_to_no_message_goes_after_two_weeks(account: Account) -> None:
    first = cast.make_connection(account)
    second = cast.make_connection(account, "another")
    kept = {stray(one, at=ago(13.9)).pk for one in (first, second, None)}
    kept.add(stray(first, at=ago(20), due_at=timezone.now()).pk)  # still looked for
    for one in (first, second, None):
        stray(one, at=ago(14.1))
        UnreadHook.objects.create(connection=one or first, reason="Odd.", received_at=ago(14.1))
    young = UnreadHook.objects.create(connection=first, reason="Odd.", received_at=ago(13.9))
    assert sweep() == 6
    assert {receipt.pk for receipt in Receipt.objects.all()} == kept
    assert list(UnreadHook.objects.all()) == [young]


def test_an_account_that_keeps_less_keeps_less_of_these(account: Account) -> None:
    connection = cast.make_connection(account)
    account.retention_days = 7
    account.save()
    stray(connection, at=ago(7.1))
    UnreadHook.objects.create(connection=connection, reason="Odd.", received_at=ago(7.1))
    assert sweep() == 2


def test_a_closed_account_keeps_nothing_after_its_time(published_flow: Flow) -> None:
    account = published_flow.account
    run_all(published_flow, at=ago(1))
    cast.make_test_recipient(account)
    Account.objects.update(closed_at=ago(29))
    assert sweep() == 0
    Account.objects.update(closed_at=ago(31))
    assert sweep() == 2
    assert Account.objects.filter(pk=account.pk).exists()


def test_mails_go_thirty_days_after_they_were_sent() -> None:
    for days, wake_at in ((31, None), (29, None), (31, timezone.now())):
        mail = OutgoingMail.objects.create(to="a@b.example", subject=str(days), wake_at=wake_at)
        OutgoingMail.objects.filter(pk=mail.pk).update(created_at=ago(days))
    assert sweep() == 1
    assert OutgoingMail.objects.count() == 2


def test_invitations_go_ninety_days_after_they_ended(account: Account, admin: User) -> None:
    for number, days in enumerate((91, 89)):
        Invitation.objects.create(
            account=account, email=f"{number}@x.example", role=Role.VIEWER, token_hash=str(number),
            invited_by=admin, expires_at=ago(days),
        )  # fmt: skip
    assert sweep() == 1
    assert Invitation.objects.get().email == "1@x.example"


def test_sessions_go_once_they_have_expired() -> None:
    now = timezone.now()
    for key, days in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, expire_date=now + timedelta(days=days))
    assert retention.clear_installation(now=now) == 1
    assert retention.clear_installation(now=now) == 0
    assert Session.objects.get().session_key == "new"


def test_deleted_flows_go_once_no_execution_names_them(
    account: Account, admin: User, published_flow: Flow
) -> None:
    kept = cast.make_flow(account, by=admin, title="Restorable")
    run_all(published_flow, at=ago(60))
    for flow, days in ((kept, 29), (published_flow, 31)):
        lifecycle.delete(flow, by=admin)
        Flow.objects.filter(pk=flow.pk).update(deleted_at=ago(days))
    assert sweep() == 0
    Account.objects.update(retention_days=30)
    assert sweep() == 2  # the execution, then the flow
    assert list(Flow.objects.all()) == [kept]


# --- How it goes about it -------------------------------------------------------------------------


def test_the_oldest_go_first_in_batches(
    published_flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "EXECUTIONS_AT_ONCE", 2)
    made = [cast.make_execution(published_flow, created_at=ago(100 - n)).pk for n in range(5)]
    engine, now = retention.Sweep(), timezone.now()
    assert engine(now) == 2
    assert list(Execution.objects.order_by("pk").values_list("pk", flat=True)) == made[2:]
    assert [engine(now), engine(now)] == [2, 1]


def test_it_rests_when_there_is_nothing_to_do(published_flow: Flow) -> None:
    engine = retention.Sweep()
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        assert engine(timezone.now()) == 0
        run_all(published_flow, at=ago(91))
        clock.shift(timedelta(minutes=4))
        assert engine(timezone.now()) == 0
        clock.shift(timedelta(minutes=2))
        assert engine(timezone.now()) == 1


def test_it_comes_to_every_account(published_flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ACCOUNTS_A_TURN", 2)
    for number in range(5):
        reject(cast.make_account(f"Account {number}"), at=ago(91))
    assert sweep() == 5


@pytest.mark.django_db(transaction=True)
def test_two_engines_delete_everything_once(published_flow: Flow) -> None:
    for number in range(40):
        run_all(published_flow, at=ago(91 + number))
    start = Barrier(2)

    def engine(_: int) -> int:
        try:
            start.wait()
            return sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(engine, range(2))) == 40
    assert not [model for model in LEAVES if model.objects.exists()]


# --- What it costs --------------------------------------------------------------------------------


@pytest.fixture
def many(published_flow: Flow) -> Iterator[Flow]:
    """500 old executions with two attempts each, four receipts, a callback and its try."""
    flow, at = published_flow, ago(200)
    profile = cast.make_callback_profile(flow.account)
    version = flow.live_version
    executions = Execution.objects.bulk_create(
        Execution(
            account=flow.account, flow=flow, version=version, public_id=new_invocation_id(),
            request_id=f"many-{n}", kind="live", recipient=cast.RECIPIENT, sends=[], state="ended",
            outcome="delivered", created_at=at, ended_at=at,
        )
        for n in range(500)
    )  # fmt: skip
    attempts = Attempt.objects.bulk_create(
        Attempt(
            execution=e, step=step, channel="sms", connector="sandbox", created_at=at,
            request_log={"text": "x" * 300}, answer_log={"text": "x" * 300},
        )
        for e in executions
        for step in (0, 1)
    )  # fmt: skip
    Receipt.objects.bulk_create(
        Receipt(
            attempt=a, connector="sandbox", event_key=f"{a.client_message_id}{n}",
            status="delivered", raw={"text": "x" * 200}, received_at=at, folded_at=at,
        )
        for a in attempts
        for n in (0, 1)
    )  # fmt: skip
    owed = CallbackDelivery.objects.bulk_create(
        CallbackDelivery(execution=e, profile=profile, payload={}, state="delivered", created_at=at)
        for e in executions
    )
    CallbackTry.objects.bulk_create(CallbackTry(delivery=d, number=1, at=at) for d in owed)
    yield flow


@pytest.mark.django_db(transaction=True)
def test_a_batch_holds_the_write_lock_for_a_moment_only(many: Flow) -> None:
    engine, now, times = retention.Sweep(), timezone.now(), []
    while True:
        start = time.perf_counter()
        if not engine(now):
            break
        times.append(time.perf_counter() - start)
    assert not Execution.objects.exists()
    assert statistics.median(times) < 0.15, times  # about 25 ms on a machine that is not busy


def test_the_old_ones_are_found_by_an_index(account: Account) -> None:
    plan = retention.old_executions(account, timezone.now()).explain()
    if connection.vendor == "sqlite":
        assert "execution_account_home (account_id=? AND created_at<?)" in plan
    assert "TEMP B-TREE" not in plan
