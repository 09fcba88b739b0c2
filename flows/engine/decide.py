"""What happens next in one execution: snapshot in, decision out. Pure: no clock, rows or I/O.

Product description, section 8. Every sentence that says why something happened is made here.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flows.connectors.base import (
    Accepted,
    ErrorClass,
    NotTaken,
    ReceiptStatus,
    Refused,
    SendResult,
    Unknown,
)
from flows.definition import Channel, PinnedStep

from .states import (
    RANKS,
    SATISFIES,
    AttemptView,
    Decision,
    End,
    Outcome,
    Rank,
    ReceiptView,
    Signal,
    Snapshot,
    Stage,
    State,
    StatusCode,
)

MAX_TRIES = 3
BACK_OFF_S = (1.0, 2.0)  # before the second and the third try, on the execution's clock
REASON_CHARACTERS = 300


def decide(snapshot: Snapshot, now: datetime) -> Decision:
    """The next move of an execution that is due."""
    attempts, late = _fold_all(snapshot, now)
    if snapshot.state is State.ENDED:
        return _decision(snapshot, attempts, late=late)
    current = attempts.get(snapshot.step)
    if snapshot.signal:
        return _stop(snapshot, attempts, late=late, now=now)
    if current is None:
        return _go_to(snapshot, attempts, step=snapshot.step, late=late, now=now)
    if current.state is Stage.SUCCEEDED:
        end = _delivered(current)
        return _decision(snapshot, attempts, late=late, end=end)
    if current.is_opted_out and current.state is Stage.FAILED:
        attempts[current.step] = _with_reason(current, f"{current.reason}, nothing more is sent")
        reason = "The person has opted out, so no further step was tried"
        end = End(Outcome.NOT_DELIVERED, reason)
        return _decision(snapshot, attempts, late=late, end=end)
    if current.state.is_settled:
        attempts[current.step] = _moving_on(current, snapshot)
        return _go_to(snapshot, attempts, step=snapshot.step + 1, late=late, now=now)
    return _carry_on(snapshot, attempts, current=current, late=late, now=now)


def first_attempt(step: PinnedStep, *, number: int, speed: int, now: datetime) -> AttemptView:
    """The attempt to store before the carrier is called."""
    deadline_at = now + _own_clock(step.wait_s, speed)
    return AttemptView(step=number, channel=step.channel, created_at=now, deadline_at=deadline_at)


def answered(
    attempt: AttemptView, result: SendResult, *, step: PinnedStep, speed: int, at: datetime
) -> tuple[AttemptView, datetime]:
    """The attempt after the carrier's answer, and when to look at it again."""
    match result:
        case Accepted():
            deadline_at = at + _own_clock(step.wait_s, speed)
            attempt = replace(
                _tried(attempt, "accepted", at),
                state=Stage.WAITING,
                message_id=result.message_id,
                carrier_status=max(attempt.carrier_status, Rank.ACCEPTED),
                accepted_at=at,
                deadline_at=deadline_at,
                error_code="",
                error_class="",
            )
            return attempt, at if step.counts_as == "accepted" else deadline_at
        case Refused():
            attempt = _tried(attempt, "refused", at, code=result.code, reason=result.reason)
            reason = f"The carrier refused it: {_sentence(result.reason)}"
            attempt = _blamed(attempt, result.code, result.error_class)
            return _settled(attempt, Stage.FAILED, StatusCode.FAILED, reason=reason, at=at), at
        case NotTaken():
            return _not_taken(attempt, result, speed=speed, at=at)
        case Unknown():
            attempt = _blamed(_tried(attempt, "unknown", at, reason=result.reason), "", "")
            return replace(attempt, state=Stage.UNKNOWN), attempt.deadline_at


def _not_taken(
    attempt: AttemptView, result: NotTaken, *, speed: int, at: datetime
) -> tuple[AttemptView, datetime]:
    attempt = _tried(attempt, "not_taken", at, code=result.code, reason=result.reason)
    blamed = _blamed(attempt, result.code, result.error_class)
    tries = len(attempt.tries)
    if tries < MAX_TRIES:
        pause_s = max(BACK_OFF_S[tries - 1], result.retry_after_s or 0)
        retry_at = at + _own_clock(pause_s, speed)
        if retry_at < attempt.deadline_at:
            last = {**attempt.tries[-1], "retry_at": retry_at.isoformat()}
            tried = (*attempt.tries[:-1], last)
            return replace(blamed, state=Stage.RETRYING, tries=tried), retry_at
    count = "1 try" if tries == 1 else f"{tries} tries"
    reason = f"The carrier did not take it in {count}: {_sentence(result.reason)}"
    return _settled(blamed, Stage.FAILED, StatusCode.NOT_SENT, reason=reason, at=at), at


def _tried(
    attempt: AttemptView, result: str, at: datetime, *, code: str = "", reason: str = ""
) -> AttemptView:
    tried = {"at": at.isoformat(), "result": result, "code": code, "reason": _clip(reason)}
    return replace(attempt, tries=(*attempt.tries, tried))


def _blamed(attempt: AttemptView, code: str, error_class: str) -> AttemptView:
    return replace(attempt, error_code=code[:60], error_class=str(error_class))


