"""Messages whose receipts are missing: when carriers are asked, and what their answers do."""

import asyncio
import logging
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from flows import timeline
from flows.connectors.base import Accepted, ReceiptEvent, ReceiptStatus
from flows.engine import loop, poll, receive, run, store
from flows.engine.snapshots import Sent
from flows.models import Account, Attempt, Connection, Execution, Flow, Receipt, User
from flows.placeholders import Channel
from tests import cast
from tests.engine import drive
from tests.engine.drive import START
from tests.engine.test_kill import engine, wait_until
from tests.fakes import acts
from tests.fakes.twilio import TOKEN, FakeTwilio

FIRST_S, SECOND_S = 36, 54  # of a wait of 60 s


@pytest.fixture
def fake() -> Iterator[FakeTwilio]:
    """Twilio that takes every message and reports nothing by itself."""
    with FakeTwilio() as fake:
        fake.usual = acts.Silent()
        yield fake
        assert fake.complaints == []
        assert fake.twice == []


@pytest.fixture
def twilio(account: Account, fake: FakeTwilio) -> Connection:
    carrier = cast.make_connection(account, "twilio", base_url=fake.url)
    carrier.config = dict(fake.config)
    carrier.save()
    return carrier


def publish(account: Account, by: User, twilio: Connection, **fields: Any) -> Flow:
    """SMS by Twilio, then WhatsApp by the Sandbox."""
    cast.make_sender(account, Channel.SMS, connection=twilio, identifier="15005550006")
    steps = (
        cast.make_step(account, Channel.SMS, **fields),
        cast.make_step(account, Channel.WHATSAPP),
    )
    return cast.make_published_flow(account, by=by, title="SMS first", steps=steps)


@pytest.fixture
def flow(account: Account, admin: User, twilio: Connection) -> Flow:
    return publish(account, admin, twilio)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def send(flow: Flow, tail: str = "0001", **fields: Any) -> Attempt:
    """One message that the carrier took at START."""
    execution = drive.accept(flow, tail, "0001", kind="live", **fields)
    run.turn(START)
    attempt = execution.attempts.get(step=0)
    assert attempt.state == "waiting"
    return attempt


def questions(fake: FakeTwilio) -> list[str]:
    """The messages that were asked about, in order."""
    return [
        asked.path.rpartition("/")[2].removesuffix(".json")
        for asked in fake.asked
        if asked.method == "GET"
    ]


def fresh(attempt: Attempt) -> Attempt:
    return Attempt.objects.get(pk=attempt.pk)


def receipts(attempt: Attempt) -> list[str]:
    return list(attempt.receipts.order_by("id").values_list("status", flat=True))


# --- When ----------------------------------------------------------------------------------------


def test_carrier_is_asked_twice_within_the_wait_and_not_before(
    flow: Flow, fake: FakeTwilio
) -> None:
    attempt = send(flow)
    assert attempt.poll_at == at(FIRST_S)
    assert poll.turn(at(FIRST_S - 0.1)) == 0
    assert poll.turn(at(FIRST_S)) == 1
    assert fresh(attempt).poll_at == at(SECOND_S)
    assert poll.turn(at(SECOND_S - 0.1)) == 0
    assert poll.turn(at(SECOND_S)) == 1
    assert fresh(attempt).poll_at is None
    assert questions(fake) == [attempt.message_id] * 2
    assert poll.next_due_at() is None


def test_next_question_is_when_the_engine_wakes(flow: Flow) -> None:
    send(flow)
    assert poll.next_due_at() == at(FIRST_S)


def test_hurried_execution_is_asked_about_on_its_own_clock(flow: Flow) -> None:
    attempt = send(flow, speed=10)
    assert attempt.poll_at == at(FIRST_S / 10)
    poll.turn(at(FIRST_S / 10))
    assert fresh(attempt).poll_at == at(SECOND_S / 10)


def test_engine_that_was_away_asks_once_and_goes_on_from_there(
    flow: Flow, fake: FakeTwilio
) -> None:
    attempt = send(flow)
    assert poll.turn(at(58)) == 1
    assert fresh(attempt).poll_at is None
    assert len(questions(fake)) == 1


def test_nobody_is_asked_after_the_deadline(flow: Flow, fake: FakeTwilio) -> None:
    attempt = send(flow)
    assert poll.turn(at(60)) == 1
    assert fresh(attempt).poll_at is None
    assert questions(fake) == []


def test_step_that_counts_as_delivered_once_accepted_is_not_asked_about(
    account: Account, admin: User, twilio: Connection
) -> None:
    flow = publish(account, admin, twilio, counts_as="accepted")
    assert send(flow).poll_at is None


