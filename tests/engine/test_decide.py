"""Every rule of what happens next, on plain values: no database, no clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows import models
from flows.connectors.base import Accepted, ErrorClass, NotTaken, ReceiptStatus, Refused, Unknown
from flows.definition import Channel, PinnedStep
from flows.engine import states
from flows.engine.answers import answered, first_attempt
from flows.engine.decide import decide
from flows.engine.states import (
    AttemptView,
    Decision,
    Outcome,
    Rank,
    ReceiptView,
    Signal,
    Snapshot,
    Stage,
    State,
)
from flows.placeholders import TemplateContent

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def make_step(channel: Channel = Channel.WHATSAPP, **fields: Any) -> PinnedStep:
    content = TemplateContent(channel, "hello", "text", "Hello")
    defaults: dict[str, Any] = {
        "sender": "", "sender_identifier": "ACME", "connection": "", "template": "",
        "media_url": "", "wait_s": 60, "counts_as": "delivered",
    }  # fmt: skip
    return PinnedStep(channel=channel, content=content, **{**defaults, **fields})


STEPS = (make_step(), make_step(Channel.SMS))


def waiting(step: int = 0, **fields: Any) -> AttemptView:
    """An attempt that the carrier accepted at START."""
    channel = STEPS[step].channel
    accepted = {"state": Stage.WAITING, "carrier_status": Rank.ACCEPTED, "accepted_at": START}
    times = {"created_at": START, "deadline_at": at(60)}
    return AttemptView(step=step, channel=channel, **{**accepted, **times, **fields})


def receipt(status: str, after_s: float, *, step: int = 0, **fields: Any) -> ReceiptView:
    number = int(after_s * 1000)
    return ReceiptView(
        id=number, step=step, status=ReceiptStatus(status), received_at=at(after_s), **fields
    )


def look(after_s: float, *attempts: AttemptView, **fields: Any) -> Decision:
    defaults = {"steps": STEPS, "state": State.WAITING, "attempts": attempts}
    defaults["step"] = max((a.step for a in attempts), default=0)
    return decide(Snapshot(**{**defaults, **fields}), at(after_s))


def only(decision: Decision) -> AttemptView:
    (attempt,) = decision.attempts
    return attempt


# --- Starting and moving on -----------------------------------------------------------------------


def test_first_step_is_stored_as_sending_before_anything_else() -> None:
    decision = look(0, state=State.ACCEPTED)
    assert (decision.state, decision.send_step) == (State.SENDING, 0)
    assert only(decision) == first_attempt(STEPS[0], number=0, speed=1, now=START)
    assert only(decision).state is Stage.SENDING


def test_step_with_an_obstacle_is_skipped_with_the_reason() -> None:
    obstacles = {0: "the template hello is paused"}
    decision = look(0, state=State.ACCEPTED, obstacles=obstacles)
    skipped, sending = decision.attempts
    assert (skipped.state, skipped.status_code) == (Stage.SKIPPED, "NOT-SENT")
    assert skipped.reason == "Skipped: the template hello is paused, moved on to SMS"
    assert (decision.send_step, sending.step) == (1, 1)


def test_a_step_that_is_skipped_for_a_carrier_that_is_down_says_so_by_its_class() -> None:
    """Callers read the class: a tried message and a skipped one have the same cause."""
    obstacles = {0: "Meta has been down since 12:00 UTC", 1: "the sender B is rejected"}
    decision = look(0, state=State.ACCEPTED, obstacles=obstacles, down=frozenset({0}))
    assert [skipped.error_class for skipped in decision.attempts] == ["carrier_down", ""]


def test_execution_ends_when_every_step_is_skipped() -> None:
    obstacles = {0: "the sender A is rejected", 1: "the sender B is rejected"}
    decision = look(0, state=State.ACCEPTED, obstacles=obstacles)
    assert decision.end is not None and decision.end.outcome is Outcome.NOT_DELIVERED
    assert decision.end.reason == (
        "Not delivered. Skipped: the sender B is rejected, no step is left"
    )
    assert (decision.send_step, decision.wake_at) == (None, None)


def test_wait_goes_on_until_the_deadline() -> None:
    decision = look(59.9, waiting())
    assert (decision.state, decision.wake_at, decision.attempts) == (State.WAITING, at(60), ())


def test_silence_moves_on_when_the_wait_is_over() -> None:
    decision = look(60, waiting())
    given_up, sending = decision.attempts
    assert (given_up.state, given_up.status_code) == (Stage.TIMED_OUT, "TIMEOUT")
    assert given_up.reason == "No receipt within 60 s, moved on to SMS"
    assert (decision.send_step, sending.state) == (1, Stage.SENDING)


def test_silence_of_the_last_step_ends_the_execution() -> None:
    first = waiting(state=Stage.TIMED_OUT)
    decision = look(60, first, waiting(1))
    assert decision.end is not None and decision.end.outcome is Outcome.NOT_DELIVERED
    assert only(decision).reason == "No receipt within 60 s, no step is left"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "No receipt within 60 s"),
        (
            {"carrier_status": Rank.SENT},
            "Sent on by the carrier, but no final receipt within 60 s",
        ),
        (
            {"state": Stage.UNKNOWN, "carrier_status": Rank.NONE},
            "The carrier's answer was lost and no receipt came within 60 s",
        ),
    ],
)
def test_silence_says_what_was_known(fields: dict[str, Any], reason: str) -> None:
    assert look(60, waiting(**fields)).attempts[0].reason == f"{reason}, moved on to SMS"


def test_waits_run_on_the_execution_s_own_clock() -> None:
    sending = look(0, state=State.ACCEPTED, speed=60).attempts[0]
    assert sending.deadline_at == at(1)
    after, wake_at = answered(sending, Accepted("m"), step=STEPS[0], speed=60, at=at(0.5))
    assert after.deadline_at == wake_at == at(1.5)


# --- Receipts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts_as", "status", "status_code"),
    [
        ("delivered", "delivered", "DELIVERED"),
        ("delivered", "read", "READ"),
        ("read", "read", "READ"),
        ("accepted", "accepted", "SENT"),
        ("accepted", "delivered", "DELIVERED"),
    ],
)
def test_receipt_that_counts_ends_the_execution(
    counts_as: str, status: str, status_code: str
) -> None:
    steps = (make_step(counts_as=counts_as), STEPS[1])
    unknown = waiting(state=Stage.UNKNOWN, carrier_status=Rank.NONE)
    decision = look(5, unknown, steps=steps, receipts=(receipt(status, 5),))
    assert (only(decision).state, only(decision).status_code) == (Stage.SUCCEEDED, status_code)
    assert decision.end is not None and decision.end.outcome is Outcome.DELIVERED
    assert (decision.end.step, decision.end.channel) == (0, "whatsapp")


@pytest.mark.parametrize(
    ("counts_as", "status"),
    [("delivered", "sent"), ("delivered", "accepted"), ("read", "delivered"), ("read", "unknown")],
)
def test_receipt_that_does_not_count_stops_no_clock(counts_as: str, status: str) -> None:
    steps = (make_step(counts_as=counts_as), STEPS[1])
    decision = look(5, waiting(), steps=steps, receipts=(receipt(status, 5),))
    assert (decision.end, decision.wake_at) == (None, at(60))
    assert list(decision.late.values()) == [False]


def test_delivered_but_unread_moves_on_and_says_so() -> None:
    steps = (make_step(counts_as="read"), STEPS[1])
    decision = look(60, waiting(), steps=steps, receipts=(receipt("delivered", 5),))
    assert decision.attempts[0].reason == "Delivered, but not read within 60 s, moved on to SMS"


def test_acceptance_ends_a_step_that_counts_it() -> None:
    step = make_step(counts_as="accepted")
    sending = first_attempt(step, number=0, speed=1, now=START)
    after, wake_at = answered(sending, Accepted("m"), step=step, speed=1, at=at(1))
    assert wake_at == at(1)
    decision = look(1, after, steps=(step, STEPS[1]))
    assert (only(decision).status_code, only(decision).reason) == (
        "SENT",
        "Accepted by the carrier",
    )
    assert decision.end is not None and decision.end.outcome is Outcome.DELIVERED


@pytest.mark.parametrize(("step", "code"), [(0, "FAILED"), (1, "UNDELIVERED")])
def test_failed_receipt_settles_at_once(step: int, code: str) -> None:
    earlier = (waiting(state=Stage.TIMED_OUT),) if step else ()
    failed = receipt("failed", 3, step=step, error_code="131026", reason="Phone is off.")
    decision = look(3, *earlier, waiting(step), receipts=(failed,))
    attempt = decision.attempts[0]
    assert (attempt.state, attempt.status_code, attempt.error_code) == (
        Stage.FAILED,
        code,
        "131026",
    )
    assert attempt.error_class == ErrorClass.UNKNOWN
    then = "no step is left" if step else "moved on to SMS"
    assert attempt.reason == f"The carrier could not deliver it: Phone is off, {then}"


def test_failed_receipt_after_delivery_is_not_believed() -> None:
    steps = (make_step(counts_as="read"), STEPS[1])
    receipts = (receipt("delivered", 2), receipt("failed", 3))
    decision = look(4, waiting(), steps=steps, receipts=receipts)
    assert only(decision).state is Stage.WAITING
    assert only(decision).carrier_failed


def test_receipt_before_the_deadline_counts_however_late_the_engine_looks() -> None:
    decision = look(600, waiting(), receipts=(receipt("delivered", 60),))
    assert decision.end is not None and decision.end.outcome is Outcome.DELIVERED
    assert only(decision).settled_at == at(60)


def test_receipt_after_the_deadline_is_late_even_when_the_engine_had_not_looked() -> None:
    decision = look(600, waiting(), receipts=(receipt("delivered", 60.001),))
    assert decision.attempts[0].state is Stage.TIMED_OUT
    assert decision.attempts[0].carrier_status is Rank.DELIVERED
    assert (decision.send_step, list(decision.late.values())) == (1, [True])


def test_late_receipt_is_kept_but_moves_nothing() -> None:
    first = waiting(state=Stage.TIMED_OUT, status_code="TIMEOUT")
    decision = look(70, first, waiting(1, deadline_at=at(120)), receipts=(receipt("read", 70),))
    assert only(decision) == replace(first, carrier_status=Rank.READ)
    assert (decision.end, decision.wake_at, decision.late) == (None, at(120), {70_000: True})


def test_late_receipt_after_the_end_marks_delivered_twice() -> None:
    first = waiting(state=Stage.TIMED_OUT)
    second = waiting(1, state=Stage.SUCCEEDED, carrier_status=Rank.DELIVERED)
    decision = look(90, first, second, state=State.ENDED, receipts=(receipt("delivered", 90),))
    assert (decision.state, decision.end, decision.wake_at) == (State.ENDED, None, None)
    assert decision.delivered_twice
    assert decision.late == {90_000: True}


def test_read_after_delivered_is_not_late() -> None:
    first = waiting(state=Stage.SUCCEEDED, carrier_status=Rank.DELIVERED)
    decision = look(9, first, state=State.ENDED, receipts=(receipt("read", 9),))
    assert only(decision).carrier_status is Rank.READ
    assert decision.late == {9000: False}


def test_status_only_rises() -> None:
    steps = (make_step(counts_as="read"), STEPS[1])
    first = waiting(carrier_status=Rank.DELIVERED)
    decision = look(9, first, steps=steps, receipts=(receipt("sent", 9), receipt("accepted", 8)))
    assert decision.attempts == ()


# --- Answers --------------------------------------------------------------------------------------


def test_wait_runs_from_the_carrier_s_acceptance() -> None:
    sending = first_attempt(STEPS[0], number=0, speed=1, now=START)
    after, wake_at = answered(sending, Accepted("m"), step=STEPS[0], speed=1, at=at(4))
    assert (after.state, after.message_id, after.accepted_at) == (Stage.WAITING, "m", at(4))
    assert after.deadline_at == wake_at == at(64)


def test_wait_of_a_lost_answer_runs_from_the_send() -> None:
    sending = first_attempt(STEPS[0], number=0, speed=1, now=START)
    after, wake_at = answered(sending, Unknown("lost"), step=STEPS[0], speed=1, at=at(20))
    assert (after.state, wake_at) == (Stage.UNKNOWN, at(60))


def test_refusal_settles_and_is_looked_at_at_once() -> None:
    sending = first_attempt(STEPS[0], number=0, speed=1, now=START)
    refused = Refused("1013", ErrorClass.NOT_ON_CHANNEL, "Not a WhatsApp user.")
    after, wake_at = answered(sending, refused, step=STEPS[0], speed=1, at=at(1))
    assert (after.state, after.status_code, wake_at) == (Stage.FAILED, "FAILED", at(1))
    decision = look(1, after)
    assert decision.send_step == 1
    assert decision.attempts[0].reason == (
        "The carrier refused it: Not a WhatsApp user, moved on to SMS"
    )


@pytest.mark.parametrize("how", ["answer", "receipt"])
def test_opt_out_ends_the_execution(how: str) -> None:
    if how == "answer":
        sending = first_attempt(STEPS[0], number=0, speed=1, now=START)
        refused = Refused("x", ErrorClass.OPTED_OUT, "opted out")
        attempt, _ = answered(sending, refused, step=STEPS[0], speed=1, at=START)
        decision = look(1, attempt)
    else:
        failed = receipt("failed", 1, error_class=ErrorClass.OPTED_OUT, reason="opted out")
        decision = look(1, waiting(), receipts=(failed,))
    assert decision.end is not None and decision.end.outcome is Outcome.NOT_DELIVERED
    assert decision.send_step is None
    assert decision.attempts[0].reason.endswith("opted out, nothing more is sent")


def try_often(
    *results: NotTaken, wait_s: int = 60, speed: int = 1
) -> tuple[AttemptView, list[float]]:
    """The attempt after these answers, each given at the time the engine tries again."""
    step = make_step(wait_s=wait_s)
    attempt = first_attempt(step, number=0, speed=speed, now=START)
    now, times = START, []
    for result in results:
        attempt, now = answered(attempt, result, step=step, speed=speed, at=now)
        times.append((now - START).total_seconds())
        attempt = replace(attempt, state=Stage.SENDING) if attempt.settled_at is None else attempt
    return attempt, times


DOWN = NotTaken("503", ErrorClass.CARRIER_DOWN, "out of order")


def test_carrier_that_does_not_take_it_is_tried_three_times() -> None:
    attempt, times = try_often(DOWN, DOWN, DOWN)
    assert times == [1, 3, 3]
    assert (attempt.state, attempt.status_code, attempt.error_class) == (
        Stage.FAILED,
        "NOT-SENT",
        "carrier_down",
    )
    assert attempt.reason == "The carrier did not take it in 3 tries: out of order"


def test_retries_run_on_the_execution_s_own_clock() -> None:
    assert try_often(DOWN, DOWN, speed=10)[1] == [0.1, 0.3]


def test_carrier_may_ask_for_a_longer_pause() -> None:
    asked = NotTaken("429", ErrorClass.THROTTLED, "slow down", retry_after_s=20)
    assert try_often(asked)[1] == [20]


def test_retry_never_goes_past_the_wait() -> None:
    asked = NotTaken("429", ErrorClass.THROTTLED, "slow down", retry_after_s=60)
    attempt, times = try_often(asked)
    assert (attempt.state, times) == (Stage.FAILED, [0])
    assert attempt.reason == "The carrier did not take it in 1 try: slow down"


def retrying(retry_at_s: float) -> AttemptView:
    tried = {"at": START.isoformat(), "result": "not_taken", "code": "503", "reason": "down"}
    tries = ({**tried, "retry_at": at(retry_at_s).isoformat()},)
    return waiting(state=Stage.RETRYING, carrier_status=Rank.NONE, accepted_at=None, tries=tries)


def test_retry_is_not_made_before_its_time() -> None:
    decision = look(0.5, retrying(1))
    assert (decision.send_step, decision.wake_at) == (None, at(1))


def test_retry_is_stored_as_sending_again() -> None:
    decision = look(1, retrying(1))
    assert (decision.send_step, only(decision).state) == (0, Stage.SENDING)


def test_retry_is_not_made_when_the_template_is_no_longer_usable() -> None:
    decision = look(1, retrying(1), obstacles={0: "the template hello is paused"})
    assert decision.send_step == 1
    assert decision.attempts[0].status_code == "NOT-SENT"
    assert decision.attempts[0].reason == (
        "Not tried again: the template hello is paused, moved on to SMS"
    )


def test_retry_that_comes_too_late_is_not_made() -> None:
    decision = look(60, retrying(1))
    assert decision.send_step == 1
    assert decision.attempts[0].status_code == "NOT-SENT"


# --- A dead engine --------------------------------------------------------------------------------


def test_attempt_of_a_dead_engine_becomes_unknown_and_is_never_sent_again() -> None:
    sending = first_attempt(STEPS[0], number=0, speed=1, now=START)
    decision = look(30, sending, state=State.SENDING)
    assert (decision.send_step, decision.wake_at) == (None, at(60))
    assert only(decision).state is Stage.UNKNOWN
    assert only(decision).tries[0]["reason"] == "The engine stopped while sending"


def test_attempt_of_a_dead_engine_still_takes_receipts() -> None:
    sending = first_attempt(STEPS[0], number=0, speed=1, now=START)
    decision = look(30, sending, state=State.SENDING, receipts=(receipt("delivered", 2),))
    assert decision.end is not None and decision.end.outcome is Outcome.DELIVERED


# --- Signals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signal", "outcome", "reason"),
    [
        (Signal.CONFIRM, Outcome.CONFIRMED, "Confirmed by Asha"),
        (Signal.CANCEL, Outcome.CANCELLED, "Cancelled by Asha"),
    ],
)
def test_signal_ends_the_execution_and_stops_the_step(
    signal: Signal, outcome: Outcome, reason: str
) -> None:
    decision = look(5, waiting(), signal=signal, signal_by="Asha")
    assert decision.end == states.End(outcome, reason)
    assert (only(decision).state, only(decision).status_code) == (Stage.STOPPED, "SENT")


def test_signal_before_the_first_send_sends_nothing() -> None:
    decision = look(5, state=State.ACCEPTED, signal=Signal.CANCEL)
    assert (decision.attempts, decision.send_step) == ((), None)
    assert decision.end == states.End(Outcome.CANCELLED, "Cancelled")


def test_confirm_that_took_beats_the_deadline() -> None:
    decision = look(600, waiting(), signal=Signal.CONFIRM, signal_by="Asha")
    assert decision.end is not None and decision.end.outcome is Outcome.CONFIRMED
    assert only(decision).state is Stage.TIMED_OUT


# --- The words are the models' --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pure", "choices"),
    [
        (states.State, models.ExecutionState),
        (states.Stage, models.AttemptState),
        (states.Outcome, models.Outcome),
        (states.Signal, models.Signal),
        (states.Rank, models.CarrierStatus),
    ],
)
def test_states_are_those_of_the_models(pure: Any, choices: Any) -> None:
    assert [member.value for member in pure] == choices.values
