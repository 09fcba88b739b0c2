"""What happens next in one execution: snapshot in, decision out. Pure: no clock, rows or I/O.

Product description, section 8. The sentences that say why something happened are made here, in
fold.py (receipts and deadlines) and in answers.py (what carriers answer).
"""

from dataclasses import replace
from datetime import datetime

from flows.connectors.errors import ErrorClass

from .answers import first_attempt
from .changes import SUCCESS, blamed, clip, settled, with_reason
from .fold import fold_all
from .states import (
    AttemptView,
    Decision,
    End,
    Outcome,
    Rank,
    Signal,
    Snapshot,
    Stage,
    State,
    StatusCode,
)


def decide(snapshot: Snapshot, now: datetime) -> Decision:
    """The next move of an execution that is due."""
    attempts, late = fold_all(snapshot, now)
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
        attempts[current.step] = with_reason(current, f"{current.reason}, nothing more is sent")
        reason = "The person has opted out, so no further step was tried"
        end = End(Outcome.NOT_DELIVERED, reason)
        return _decision(snapshot, attempts, late=late, end=end)
    if current.state.is_settled:
        attempts[current.step] = _moving_on(current, snapshot)
        return _go_to(snapshot, attempts, step=snapshot.step + 1, late=late, now=now)
    return _carry_on(snapshot, attempts, current=current, late=late, now=now)


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
    if obstacle := snapshot.obstacles.get(current.step):
        reason = f"Not tried again: {obstacle}"
        given_up = settled(current, Stage.FAILED, StatusCode.NOT_SENT, reason=reason, at=now)
        attempts[current.step] = _moving_on(given_up, snapshot)
        return _go_to(snapshot, attempts, step=current.step + 1, late=late, now=now)
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
        skipped = settled(attempt, Stage.SKIPPED, StatusCode.NOT_SENT, reason=reason, at=now)
        if number in snapshot.down:
            skipped = blamed(skipped, "", ErrorClass.CARRIER_DOWN)
        attempts[number] = _moving_on(skipped, snapshot)
    last = len(snapshot.steps) - 1
    end = End(Outcome.NOT_DELIVERED, clip(f"Not delivered. {attempts[last].reason}"))
    return _decision(snapshot, attempts, late=late, step=last, end=end)


def _moving_on(attempt: AttemptView, snapshot: Snapshot) -> AttemptView:
    """The attempt with what follows from it added to its reason."""
    following = snapshot.steps[attempt.step + 1 :]
    then = f"moved on to {following[0].channel.label}" if following else "no step is left"
    return with_reason(attempt, f"{attempt.reason}, {then}")


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
    reason = clip(f"{word} by {snapshot.signal_by}" if snapshot.signal_by else word)
    current = attempts.get(snapshot.step)
    if current and not current.state.is_settled:
        code = _stopped_code(current)
        attempts[current.step] = settled(current, Stage.STOPPED, code, reason=reason, at=now)
    end = End(Outcome.CONFIRMED if confirmed else Outcome.CANCELLED, reason)
    return _decision(snapshot, attempts, late=late, end=end)


def _stopped_code(attempt: AttemptView) -> StatusCode:
    if attempt.state is Stage.RETRYING:
        return StatusCode.NOT_SENT
    if attempt.carrier_status is Rank.NONE:  # the answer was lost: nobody knows
        return StatusCode.TIMEOUT
    return SUCCESS[attempt.carrier_status][0]


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
