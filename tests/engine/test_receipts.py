"""Receipts before their send is on record, late, twice, in any order, or of nobody's message."""

from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.connectors.base import Accepted, ReceiptEvent, ReceiptStatus
from flows.engine import receive, run, store
from flows.engine.snapshots import Sent
from flows.models import Execution, Flow, Receipt
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


def test_receipt_of_nobody_waits_with_growing_pauses_and_is_kept(db: None) -> None:
    stray = ReceiptEvent(event_key="e1", status=ReceiptStatus.SENT, message_id="stray")
    receive.receive([stray], connector="sandbox", now=START)
    pauses, now = [], START
    while (due_at := Receipt.objects.get().due_at) is not None:
        pauses.append((due_at - now).total_seconds())
        now = due_at
        assert receive.match(limit=10, now=now) == 1
    assert pauses[:5] == [0, 1, 2, 4, 8]
    assert pauses == sorted(pauses)
    assert len(pauses) == receive.MAX_MATCH_TRIES
    assert Receipt.objects.get().attempt is None


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