def _settled(
    attempt: AttemptView, state: Stage, status_code: str, *, reason: str, at: datetime
) -> AttemptView:
    settled = replace(attempt, state=state, status_code=status_code, settled_at=at)
    return _with_reason(settled, reason)


def _with_reason(attempt: AttemptView, reason: str) -> AttemptView:
    return replace(attempt, reason=_clip(reason))


# --- Receipts ------------------------------------------------------------------------------------


def _fold_all(snapshot: Snapshot, now: datetime) -> tuple[dict[int, AttemptView], dict[int, bool]]:
    """Every attempt after its receipts, in the order they came in, and after its deadline.

    The end depends on when receipts came, not on when the engine looks at them.
    """
    attempts: dict[int, AttemptView] = {}
    late: dict[int, bool] = {}
    in_order = sorted(snapshot.receipts, key=lambda r: (r.received_at, r.id))
    for seen in snapshot.attempts:
        step = snapshot.steps[seen.step]
        attempt = _satisfied(_recovered(seen), step, at=now)
        for receipt in (r for r in in_order if r.step == seen.step):
            if attempt.deadline_at < receipt.received_at:
                attempt = _timed_out(attempt, step)
            late[receipt.id] = attempt.state.is_settled and attempt.state is not Stage.SUCCEEDED
            attempt = _fold(attempt, receipt, step)
        attempts[seen.step] = _timed_out(attempt, step) if attempt.deadline_at <= now else attempt
    return attempts, late


def _recovered(attempt: AttemptView) -> AttemptView:
    """An attempt that is still "sending" when it is due has lost its engine: never sent again."""
    if attempt.state is not Stage.SENDING:
        return attempt
    reason = "The engine stopped while sending"
    attempt = _tried(attempt, "unknown", attempt.created_at, reason=reason)
    return replace(attempt, state=Stage.UNKNOWN)


def _fold(attempt: AttemptView, receipt: ReceiptView, step: PinnedStep) -> AttemptView:
    rank = max(attempt.carrier_status, RANKS.get(receipt.status, Rank.NONE))
    failed = receipt.status is ReceiptStatus.FAILED
    attempt = replace(attempt, carrier_status=rank, carrier_failed=attempt.carrier_failed or failed)
    if attempt.state.is_settled:
        return attempt
    if failed and rank < Rank.DELIVERED:
        return _failed_receipt(attempt, receipt)
    return _satisfied(attempt, step, at=receipt.received_at)


def _failed_receipt(attempt: AttemptView, receipt: ReceiptView) -> AttemptView:
    why = receipt.reason or ErrorClass(receipt.error_class or ErrorClass.UNKNOWN).sentence
    is_sms = attempt.channel is Channel.SMS
    attempt = _blamed(attempt, receipt.error_code, receipt.error_class or ErrorClass.UNKNOWN)
    return _settled(
        attempt,
        Stage.FAILED,
        StatusCode.UNDELIVERED if is_sms else StatusCode.FAILED,
        reason=f"The carrier could not deliver it: {_sentence(why)}",
        at=receipt.received_at,
    )


def _satisfied(attempt: AttemptView, step: PinnedStep, *, at: datetime) -> AttemptView:
    if attempt.state.is_settled or attempt.carrier_status < SATISFIES[step.counts_as]:
        return attempt
    status_code, reason = _SUCCESS[attempt.carrier_status]
    return _settled(attempt, Stage.SUCCEEDED, status_code, reason=reason, at=at)


_SUCCESS: Mapping[Rank, tuple[StatusCode, str]] = {
    Rank.ACCEPTED: (StatusCode.SENT, "Accepted by the carrier"),
    Rank.SENT: (StatusCode.SENT, "Sent on by the carrier"),
    Rank.DELIVERED: (StatusCode.DELIVERED, "Delivered"),
    Rank.READ: (StatusCode.READ, "Read"),
}


def _timed_out(attempt: AttemptView, step: PinnedStep) -> AttemptView:
    """The attempt given up at its deadline; a receipt on the dot would have been in time."""
    if attempt.state.is_settled:
        return attempt
    at = attempt.deadline_at
    if attempt.state is Stage.RETRYING:
        last = attempt.tries[-1]
        reason = f"The carrier did not take it within {step.wait_s} s: {last['reason']}"
        return _settled(attempt, Stage.FAILED, StatusCode.NOT_SENT, reason=reason, at=at)
    reason = _silence(attempt, step)
    return _settled(attempt, Stage.TIMED_OUT, StatusCode.TIMEOUT, reason=reason, at=at)


def _silence(attempt: AttemptView, step: PinnedStep) -> str:
    within = f"within {step.wait_s} s"
    if attempt.carrier_status is Rank.DELIVERED:
        return f"Delivered, but not read {within}"
    if attempt.carrier_status is Rank.SENT:
        return f"Sent on by the carrier, but no final receipt {within}"
    if attempt.state is Stage.UNKNOWN:
        return f"The carrier's answer was lost and no receipt came {within}"
    return f"No receipt {within}"


# --- Moves ---------------------------------------------------------------------------------------


