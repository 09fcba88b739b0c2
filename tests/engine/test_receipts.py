"""Receipts before their send is on record, late, twice, in any order, or of nobody's message."""

from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.connectors.base import Accepted, ReceiptEvent, ReceiptStatus
from flows.engine import receive, run, store
from flows.engine.snapshots import Sent
from flows.models import Execution, Flow, Receipt
from tests import cast
from tests.engine import drive
from tests.engine.drive import START


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Arrival(NamedTuple):
    status: str
    is_early: bool  # before our own record of the send
    names: str  # the message by: message_id, client_message_id, both


def event(arrival: Arrival, job: run.Job, number: int) -> ReceiptEvent:
    ours, theirs = str(job.attempt.client_message_id), f"carrier-{job.attempt.pk}"
    return ReceiptEvent(
        event_key=f"{theirs}:{number}",
        status=ReceiptStatus(arrival.status),
        message_id="" if arrival.names == "client_message_id" else theirs,
        client_message_id="" if arrival.names == "message_id" else ours,
    )


def play(flow: Flow, arrivals: list[Arrival]) -> Execution:
    """One execution whose first send is recorded between early and other receipts."""
    execution = drive.accept(flow, "0001", "0005", kind="live")
    _, (job,) = run.begin(limit=10, now=START)
    step_s = 50 / (len(arrivals) + 1)
    connection_id = job.attempt.connection_id
    in_order = sorted(enumerate(arrivals), key=lambda numbered: not numbered[1].is_early)
    recorded = False
    for place, (number, arrival) in enumerate(in_order, 1):
        if not arrival.is_early and not recorded:
            recorded = record(job, place * step_s)
        now = at(place * step_s)
        receive.receive(
            [event(arrival, job, number)],
            connector="sandbox",
            connection_id=connection_id,
            now=now,
        )
        run.until_idle(now)
    if not recorded:
        record(job, 50)
    run.until_idle(at(55))
    execution.refresh_from_db()
    return execution


def record(job: run.Job, after_s: float) -> bool:
    accepted = Accepted(f"carrier-{job.attempt.pk}", {})
    store.record([Sent(job.claimed, job.attempt, accepted, at(after_s))], now=at(after_s))
    return True


def arrivals_of(statuses: str, must: str) -> st.SearchStrategy[list[Arrival]]:
    """These statuses in any order and number, early or not, with at least one of `must`."""
    arrival = st.builds(
        Arrival,
        st.sampled_from(statuses.split()),
        st.booleans(),
        st.sampled_from(["message_id", "client_message_id", "both"]),
    )
    return st.lists(arrival, min_size=1, max_size=6).filter(
        lambda found: any(a.status in must.split() for a in found)
    )


@given(arrivals=arrivals_of("accepted sent delivered read unknown", must="delivered read"))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_receipts_in_every_order_and_number_give_the_same_end(
    published_flow: Flow, arrivals: list[Arrival]
) -> None:
    execution = play(published_flow, arrivals)
    (attempt,) = drive.attempts(execution)
    best = "read" if any(a.status == "read" for a in arrivals) else "delivered"
    assert (execution.outcome, execution.outcome_step) == ("delivered", 0)
    assert (attempt.state, attempt.get_carrier_status_display().lower()) == ("succeeded", best)
    assert not execution.delivered_twice
    assert attempt.receipts.filter(folded_at=None).count() == 0
    assert attempt.receipts.count() == len(arrivals)


@given(arrivals=arrivals_of("accepted sent failed unknown", must="failed"))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_failures_in_every_order_and_number_give_the_same_end(
    published_flow: Flow, arrivals: list[Arrival]
) -> None:
    execution = play(published_flow, arrivals)
    first, second = drive.attempts(execution)
    assert (first.state, first.status_code, first.carrier_failed) == ("failed", "FAILED", True)
    assert (execution.state, execution.step, second.state) == ("waiting", 1, "waiting")


def test_event_that_a_carrier_repeats_is_stored_once(published_flow: Flow) -> None:
    same = ReceiptEvent(event_key="e1", status=ReceiptStatus.SENT, message_id="m")
    assert receive.receive([same, same], connector="sandbox") == 1
    assert receive.receive([same], connector="sandbox") == 0
    assert receive.receive([same], connector="another") == 1


