"""What a carrier's answer makes of an attempt, and when to try again; pure."""

from dataclasses import replace
from datetime import datetime

from flows.connectors.base import Accepted, NotTaken, Refused, SendResult, Unknown
from flows.definition import PinnedStep

from .changes import bare, blamed, own_clock, settled, tried
from .states import AttemptView, Rank, Stage, StatusCode

MAX_TRIES = 3
BACK_OFF_S = (1.0, 2.0)  # before the second and the third try, on the execution's clock


def first_attempt(step: PinnedStep, *, number: int, speed: int, now: datetime) -> AttemptView:
    """The attempt to store before the carrier is called."""
    deadline_at = now + own_clock(step.wait_s, speed)
    return AttemptView(step=number, channel=step.channel, created_at=now, deadline_at=deadline_at)


def answered(
    attempt: AttemptView, result: SendResult, *, step: PinnedStep, speed: int, at: datetime
) -> tuple[AttemptView, datetime]:
    """The attempt after the carrier's answer, and when to look at it again."""
    match result:
        case Accepted():
            attempt = _accepted(
                attempt, result, deadline_at=at + own_clock(step.wait_s, speed), at=at
            )
            return attempt, at if step.counts_as == "accepted" else attempt.deadline_at
        case Refused():
            return _refused(attempt, result, at=at), at
        case NotTaken():
            return _not_taken(attempt, result, speed=speed, at=at)
        case Unknown():
            attempt = blamed(tried(attempt, "unknown", at, reason=result.reason), "", "")
            return replace(attempt, state=Stage.UNKNOWN), attempt.deadline_at


def _accepted(
    attempt: AttemptView, result: Accepted, *, deadline_at: datetime, at: datetime
) -> AttemptView:
    return replace(
        blamed(tried(attempt, "accepted", at), "", ""),
        state=Stage.WAITING,
        message_id=result.message_id,
        carrier_status=max(attempt.carrier_status, Rank.ACCEPTED),
        accepted_at=at,
        deadline_at=deadline_at,
    )


def _refused(attempt: AttemptView, result: Refused, *, at: datetime) -> AttemptView:
    attempt = tried(attempt, "refused", at, code=result.code, reason=result.reason)
    attempt = blamed(attempt, result.code, result.error_class)
    reason = f"The carrier refused it: {bare(result.reason)}"
    return settled(attempt, Stage.FAILED, StatusCode.FAILED, reason=reason, at=at)


def _not_taken(
    attempt: AttemptView, result: NotTaken, *, speed: int, at: datetime
) -> tuple[AttemptView, datetime]:
    """Tried again after a pause, unless that would be too often or past the step's wait."""
    attempt = tried(attempt, "not_taken", at, code=result.code, reason=result.reason)
    attempt = blamed(attempt, result.code, result.error_class)
    tries = len(attempt.tries)
    if tries < MAX_TRIES:
        pause_s = max(BACK_OFF_S[tries - 1], result.retry_after_s or 0)
        retry_at = at + own_clock(pause_s, speed)
        if retry_at < attempt.deadline_at:
            last = {**attempt.tries[-1], "retry_at": retry_at.isoformat()}
            noted = replace(attempt, tries=(*attempt.tries[:-1], last))
            return replace(noted, state=Stage.RETRYING), retry_at
    count = "1 try" if tries == 1 else f"{tries} tries"
    reason = f"The carrier did not take it in {count}: {bare(result.reason)}"
    return settled(attempt, Stage.FAILED, StatusCode.NOT_SENT, reason=reason, at=at), at