def _carry_on(
    snapshot: Snapshot,
    attempts: dict[int, AttemptView],
    *,
    current: AttemptView,
    late: dict[int, bool],
    now: datetime,
) -> Decision:
    """Wait on, or try again once the pause is over."""
    if current.state is not Stage.RETRYING:
        return _decision(snapshot, attempts, late=late, wake_at=current.deadline_at)
    retry_at = datetime.fromisoformat(current.tries[-1]["retry_at"])
    if now < retry_at:
        return _decision(snapshot, attempts, late=late, wake_at=retry_at)
    attempts[current.step] = replace(current, state=Stage.SENDING)
    return _decision(snapshot, attempts, late=late, wake_at=now, send_step=current.step)


def _go_to(
    snapshot: Snapshot,
    attempts: dict[int, AttemptView],
    *,
    step: int,
    late: dict[int, bool],
    now: datetime,
) -> Decision:
    """Send the first usable step from `step` on; with none left the execution has ended."""
    for number in range(step, len(snapshot.steps)):
        attempt = first_attempt(
            snapshot.steps[number], number=number, speed=snapshot.speed, now=now
        )
        attempts[number] = attempt
        if number not in snapshot.obstacles:
            return _decision(
                snapshot, attempts, late=late, step=number, wake_at=now, send_step=number
            )
        reason = f"Skipped: {snapshot.obstacles[number]}"
        skipped = _settled(attempt, Stage.SKIPPED, StatusCode.NOT_SENT, reason=reason, at=now)
        attempts[number] = _moving_on(skipped, snapshot)
    last = len(snapshot.steps) - 1
    end = End(Outcome.NOT_DELIVERED, _clip(f"Not delivered. {attempts[last].reason}"))
    return _decision(snapshot, attempts, late=late, step=last, end=end)


def _moving_on(attempt: AttemptView, snapshot: Snapshot) -> AttemptView:
    """The attempt with what follows from it added to its reason."""
    following = snapshot.steps[attempt.step + 1 :]
    then = f"moved on to {following[0].channel.label}" if following else "no step is left"
    return _with_reason(attempt, f"{attempt.reason}, {then}")


def _stop(
    snapshot: Snapshot,
    attempts: dict[int, AttemptView],
    *,
    late: dict[int, bool],
    now: datetime,
) -> Decision:
    """A confirm or cancel that took decides the outcome, whatever else came meanwhile."""
    confirmed = snapshot.signal is Signal.CONFIRM
    word = "Confirmed" if confirmed else "Cancelled"
    reason = _clip(f"{word} by {snapshot.signal_by}" if snapshot.signal_by else word)
    current = attempts.get(snapshot.step)
    if current and not current.state.is_settled:
        code = _stopped_code(current)
        attempts[current.step] = _settled(current, Stage.STOPPED, code, reason=reason, at=now)
    end = End(Outcome.CONFIRMED if confirmed else Outcome.CANCELLED, reason)
    return _decision(snapshot, attempts, late=late, end=end)


def _stopped_code(attempt: AttemptView) -> StatusCode:
    if attempt.state is Stage.RETRYING:
        return StatusCode.NOT_SENT
    if attempt.carrier_status is Rank.NONE:  # the answer was lost: nobody knows
        return StatusCode.TIMEOUT
    return _SUCCESS[attempt.carrier_status][0]


def _delivered(attempt: AttemptView) -> End:
    channel = attempt.channel
    by = {
        StatusCode.READ: f"Read on {channel.label}",
        StatusCode.DELIVERED: f"Delivered by {channel.label}",
    }
    reason = by.get(StatusCode(attempt.status_code), f"Accepted by the {channel.label} carrier")
    return End(Outcome.DELIVERED, reason, attempt.step, channel.value)


def _decision(
    snapshot: Snapshot,
    attempts: dict[int, AttemptView],
    *,
    late: dict[int, bool],
    step: int | None = None,
    wake_at: datetime | None = None,
    send_step: int | None = None,
    end: End | None = None,
) -> Decision:
    before = {attempt.step: attempt for attempt in snapshot.attempts}
    changed = (a for step, a in sorted(attempts.items()) if before.get(step) != a)
    ended = end is not None or snapshot.state is State.ENDED
    running = State.WAITING if send_step is None else State.SENDING
    return Decision(
        state=State.ENDED if ended else running,
        step=snapshot.step if step is None else step,
        wake_at=None if ended else wake_at,
        attempts=tuple(changed),
        late=late,
        send_step=send_step,
        end=end,
        delivered_twice=sum(a.carrier_status >= Rank.DELIVERED for a in attempts.values()) > 1,
    )


# --- Words and clocks ----------------------------------------------------------------------------


def _own_clock(seconds: float, speed: int) -> timedelta:
    """A time of the execution's own clock, which runs `speed` times faster than the world's."""
    return timedelta(seconds=seconds / speed)


def _sentence(text: str) -> str:
    return text.strip().rstrip(".") or "no reason was given"


def _clip(text: Any) -> str:
    text = str(text)
    return text if len(text) <= REASON_CHARACTERS else f"{text[: REASON_CHARACTERS - 1]}…"
