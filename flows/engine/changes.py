"""Small changes to an attempt and the words and clocks they need; pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from .states import AttemptView, Rank, Stage, StatusCode

REASON_CHARACTERS = 300

SUCCESS: Mapping[Rank, tuple[StatusCode, str]] = {
    Rank.ACCEPTED: (StatusCode.SENT, "Accepted by the carrier"),
    Rank.SENT: (StatusCode.SENT, "Sent on by the carrier"),
    Rank.DELIVERED: (StatusCode.DELIVERED, "Delivered"),
    Rank.READ: (StatusCode.READ, "Read"),
}


def settled(
    attempt: AttemptView, state: Stage, status_code: str, *, reason: str, at: datetime
) -> AttemptView:
    """The attempt come to rest, for this reason."""
    rested = replace(attempt, state=state, status_code=status_code, settled_at=at)
    return with_reason(rested, reason)


def with_reason(attempt: AttemptView, reason: str) -> AttemptView:
    return replace(attempt, reason=clip(reason))


def tried(
    attempt: AttemptView, result: str, at: datetime, *, code: str = "", reason: str = ""
) -> AttemptView:
    """The attempt with one more try on its list."""
    one = {"at": at.isoformat(), "result": result, "code": code, "reason": clip(reason)}
    return replace(attempt, tries=(*attempt.tries, one))


def blamed(attempt: AttemptView, code: str, error_class: str) -> AttemptView:
    """The attempt with what went wrong last; with empty words, nothing did."""
    return replace(attempt, error_code=code[:60], error_class=str(error_class))


def own_clock(seconds: float, speed: int) -> timedelta:
    """A time of the execution's own clock, which runs `speed` times faster than the world's."""
    return timedelta(seconds=seconds / speed)


def bare(text: str) -> str:
    """A carrier's words, fit to stand inside a sentence of ours."""
    return text.strip().rstrip(".") or "no reason was given"


def clip(text: str) -> str:
    return text if len(text) <= REASON_CHARACTERS else f"{text[: REASON_CHARACTERS - 1]}…"