def test_carrier_that_cannot_be_asked_is_not(published_flow: Flow) -> None:
    execution = drive.accept(published_flow, "0005", "0001")
    run.turn(START)
    assert execution.attempts.get(step=0).poll_at is None


def test_refused_message_is_not_asked_about(flow: Flow, fake: FakeTwilio) -> None:
    fake.play("919876540001", acts.Refuse("21610"))
    execution = drive.accept(flow, "0001", "0001", kind="live")
    run.turn(START)
    assert execution.attempts.get(step=0).poll_at is None


def test_message_that_settled_meanwhile_is_not_asked_about(flow: Flow, fake: FakeTwilio) -> None:
    attempt = send(flow)
    report(attempt, "delivered", after_s=5)
    run.until_idle(at(5))
    assert fresh(attempt).state == "succeeded"
    assert poll.turn(at(FIRST_S)) == 1
    assert fresh(attempt).poll_at is None
    assert questions(fake) == []


def test_connection_that_is_down_is_left_alone_until_the_next_time(
    flow: Flow, fake: FakeTwilio, twilio: Connection
) -> None:
    attempt = send(flow)
    Connection.objects.filter(pk=twilio.pk).update(down_since=at(10))
    assert poll.turn(at(FIRST_S)) == 1
    assert questions(fake) == []
    Connection.objects.filter(pk=twilio.pk).update(down_since=None)
    poll.turn(at(SECOND_S))
    assert questions(fake) == [attempt.message_id]


def test_connection_that_was_deleted_is_never_asked(
    flow: Flow, fake: FakeTwilio, twilio: Connection
) -> None:
    send(flow)
    Connection.objects.filter(pk=twilio.pk).update(deleted_at=at(10))
    assert poll.turn(at(FIRST_S)) == 1
    assert questions(fake) == []


def test_connector_that_is_no_longer_there_is_passed_over(flow: Flow, fake: FakeTwilio) -> None:
    attempt = send(flow)
    Attempt.objects.filter(pk=attempt.pk).update(connector="gone")
    assert poll.turn(at(FIRST_S)) == 1
    assert fresh(attempt).poll_at is None
    assert questions(fake) == []


def test_answer_that_came_after_its_lease_is_asked_about(flow: Flow, fake: FakeTwilio) -> None:
    """The engine stalled while sending; the carrier's id, once known, is good for questions."""
    execution = drive.accept(flow, "0001", "0001", kind="live")
    (job,) = run.begin(limit=9, now=START)[1]
    run.turn(at(61))  # another engine found the lease over: unknown, and the wait runs out
    store.record([Sent(job.claimed, job.attempt, Accepted("SM1", {}), at(30))], now=at(30))
    attempt = execution.attempts.get(step=0)
    assert (attempt.message_id, attempt.poll_at) == ("SM1", at(FIRST_S))


# --- What comes of it ----------------------------------------------------------------------------


def test_answer_that_it_was_delivered_ends_the_execution(flow: Flow, fake: FakeTwilio) -> None:
    attempt = send(flow)
    fake.state[attempt.message_id] = ("delivered", "")
    poll.turn(at(FIRST_S))
    run.until_idle(at(FIRST_S))
    execution = attempt.execution
    execution.refresh_from_db()
    assert (execution.outcome, execution.outcome_step) == ("delivered", 0)
    assert fresh(attempt).settled_at == at(FIRST_S)
    receipt = attempt.receipts.get()
    assert receipt.event_key.startswith(poll.EVENT_PREFIX)
    assert receipt.raw["status"] == "delivered"
    assert "body" not in receipt.raw
    lines = timeline.tell(execution, attempts=execution.attempts.all(), receipts=[receipt])
    assert timeline.ASKED in [line.text for line in lines]


def test_answer_that_it_failed_moves_on_to_the_next_step(flow: Flow, fake: FakeTwilio) -> None:
    attempt = send(flow)
    fake.state[attempt.message_id] = ("failed", "30007")
    poll.turn(at(FIRST_S))
    run.until_idle(at(FIRST_S))
    attempt = fresh(attempt)
    assert (attempt.state, attempt.error_code) == ("failed", "30007")
    assert "filtered the message" in attempt.reason
    assert attempt.execution.attempts.filter(step=1).exists()


def test_answer_that_says_nothing_new_is_not_kept(flow: Flow, fake: FakeTwilio) -> None:
    attempt = send(flow)
    poll.turn(at(FIRST_S))  # still queued
    assert receipts(attempt) == []
    report(attempt, "sent", after_s=40)
    run.until_idle(at(40))
    fake.state[attempt.message_id] = ("sent", "")
    poll.turn(at(SECOND_S))
    assert receipts(attempt) == ["sent"]
    run.until_idle(at(60))
    assert fresh(attempt).state == "timed_out"


