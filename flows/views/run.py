"""What pages say about one run: its timeline, what happens now, the result, the callback's tries.

Reads rows and puts them into words for the templates; changes nothing.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.templatetags.static import static
from django.utils import timezone

from flows import timeline
from flows.access import Seat
from flows.engine import redact, result
from flows.models import (
    Attempt,
    AttemptState,
    CallbackDelivery,
    DeliveryState,
    Execution,
    ExecutionState,
    Receipt,
    Signal,
)
from flows.templatetags.ui import Status, status_of

STALE_AFTER = timedelta(seconds=15)
POLL_AFTER_END = timedelta(seconds=30)
ICONS = {"delivered": "ok", "confirmed": "ok", "not_delivered": "failed", "cancelled": "stopped"}
MOST_RECEIPTS = 200  # far more than messages have; but whoever may sign them may make up any number


@dataclass(frozen=True)
class Line:
    """One entry as the page shows it; raw values are written out, numbers masked if need be."""

    entry: timeline.Entry
    look: Status
    raw: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Now:
    """What the execution is doing while it runs, and until when."""

    sentence: str
    until: datetime | None = None


@dataclass(frozen=True)
class Run:
    """Everything the run fragment needs. `fresh` are the lines a page with a token lacks."""

    execution: Execution
    lines: Sequence[Line]
    fresh: Sequence[Line] | None
    token: str
    now: Now | None
    is_polled: bool
    result: str
    deliveries: Sequence[CallbackDelivery]

    @property
    def outcome(self) -> str:
        return timeline.outcome_in_words(self.execution)

    @property
    def why(self) -> str:
        """The reason of the end, unless the outcome says as much."""
        return timeline.reason_of_end(self.execution)

    @property
    def state(self) -> str:
        """Key of the badge: the outcome when it ended, else the state."""
        return self.execution.outcome or self.execution.state

    @property
    def tab_title(self) -> str:
        return self.outcome or self.execution.get_state_display()

    @property
    def tab_icon(self) -> str:
        return static(f"img/favicon-{ICONS.get(self.execution.outcome, 'running')}.svg")


def run_of(execution: Execution, *, seat: Seat, told: str = "") -> Run:
    """The run as this person may see it; `told` is the token of a page that is already open."""
    attempts = list(execution.attempts.order_by("step"))
    receipts = Receipt.objects.filter(attempt__execution=execution, due_at=None).order_by("id")
    receipts = receipts[:MOST_RECEIPTS]
    deliveries = list(
        execution.callback_deliveries.select_related("profile")
        .prefetch_related("tries")
        .order_by("id")
    )
    entries = timeline.tell(execution, attempts=attempts, receipts=receipts)
    hidden = () if seat.is_admin else _numbers(execution, attempts)
    codes = redact.codes(execution.sends, [s.content for s in execution.version.pinned.steps])
    lines = [_line(entry, hidden, codes) for entry in entries]
    is_polled = _is_polled(execution, deliveries)
    known = timeline.seen(entries, told) if told else None
    return Run(
        execution=execution,
        lines=lines,
        fresh=None if known is None else lines[known:],
        token=timeline.token(entries, rest=_rest(execution, attempts, deliveries)),
        now=_now(execution, attempts),
        is_polled=is_polled,
        result=_result(execution, attempts, hidden),
        deliveries=deliveries,
    )


def written(value: Any, hidden: Iterable[str]) -> str:
    """A JSON value as text for people, with these phone numbers masked."""
    value = timeline.hide_numbers(value, hidden)
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _line(entry: timeline.Entry, hidden: Iterable[str], codes: Iterable[str]) -> Line:
    """Verification codes are shown to nobody, not even before the end."""
    raw = [
        (part.label, written(redact.log(part.value, params=codes), hidden)) for part in entry.raw
    ]
    return Line(entry, status_of(entry.status), raw)


def _numbers(execution: Execution, attempts: Iterable[Attempt]) -> tuple[str, ...]:
    sends = [str(send.get("recipient", "")) for send in execution.sends or []]
    return (execution.recipient, *sends, *(attempt.recipient for attempt in attempts))


def _result(execution: Execution, attempts: Sequence[Attempt], hidden: Iterable[str]) -> str:
    if execution.state != ExecutionState.ENDED:
        return ""
    return written(result.payload(execution, attempts), hidden)


def _is_polled(execution: Execution, deliveries: Iterable[CallbackDelivery]) -> bool:
    """While it runs; after the end only until the callback's first try was made."""
    if execution.state != ExecutionState.ENDED or execution.ended_at is None:
        return True
    owed = any(d.state == DeliveryState.PENDING and not d.tries_made for d in deliveries)
    return owed and timezone.now() - execution.ended_at < POLL_AFTER_END


def _rest(
    execution: Execution, attempts: Iterable[Attempt], deliveries: Iterable[CallbackDelivery]
) -> str:
    """What the page shows beside the timeline, boiled down to a text that changes with it."""
    parts: list[object] = [execution.state, execution.outcome, execution.signal, execution.step]
    parts += [execution.delivered_twice, execution.wake_at]
    parts += [(attempt.state, attempt.deadline_at) for attempt in attempts]
    parts += [(delivery.state, delivery.tries_made) for delivery in deliveries]
    stale = _is_stale(execution)
    return repr([*parts, stale, _is_polled(execution, deliveries)])


def _is_stale(execution: Execution) -> bool:
    age = timezone.now() - execution.created_at
    return execution.state == ExecutionState.ACCEPTED and age > STALE_AFTER


def _now(execution: Execution, attempts: Sequence[Attempt]) -> Now | None:
    if execution.state == ExecutionState.ENDED:
        return None
    if execution.signal == Signal.CANCEL:
        return Now("Cancelling")
    if _is_stale(execution):
        return Now("Not picked up yet. Ask who runs this installation if the engine is running.")
    if execution.state == ExecutionState.ACCEPTED or not attempts:
        return Now("Queued; the engine sends the first message in a moment")
    last = attempts[-1]
    channel = timeline.CHANNELS.get(last.channel, last.channel)
    if last.state in (AttemptState.WAITING, AttemptState.UNKNOWN):
        return Now(f"Waiting for a receipt from {channel}; {_next(execution)}", last.deadline_at)
    if last.state == AttemptState.RETRYING:
        return Now(f"Trying the {channel} carrier again", execution.wake_at)
    return Now(f"Handing the {channel} message to the carrier")


def _next(execution: Execution) -> str:
    steps = execution.version.pinned.steps
    if execution.step + 1 < len(steps):
        return f"without one, {steps[execution.step + 1].channel.label} takes over"
    return "without one, the execution ends"