def test_receipt_of_nobody_waits_with_growing_pauses_and_is_kept(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    stray = ReceiptEvent(event_key="e1", status=ReceiptStatus.SENT, message_id="stray")
    receive.receive([stray], connector="sandbox", now=START)
    pauses, now = [], START
    while (due_at := Receipt.objects.get().due_at) is not None:
        pauses.append((due_at - now).total_seconds())
        now = due_at
        assert receive.match(limit=10, now=now) == 1
    assert pauses == [0, *receive.PAUSES_S]
    assert pauses == sorted(pauses)
    assert Receipt.objects.get().attempt is None
    assert [line.message for line in caplog.records] == ["receipt.unmatched"]


def test_receipt_of_another_connection_with_the_same_message_id_does_not_match(
    published_flow: Flow,
) -> None:
    execution = drive.accept(published_flow, "0005", "0001", kind="live")
    run.until_idle(START)
    attempt = drive.attempts(execution)[0]
    foreign = ReceiptEvent(
        event_key="e1", status=ReceiptStatus.DELIVERED, message_id=attempt.message_id
    )
    receive.receive([foreign], connector="sandbox", connection_id=None, now=START)
    run.until_idle(at(1))
    execution.refresh_from_db()
    assert execution.state == "waiting"


@pytest.mark.parametrize("names", ["message_id", "client_message_id", "both"])
def test_only_the_connection_that_sent_a_message_can_report_on_it(
    published_flow: Flow, names: str
) -> None:
    """Whoever learns the ids of another account's message gets nowhere with them."""
    execution = drive.accept(published_flow, "0005", "0001", kind="live")
    _, (job,) = run.begin(limit=10, now=START)
    record(job, 1)
    foreign = event(Arrival("delivered", False, names), job, 1)
    other = cast.make_connection(cast.make_account("Globex"))
    for connector, door in (("sandbox", other.pk), ("sandbox", None), ("ledger", other.pk)):
        receive.receive([foreign], connector=connector, connection_id=door, now=at(2))
        run.until_idle(at(3))
    execution.refresh_from_db()
    assert (execution.state, execution.step) == ("waiting", 0)
    assert not Receipt.objects.exclude(attempt=None).exists()
    own = job.attempt.connection_id
    receive.receive([foreign], connector="sandbox", connection_id=own, now=at(4))
    run.until_idle(at(5))
    execution.refresh_from_db()
    assert execution.outcome == "delivered"


@pytest.mark.parametrize("hours", [0, 1, 3, 30])
def test_receipt_finds_its_send_however_long_before_it_came(
    published_flow: Flow, hours: int
) -> None:
    """An engine that was slow to write its answer down."""
    execution = drive.accept(published_flow, "0001", "0005", kind="live")
    _, (job,) = run.begin(limit=10, now=START)
    early = event(Arrival("delivered", True, "message_id"), job, 1)
    own = job.attempt.connection_id
    receive.receive([early], connector="sandbox", connection_id=own, now=at(1))
    for number in range(60):  # whatever pauses there are
        receive.match(limit=10, now=at(2 + number * hours * 60))
    record(job, hours * 3600 + 10)
    run.until_idle(at(hours * 3600 + 10))
    execution.refresh_from_db()
    assert execution.outcome == "delivered"


def test_receipt_that_comes_days_later_is_matched_at_once(published_flow: Flow) -> None:
    execution = drive.run_flow(published_flow, "0005", "0001", kind="live")
    attempt = drive.attempts(execution)[0]
    late = ReceiptEvent(event_key="e1", status=ReceiptStatus.READ, message_id=attempt.message_id)
    days = 3 * 86_400
    own = attempt.connection_id
    receive.receive([late], connector="sandbox", connection_id=own, now=at(days))
    run.until_idle(at(days))
    assert attempt.receipts.get().was_late


def test_finding_owners_and_early_receipts_reads_no_whole_table(published_flow: Flow) -> None:
    """SQLite takes another index, or none, as soon as a condition is worded otherwise."""
    if connection.vendor != "sqlite":
        pytest.skip("on a table without rows PostgreSQL reads it all")
    with CaptureQueriesContext(connection) as done:
        receive.receive(
            [ReceiptEvent(event_key="e", status=ReceiptStatus.SENT, message_id="m")],
            connector="sandbox", now=START,
        )  # fmt: skip
        receive.match(limit=10, now=START)
        receive.hurry(["m", "n"], now=START)
    plans = [plan_of(q["sql"]) for q in done if "message_id" in q["sql"] and " IN (" in q["sql"]]
    assert len(plans) == 2
    assert "attempt_by_message_id (message_id=?)" in plans[0]
    assert "receipt_unmatched (attempt_id=? AND message_id=?)" in plans[1]
    assert not [plan for plan in plans if "SCAN" in plan]


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return " / ".join(row[3] for row in cursor.fetchall())


def test_given_up_receipt_is_found_when_its_send_is_recorded(published_flow: Flow) -> None:
    execution = drive.accept(published_flow, "0001", "0005", kind="live")
    _, (job,) = run.begin(limit=10, now=START)
    early = event(Arrival("delivered", True, "message_id"), job, 1)
    receive.receive(
        [early], connector="sandbox", connection_id=job.attempt.connection_id, now=START
    )
    Receipt.objects.update(due_at=None)
    record(job, 1)
    run.until_idle(at(1))
    execution.refresh_from_db()
    assert execution.outcome == "delivered"


def test_late_receipt_after_the_end_is_shown_as_late(published_flow: Flow) -> None:
    execution = drive.run_flow(published_flow, "0006", "0001")
    first, _ = drive.attempts(execution)
    (late,) = first.receipts.all()
    assert late.received_at == at(61)
    assert (late.was_late, first.state, first.status_code) == (True, "timed_out", "TIMEOUT")
    assert (execution.outcome_step, execution.delivered_twice) == (1, True)