def test_fault_of_one_question_is_a_line_in_the_log_and_stops_no_other(
    flow: Flow, fake: FakeTwilio, caplog: pytest.LogCaptureFixture
) -> None:
    lost, found = send(flow), send(flow, "0002")
    fake.state[found.message_id] = ("delivered", "")
    fake.taken[:] = [message for message in fake.taken if message.message_id != lost.message_id]
    with caplog.at_level(logging.INFO):
        assert poll.turn(at(FIRST_S)) == 2
    (line,) = [line for line in caplog.records if line.message == "engine.poll_failed"]
    assert (line.attempt_id, line.error) == (lost.pk, "unknown")  # type: ignore[attr-defined]
    assert TOKEN not in str([vars(record) for record in caplog.records])
    run.until_idle(at(FIRST_S))
    assert (fresh(found).state, fresh(lost).state) == ("succeeded", "waiting")


def test_connector_with_a_bug_stops_no_other(
    flow: Flow, fake: FakeTwilio, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = send(flow)

    async def broken(*_: object, **__: object) -> Sequence[ReceiptEvent]:
        raise KeyError(TOKEN)

    monkeypatch.setattr("flows.connectors.twilio.Twilio.poll", broken)
    assert poll.turn(at(FIRST_S)) == 1
    (line,) = [line for line in caplog.records if line.message == "engine.poll_failed"]
    assert line.error == "KeyError"  # type: ignore[attr-defined]
    assert TOKEN not in str(vars(line))
    assert fresh(attempt).poll_at == at(SECOND_S)


def report(attempt: Attempt, status: str, *, after_s: float, key: str = "") -> None:
    """The carrier's own receipt, as its door stores it."""
    event = ReceiptEvent(
        event_key=key or f"{attempt.message_id}:{status}:",
        status=ReceiptStatus(status),
        message_id=attempt.message_id,
        client_message_id=str(attempt.client_message_id),
        raw={"status": status},
    )
    receive.receive(
        [event], connector="twilio", connection_id=attempt.connection_id, now=at(after_s)
    )


@pytest.mark.parametrize("polled_first", [True, False])
def test_receipt_that_comes_by_webhook_and_by_question_is_one_change(
    flow: Flow, fake: FakeTwilio, polled_first: bool
) -> None:
    attempt = send(flow)
    fake.state[attempt.message_id] = ("delivered", "")
    if not polled_first:
        report(attempt, "delivered", after_s=FIRST_S)
    poll.turn(at(FIRST_S))
    if polled_first:
        run.until_idle(at(FIRST_S))
        report(attempt, "delivered", after_s=FIRST_S + 1)
    run.until_idle(at(FIRST_S + 1))
    attempt, execution = fresh(attempt), Execution.objects.get(pk=attempt.execution_id)
    assert receipts(attempt) == ["delivered", "delivered"]
    assert (attempt.state, attempt.settled_at) == ("succeeded", at(FIRST_S))
    assert (execution.outcome, execution.delivered_twice) == ("delivered", False)
    assert execution.attempts.count() == 1
    assert not Receipt.objects.filter(was_late=True).exists()


# --- Engines that die or race --------------------------------------------------------------------


def test_engine_killed_while_asking_loses_one_question_at_most(
    flow: Flow, fake: FakeTwilio
) -> None:
    attempt = send(flow)
    _, asked = poll.begin(limit=9, now=at(FIRST_S))
    assert len(asked) == 1  # and then the engine is gone
    assert poll.turn(at(FIRST_S + 1)) == 0
    fake.state[attempt.message_id] = ("delivered", "")
    assert poll.turn(at(SECOND_S)) == 1
    run.until_idle(at(SECOND_S))
    assert fresh(attempt).state == "succeeded"


def test_second_engine_finds_nothing_to_ask(flow: Flow) -> None:
    for number in range(5):
        send(flow, f"000{number}")
    first, second = poll.begin(limit=3, now=at(FIRST_S)), poll.begin(limit=3, now=at(FIRST_S))
    asked = [question.attempt.pk for _, found in (first, second) for question in found]
    assert (first[0], second[0], len(set(asked))) == (3, 2, 5)
    assert poll.begin(limit=3, now=at(FIRST_S)) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_engines_side_by_side_never_ask_the_same_question(flow: Flow) -> None:
    attempts = [send(flow, f"00{number:02}") for number in range(24)]
    claimed: list[int] = []
    start = threading.Barrier(4)

    def claim() -> None:
        start.wait()
        while (found := poll.begin(limit=2, now=at(FIRST_S)))[0]:
            claimed.extend(question.attempt.pk for question in found[1])
        close_old_connections()
        connection.close()

    engines = [threading.Thread(target=claim) for _ in range(4)]
    for thread in engines:
        thread.start()
    for thread in engines:
        thread.join(30)
    assert Counter(claimed) == Counter(attempt.pk for attempt in attempts)


def test_later_writes_of_the_execution_leave_the_time_alone(flow: Flow) -> None:
    """A decision that was read before a claim must not bring the same question back."""
    attempt = send(flow)
    report(attempt, "sent", after_s=FIRST_S)
    receive.match(limit=9, now=at(FIRST_S))
    claimed = store.claim(limit=9, lease_s=60, now=at(FIRST_S))
    poll.begin(limit=9, now=at(FIRST_S))
    store.apply(store.decide_all(claimed, now=at(FIRST_S)), now=at(FIRST_S))
    assert (fresh(attempt).carrier_status, fresh(attempt).poll_at) == (2, at(SECOND_S))


# --- Cost ----------------------------------------------------------------------------------------


def cost(flow: Flow, fake: FakeTwilio, count: int) -> int:
    for number in range(count):
        message = send(flow, f"{count:02}{number:02}")
        fake.state[message.message_id] = ("delivered", "")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert poll.turn(at(FIRST_S)) == count
    run.until_idle(at(FIRST_S))
    return len(queries)


def test_batch_costs_the_same_for_one_message_as_for_many(flow: Flow, fake: FakeTwilio) -> None:
    assert cost(flow, fake, 1) == cost(flow, fake, 12)


def test_idle_engine_writes_nothing(flow: Flow) -> None:
    send(flow)
    with CaptureQueriesContext(connection) as queries:
        poll.turn(at(1))
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]


