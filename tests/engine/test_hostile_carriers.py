"""Carriers that answer and report what no carrier should: nothing of it may stop the others."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from flows.connectors.base import Accepted, ErrorClass, NotTaken, ReceiptEvent, ReceiptStatus
from flows.engine import receive, run, store
from flows.engine.snapshots import Sent
from flows.engine.storable import storable_result
from flows.models import Account, Attempt, Execution, Flow, Receipt, User
from tests import cast
from tests.engine import drive
from tests.engine.drive import START

BUSY = NotTaken("503", ErrorClass.CARRIER_DOWN, "the carrier is out of order", raw={})


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def flow(account: Account, admin: User) -> Flow:
    return cast.make_published_flow(account, by=admin)


def begun(flow: Flow) -> tuple[Execution, run.Job]:
    """An execution whose first message is on its way to the carrier."""
    execution = drive.accept(flow, "0001", "0001", kind="live")
    _, (job,) = run.begin(limit=10, now=START)
    return execution, job


def report(
    attempt: Attempt, status: str, *, after_s: float, carrier_at: datetime | None = None
) -> None:
    event = ReceiptEvent(
        event_key=f"{attempt.pk}:{status}",
        status=ReceiptStatus(status),
        client_message_id=str(attempt.client_message_id),
        carrier_at=carrier_at,
    )
    receive.receive(
        [event],
        connector=attempt.connector,
        connection_id=attempt.connection_id,
        now=at(after_s),
    )


# --- It said that it did not take the message, and did ---


@pytest.mark.parametrize("status", ["accepted", "sent", "delivered", "read"])
def test_message_is_not_sent_again_once_a_receipt_proves_that_it_was_taken(
    flow: Flow, status: str
) -> None:
    _, job = begun(flow)
    store.record([Sent(job.claimed, job.attempt, BUSY, at(0.1))], now=at(0.1))
    report(job.attempt, status, after_s=0.5)
    _, jobs = run.begin(limit=10, now=at(30))
    assert jobs == []
    report(job.attempt, "delivered" if status in ("accepted", "sent") else "read", after_s=31)
    run.until_idle(at(31))
    attempt = Attempt.objects.get(pk=job.attempt.pk)
    assert (attempt.state, len(attempt.tries)) == ("succeeded", 1)


def test_taken_message_without_a_last_receipt_times_out_at_its_deadline(
    account: Account, admin: User, flow: Flow, client: Client
) -> None:
    execution, job = begun(flow)
    store.record([Sent(job.claimed, job.attempt, BUSY, at(0.1))], now=at(0.1))
    report(job.attempt, "sent", after_s=0.5)
    run.until_idle(at(59))
    attempt = Attempt.objects.get(pk=job.attempt.pk)
    assert attempt.state == "waiting"
    client.force_login(admin)
    page = client.get(reverse("execution-detail", args=[account.sid, execution.public_id]))
    assert "the carrier is out of order" in page.content.decode().lower()
    run.until_idle(at(60))
    attempt.refresh_from_db()
    assert (attempt.state, len(attempt.tries)) == ("timed_out", 1)
    assert attempt.reason.startswith("Sent on by the carrier, but no final receipt within 60 s")


# --- Times that are in no calendar ---

STRANGE_TIMES = [
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=23))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))),
]


@pytest.mark.parametrize("strange", STRANGE_TIMES)
@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_strange_time_of_a_carrier_is_left_out(
    account: Account, admin: User, flow: Flow, client: Client, strange: datetime, zone: str
) -> None:
    execution, job = begun(flow)
    account.time_zone = zone
    account.save()
    store.record([Sent(job.claimed, job.attempt, Accepted("m1", {}), at(0.1))], now=at(0.1))
    report(job.attempt, "delivered", after_s=1, carrier_at=strange)
    run.until_idle(at(2))
    execution.refresh_from_db()
    assert execution.outcome == "delivered"
    (receipt,) = Receipt.objects.filter(attempt=job.attempt)
    assert receipt.carrier_at is None
    client.force_login(admin)
    page = reverse("execution-detail", args=[account.sid, execution.public_id])
    assert client.get(page).status_code == 200


def test_time_of_a_carrier_is_kept_whatever_its_zone(flow: Flow) -> None:
    _, job = begun(flow)
    said = datetime(2026, 3, 1, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    report(job.attempt, "sent", after_s=1, carrier_at=said)
    assert Receipt.objects.get().carrier_at == START


# --- Ids without end ---


def test_long_message_id_of_a_late_answer_stops_nobody(flow: Flow) -> None:
    _, job = begun(flow)
    Execution.objects.update(lease_token=None, lease_until=None)  # another engine took over
    result = storable_result(Accepted("m" * 5000, {}))
    report_by_id("m" * 5000, job.attempt)
    store.record([Sent(job.claimed, job.attempt, result, at(61))], now=at(61))
    assert Attempt.objects.get(pk=job.attempt.pk).message_id == "m" * 128
    assert Receipt.objects.get().due_at == at(61)


def report_by_id(message_id: str, attempt: Attempt) -> None:
    receive.receive(
        [ReceiptEvent(event_key="e1", status=ReceiptStatus.DELIVERED, message_id=message_id)],
        connector=attempt.connector,
        connection_id=attempt.connection_id,
        now=at(1),
    )
    receive.match(limit=10, now=at(2))


# --- Receipts of nobody's messages, without end ---


def test_strays_looked_for_again_hold_up_no_send(flow: Flow) -> None:
    """A turn looks for a few of them only, for all that are new, and for those whose send is on
    record since."""
    _, job = begun(flow)
    strays = [
        ReceiptEvent(event_key=f"s{n}", status=ReceiptStatus.SENT, message_id=f"nobody-{n}")
        for n in range(30)
    ]
    receive.receive(strays, connector="sandbox", connection_id=job.attempt.connection_id, now=at(1))
    report_by_id("m1", job.attempt)
    run.begin(limit=100, now=at(2))
    assert Receipt.objects.filter(match_tries=1).count() == 31
    store.record([Sent(job.claimed, job.attempt, Accepted("m1", {}), at(10))], now=at(10))
    touched, _ = run.begin(limit=5, now=at(10))
    assert Receipt.objects.filter(match_tries=2).count() == 5
    assert Receipt.objects.get(message_id="m1").attempt == job.attempt
    assert touched < 10


# --- Receipts as long as books ---


def test_long_words_of_a_carrier_are_not_kept(flow: Flow) -> None:
    """A few hundred of them would take all the memory of the engine that looks for their owners."""
    _, job = begun(flow)
    ours = str(job.attempt.client_message_id)
    event = ReceiptEvent(
        event_key="e1",
        status=ReceiptStatus.DELIVERED,
        client_message_id=ours,
        raw={"note": "x" * receive.RAW_MOST},
    )
    receive.receive(
        [event], connector="sandbox", connection_id=job.attempt.connection_id, now=at(1)
    )
    assert Receipt.objects.get().raw == {"left_out": "16,396 characters"}
    store.record([Sent(job.claimed, job.attempt, Accepted("m1", {}), at(2))], now=at(2))
    run.until_idle(at(2))
    assert Attempt.objects.get(pk=job.attempt.pk).state == "succeeded"


def test_words_of_a_carrier_are_not_read_to_find_their_message(flow: Flow) -> None:
    _, job = begun(flow)
    report(job.attempt, "sent", after_s=1)
    store.record([Sent(job.claimed, job.attempt, Accepted("m1", {}), at(2))], now=at(2))
    with CaptureQueriesContext(connection) as queries:
        run.until_idle(at(2))
    assert Receipt.objects.exclude(folded_at=None).exists()
    assert not [query["sql"] for query in queries if '"raw"' in query["sql"]]


def test_timeline_shows_no_receipts_without_end(
    account: Account, admin: User, flow: Flow, client: Client
) -> None:
    execution, job = begun(flow)
    store.record([Sent(job.claimed, job.attempt, Accepted("m1", {}), at(0.1))], now=at(0.1))
    events = [
        ReceiptEvent(event_key=f"e{n}", status=ReceiptStatus.SENT, message_id="m1", raw={"n": n})
        for n in range(300)
    ]
    receive.receive(events, connector="sandbox", connection_id=job.attempt.connection_id, now=at(1))
    run.until_idle(at(2))
    client.force_login(admin)
    page = client.get(reverse("execution-detail", args=[account.sid, execution.public_id]))
    reported = [line for line in page.context["run"].lines if "receipt" in line.entry.key]
    assert len(reported) == 200
