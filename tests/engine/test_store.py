"""Claims, leases and guards: what holds when engines die, stall or race; and what a batch costs."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flows.connectors.base import Accepted, ReceiptEvent, ReceiptStatus
from flows.connectors.sandbox import message_id_of
from flows.engine import invoke, receive, run, store, wake
from flows.engine.snapshots import Sent
from flows.models import (
    AssetStatus,
    Attempt,
    Execution,
    Flow,
    FlowVersion,
    Receipt,
    Sender,
    Template,
    User,
)
from tests import cast
from tests.engine import drive
from tests.engine.drive import START

LEASE_S = 60


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def sent(job: run.Job, after_s: float) -> Sent:
    message_id = message_id_of(job.claimed.message(job.attempt))
    return Sent(job.claimed, job.attempt, Accepted(message_id, {}), at(after_s))


def claim(after_s: float, limit: int = 200) -> list[store.Claimed]:
    return store.claim(limit=limit, lease_s=LEASE_S, now=at(after_s))


# --- Leases ---------------------------------------------------------------------------------------


def test_two_claimers_never_hold_the_same_execution(published_flow: Flow) -> None:
    for _ in range(5):
        drive.accept(published_flow, "0001", "0001")
    first, second = claim(0, limit=3), claim(0, limit=3)
    held = [one.row.pk for one in (*first, *second)]
    assert (len(first), len(second), len(set(held))) == (3, 2, 5)
    assert claim(0) == []


def test_lease_that_ran_out_is_taken_over(published_flow: Flow) -> None:
    drive.accept(published_flow, "0001", "0001")
    claim(0)
    assert claim(LEASE_S) == []
    assert len(claim(LEASE_S + 1)) == 1


def test_step_of_a_stale_lease_becomes_unknown_and_is_not_sent_again(published_flow: Flow) -> None:
    execution = drive.accept(published_flow, "0005", "0001")
    _, (job,) = run.begin(limit=10, now=START)  # and then the engine dies
    run.until_idle(at(LEASE_S + 1))
    first, second = drive.attempts(execution)
    assert first.pk == job.attempt.pk
    assert (first.state, first.message_id) == ("timed_out", "")
    assert [tried["result"] for tried in first.tries] == ["unknown"]
    assert first.reason == (
        "The carrier's answer was lost and no receipt came within 60 s, moved on to SMS"
    )
    assert second.state == "waiting"


def test_answer_after_the_lease_was_lost_only_helps_to_match_receipts(
    published_flow: Flow,
) -> None:
    execution = drive.accept(published_flow, "0001", "0001")
    _, (stalled,) = run.begin(limit=10, now=START)
    run.until_idle(at(LEASE_S + 1))  # another engine has taken over and moved on
    late = sent(stalled, LEASE_S + 2)
    store.record([late], now=at(LEASE_S + 2))
    first = drive.attempts(execution)[0]
    assert (first.state, first.message_id) == ("timed_out", late.result.message_id)
    assert Receipt.objects.filter(message_id=first.message_id).count() == 0


def test_engine_that_stalls_before_it_stores_a_decision_stores_nothing(
    published_flow: Flow,
) -> None:
    drive.accept(published_flow, "0001", "0001")
    stalled = claim(0)
    claim(LEASE_S + 1)
    assert store.apply(store.decide_all(stalled, now=at(0)), now=at(0)) == []
    assert not Attempt.objects.exists()


def test_row_that_cannot_be_decided_is_put_off_and_holds_up_no_other(
    published_flow: Flow,
) -> None:
    broken, fine = (drive.accept(published_flow, "0001", "0001") for _ in range(2))
    Execution.objects.filter(pk=broken.pk).update(sends=[])
    run.until_idle(START)
    broken.refresh_from_db()
    assert (broken.state, broken.wake_at, broken.lease_token) == ("accepted", at(60), None)
    assert [attempt.state for attempt in drive.attempts(fine)] == ["waiting"]


def test_version_that_cannot_be_read_holds_up_no_other_flow(
    published_flow: Flow, admin: User
) -> None:
    other = cast.make_published_flow(published_flow.account, by=admin, title="Broken")
    broken = drive.accept(other, "0001", "0001")
    fine = drive.accept(published_flow, "0001", "0001")
    FlowVersion.objects.filter(flow=other).update(definition={"steps": 5})
    run.until_idle(START)
    broken.refresh_from_db()
    assert (broken.state, broken.wake_at, broken.lease_token) == ("accepted", at(60), None)
    assert [attempt.state for attempt in drive.attempts(fine)] == ["waiting"]


# --- Races with signals and receipts --------------------------------------------------------------


def test_confirm_between_claim_and_decision_decides_the_outcome(published_flow: Flow) -> None:
    execution = drive.accept(published_flow, "0005", "0001")
    run.until_idle(START)
    due = claim(60)
    decided = store.decide_all(due, now=at(60))
    assert wake.confirm(execution, by="Asha", now=at(60))
    assert store.apply(decided, now=at(60)) == []
    run.until_idle(at(60))
    execution.refresh_from_db()
    assert (execution.outcome, execution.reason) == ("confirmed", "Confirmed by Asha")
    assert [attempt.step for attempt in drive.attempts(execution)] == [0]


def test_signal_after_the_end_does_not_take(published_flow: Flow) -> None:
    execution = drive.run_flow(published_flow, "0001", "0001")
    assert not wake.confirm(execution, by="Asha")
    assert not wake.cancel(execution, by="Asha")
    execution.refresh_from_db()
    assert execution.outcome == "delivered"


def test_first_of_two_signals_counts(published_flow: Flow) -> None:
    execution = drive.accept(published_flow, "0005", "0001")
    assert wake.cancel(execution, by="Asha", now=START)
    assert not wake.confirm(execution, by="a caller", now=START)
    run.until_idle(START)
    execution.refresh_from_db()
    assert (execution.outcome, execution.attempts.count()) == ("cancelled", 0)


def test_cancel_while_the_send_is_under_way_is_seen_as_soon_as_it_is_recorded(
    published_flow: Flow,
) -> None:
    execution = drive.accept(published_flow, "0001", "0001")
    _, (job,) = run.begin(limit=10, now=START)
    assert wake.cancel(execution, by="Asha", now=START)
    store.record([sent(job, 1)], now=at(1))
    run.until_idle(at(1))
    execution.refresh_from_db()
    assert (execution.outcome, drive.attempts(execution)[0].state) == ("cancelled", "stopped")


def test_receipt_while_the_execution_is_leased_is_not_slept_through(published_flow: Flow) -> None:
    execution = drive.accept(published_flow, "0005", "0001")
    run.until_idle(START)
    held = claim(60)  # decided without the receipt that comes now
    decided = store.decide_all(held, now=at(30))
    event = _delivered(drive.attempts(execution)[0])
    receive.receive([event], connector="sandbox", now=at(30))
    receive.match(limit=10, now=at(30))
    store.apply(decided, now=at(30))
    run.until_idle(at(31))
    execution.refresh_from_db()
    assert (execution.outcome, execution.outcome_step) == ("delivered", 0)


def _delivered(attempt: Attempt) -> ReceiptEvent:
    return ReceiptEvent(
        event_key=f"late-{attempt.pk}",
        status=ReceiptStatus.DELIVERED,
        client_message_id=str(attempt.client_message_id),
    )


# --- What is still usable -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (
            lambda: Template.objects.filter(channel="whatsapp").update(status=AssetStatus.PAUSED),
            "the template order_update is paused",
        ),
        (
            lambda: Sender.objects.filter(channel="whatsapp").update(status=AssetStatus.REJECTED),
            "the sender 918047182200 is rejected",
        ),
        (
            lambda: Template.objects.filter(channel="whatsapp").delete(),
            "the template order_update no longer exists",
        ),
        (
            lambda: Sender.objects.filter(channel="whatsapp").delete(),
            "the sender 918047182200 no longer exists",
        ),
        (
            lambda: Sender.objects.filter(channel="whatsapp").update(status=AssetStatus.PAUSED),
            "the sender 918047182200 is paused",
        ),
        (
            lambda: Sender.objects.filter(channel="whatsapp").update(deleted_at=timezone.now()),
            "the sender 918047182200 no longer exists",
        ),
    ],
    ids=[
        *("template paused", "sender rejected", "template gone", "sender gone"),
        *("sender paused", "sender deleted"),
    ],
)
def test_step_that_is_no_longer_usable_is_skipped(
    published_flow: Flow, break_it: Callable[[], object], reason: str
) -> None:
    break_it()
    execution = drive.run_flow(published_flow, "0001", "0001")
    skipped, following = drive.attempts(execution)
    assert skipped.reason == f"Skipped: {reason}, moved on to SMS"
    assert (skipped.status_code, skipped.request_log) == ("NOT-SENT", None)
    assert (execution.outcome_step, following.status_code) == (1, "DELIVERED")


def test_live_key_of_an_unknown_carrier_is_skipped_and_a_test_key_is_not(
    published_flow: Flow,
) -> None:
    published_flow.account.connections.update(connector="pigeons")
    live = drive.run_flow(published_flow, "0001", "0001", kind="live")
    test = drive.run_flow(published_flow, "0001", "0001", kind="test")
    assert live.outcome == "not_delivered"
    assert "no connector “pigeons”" in live.reason
    assert test.outcome == "delivered"


# --- Redaction ------------------------------------------------------------------------------------


def test_parameters_are_gone_after_the_end_and_there_before(published_flow: Flow) -> None:
    execution = drive.accept(published_flow, "0004", "0001")
    run.until_idle(START)
    running = drive.attempts(execution)[0]
    assert "Hi Priya, your order *58213*" in running.request_log["body"]
    drive.play(execution)
    left = [execution.sends, [(a.request_log, a.answer_log) for a in drive.attempts(execution)]]
    assert all(value not in str(left) for value in ("Priya", "58213", "Friday"))
    assert execution.sends[0] == {
        "recipient": "919876540004",
        "params": {"1": "•••", "2": "•••", "3": "•••"},
    }
    assert drive.attempts(execution)[0].request_log["to"] == "919876540004"


# --- What a batch costs ---------------------------------------------------------------------------


def statements_of_a_whole_run(flow: Flow, executions: int) -> list[int]:
    """How many statements each turn takes, from the call to the end, and what they are."""
    counts = []

    def counted(work: Callable[[], object]) -> None:
        with CaptureQueriesContext(connection) as queries:
            work()
        counts.append(len(queries))

    calls = [drive.call(flow, "0004", "0001") for _ in range(executions)]
    counted(lambda: invoke.invoke(calls, now=START))
    for seconds in (0, 1, 2, 3, 4):
        counted(lambda seconds=seconds: run.turn(at(seconds), limit=2000))
    return counts


def test_batch_costs_the_same_number_of_statements_whatever_its_size(published_flow: Flow) -> None:
    one = statements_of_a_whole_run(published_flow, 1)
    assert statements_of_a_whole_run(published_flow, 200) == one
    assert max(one) < 40
    assert not Execution.objects.exclude(outcome="delivered").exists()


def test_idle_engine_takes_no_write_lock(published_flow: Flow) -> None:
    drive.run_flow(published_flow, "0001", "0001")
    with CaptureQueriesContext(connection) as queries:
        run.turn(at(4000))
    assert [q["sql"].split()[0] for q in queries] == ["SELECT", "SELECT"]