# --- In the running engine -----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_running_engine_asks_by_itself(flow: Flow, fake: FakeTwilio) -> None:
    execution = drive.accept(flow, "0001", "0001", kind="live", speed=60, at=timezone.now())

    def delivered_but_unreported() -> bool:
        for message in fake.taken:
            fake.state[message.message_id] = ("delivered", "")
        return bool(questions(fake))

    asyncio.run(run_engine(until=delivered_but_unreported, then_s=0.4))
    execution.refresh_from_db()
    assert (execution.outcome, execution.outcome_step) == ("delivered", 0)
    assert len(questions(fake)) == 1


async def run_engine(until: Callable[[], bool], then_s: float) -> None:
    stop = asyncio.Event()
    engine = asyncio.create_task(loop.run_until(stop))
    async with asyncio.timeout(15):
        while not until():
            await asyncio.sleep(0.02)
    await asyncio.sleep(then_s)
    stop.set()
    await engine


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="needs the database file")
def test_engine_killed_in_the_middle_of_a_question_asks_the_next_one_only(
    flow: Flow, fake: FakeTwilio, tmp_path: Path
) -> None:
    fake.question_takes_s = 30
    execution = drive.accept(flow, "0001", "0001", kind="live", at=timezone.now())
    waiting = Attempt.objects.filter(execution=execution, poll_at__isnull=False)
    with engine(tmp_path / "ledger") as process:
        wait_until(waiting.exists, timeout_s=20)
        waiting.update(poll_at=timezone.now())
        wait_until(lambda: len(questions(fake)) == 1, timeout_s=20)
        process.send_signal(signal.SIGKILL)
    assert waiting.get().poll_at > timezone.now() + timedelta(seconds=5)
    fake.question_takes_s = 0
    fake.state[fake.taken[0].message_id] = ("delivered", "")
    with engine(tmp_path / "ledger") as process:
        waiting.update(poll_at=timezone.now())
        wait_until(lambda: Execution.objects.get(pk=execution.pk).outcome != "", timeout_s=20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    execution.refresh_from_db()
    assert (execution.outcome, execution.outcome_step) == ("delivered", 0)
    assert len(questions(fake)) == 2


# --- Times, whatever the wait --------------------------------------------------------------------


@given(
    wait_s=st.integers(1, 7 * 24 * 3600),
    speed=st.sampled_from([1, 2, 10, 60]),
    after=st.floats(-1, 2),
)
def test_next_time_is_later_and_before_the_deadline(wait_s: int, speed: int, after: float) -> None:
    wait = timedelta(seconds=wait_s / speed)
    attempt = Attempt(
        connector="twilio", connection_id=1, message_id="SM1", created_at=START,
        accepted_at=START, deadline_at=START + wait,
    )  # fmt: skip
    now = START + after * wait
    found = poll.next_time(attempt, after=now)
    if found is None:
        assert now >= START + 0.9 * wait
    else:
        assert now < found < START + wait
