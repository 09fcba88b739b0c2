"""The timeline of an execution in words, read from its attempts and receipts.

Keeps no log of its own, makes no query and reads no clock: rows in, entries out. An entry's key
never changes, so that a page that is already open can be given only what came since.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from flows.connectors import registry
from flows.connectors.base import ErrorClass
from flows.engine.poll import EVENT_PREFIX
from flows.models import Attempt, AttemptState, Execution, ExecutionState, Receipt
from flows.recipients import mask

ASKED = "No receipt had come, so the carrier was asked."
TOO_LATE = "Too late to change anything."
CHANNELS: Mapping[str, str] = {"whatsapp": "WhatsApp", "sms": "SMS"}

# Receipts: (title without the channel, look in the style sheet).
RECEIPTS: Mapping[str, tuple[str, str]] = {
    "accepted": ("accepted the message", "accepted"),
    "sent": ("sent the message on", "sent"),
    "delivered": ("delivered the message", "delivered"),
    "read": ("says it was read", "read"),
    "failed": ("could not deliver the message", "failed"),
}
# Attempts that came to rest without success.
SETTLED: Mapping[str, tuple[str, str]] = {
    AttemptState.FAILED: ("failed", "failed"),
    AttemptState.TIMED_OUT: ("gave no final receipt in time", "timeout"),
    AttemptState.STOPPED: ("was stopped", "cancelled"),
    AttemptState.SKIPPED: ("was skipped", "skipped"),
}
TRIES_TOLD_ELSEWHERE = frozenset({"accepted", "refused"})  # by the entries that follow them


@dataclass(frozen=True)
class Raw:
    """Something a carrier or we said, word for word, for a `<details>`."""

    label: str
    value: Any


@dataclass(frozen=True)
class Entry:
    """One line of the timeline. `status` names its look; `carrier_at` is the carrier's clock."""

    key: str
    at: datetime
    title: str
    status: str
    text: str = ""
    step: int = 0
    rank: int = 0
    after: timedelta = timedelta()
    carrier_at: datetime | None = None
    recipient: str = ""
    is_late: bool = False
    advice: str = ""
    raw: tuple[Raw, ...] = ()

    @property
    def after_s(self) -> float:
        return self.after.total_seconds()


def tell(
    execution: Execution, *, attempts: Iterable[Attempt], receipts: Iterable[Receipt]
) -> tuple[Entry, ...]:
    """Every entry in the order of our clock; at the same instant, cause before consequence."""
    attempts = list(attempts)
    steps = {attempt.pk: attempt for attempt in attempts}
    entries = [_accepted(execution)]
    for attempt in attempts:
        entries += _of_attempt(attempt, speed=execution.speed)
    entries += [
        _of_receipt(receipt, steps[receipt.attempt_id])
        for receipt in receipts
        if receipt.attempt_id in steps
    ]
    if execution.state == ExecutionState.ENDED and execution.ended_at:
        entries.append(_ended(execution, execution.ended_at))
    entries.sort(key=lambda entry: (entry.at, entry.step, entry.rank, entry.key))
    return tuple(_since(execution.created_at, entry) for entry in entries)


def token(entries: Sequence[Entry], *, rest: str) -> str:
    """What a page has seen: how many entries, which ones, and the state of the `rest` of it."""
    return f"{len(entries)}.{_digest(entry.key for entry in entries)}.{_digest([rest])}"


def seen(entries: Sequence[Entry], told: str) -> int | None:
    """How many entries a page with this token shows; None when it must draw all of them anew."""
    count, _, rest = told.partition(".")
    if not (count.isascii() and count.isdigit()) or len(count) > 6:
        return None
    start = entries[: int(count)]
    is_prefix = len(start) == int(count) and rest.startswith(
        _digest(entry.key for entry in start) + "."
    )
    return len(start) if is_prefix else None


def hide_numbers(value: Any, numbers: Iterable[str]) -> Any:
    """`value` (any JSON) with the phone numbers masked wherever they stand in a text."""
    known = [number for number in set(numbers) if number]
    if isinstance(value, str):
        for number in known:
            value = value.replace(number, mask(number))
        return value
    if isinstance(value, Mapping):
        return {key: hide_numbers(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hide_numbers(item, known) for item in value]
    if isinstance(value, int) and str(value) in known:
        return mask(str(value))
    return value


def _accepted(execution: Execution) -> Entry:
    pace = f", {execution.speed} times faster" if execution.speed > 1 else ""
    text = f"Version {execution.version.number} of the flow{pace}"
    return Entry("accepted", execution.created_at, "Invocation accepted", "accepted", text, -1)


def _of_attempt(attempt: Attempt, *, speed: int) -> Iterator[Entry]:
    channel = CHANNELS.get(attempt.channel, attempt.channel)
    key = f"step{attempt.step}"
    if attempt.state != AttemptState.SKIPPED:
        yield Entry(
            f"{key}.sending", attempt.created_at, f"{channel} message handed to the carrier",
            "sending", f"From {attempt.sender}", attempt.step, 0,
            recipient=attempt.recipient, raw=_raw(("Request", attempt.request_log)),
        )  # fmt: skip
    yield from _tries(attempt, channel=channel, key=key)
    if attempt.accepted_at:
        yield Entry(
            f"{key}.taken", attempt.accepted_at, f"{channel} carrier accepted the message",
            "sent", _wait(attempt, speed=speed), attempt.step, 2,
            raw=_raw(("Answer", attempt.answer_log)),
        )  # fmt: skip
    if attempt.settled_at and attempt.state in SETTLED:
        title, status = SETTLED[attempt.state]
        answer = None if attempt.accepted_at else attempt.answer_log
        yield Entry(
            f"{key}.settled", attempt.settled_at, f"{channel} {title}", status,
            _reason(attempt), attempt.step, 4,
            advice=_advice(attempt), raw=_raw(("Answer", answer)),
        )  # fmt: skip


def _tries(attempt: Attempt, *, channel: str, key: str) -> Iterator[Entry]:
    for number, made in enumerate(attempt.tries or [], start=1):
        result = str(made.get("result", ""))
        at = _instant(made.get("at")) or attempt.created_at
        if result in TRIES_TOLD_ELSEWHERE:
            continue
        lost = result == "unknown"
        title = (
            f"The answer of the {channel} carrier was lost"
            if lost
            else f"Try {number}: the {channel} carrier did not take it"
        )
        status = "unknown" if lost else "retrying"
        text = _sentence(str(made.get("reason") or ""))
        yield Entry(f"{key}.try{number}", at, title, status, text, attempt.step, 1)


def _of_receipt(receipt: Receipt, attempt: Attempt) -> Entry:
    channel = CHANNELS.get(attempt.channel, attempt.channel)
    title, status = RECEIPTS.get(receipt.status, ("sent an unknown receipt", "unknown"))
    text = _sentence(receipt.reason)
    notes = [ASKED] if receipt.event_key.startswith(EVENT_PREFIX) else []
    notes += [TOO_LATE] if receipt.was_late else []
    if notes:
        text = " ".join([f"{text}.", *notes] if text else notes)
    return Entry(
        f"receipt.{receipt.event_key}", receipt.received_at, f"{channel} {title}", status, text,
        attempt.step, 3, carrier_at=receipt.carrier_at, is_late=receipt.was_late,
        raw=_raw(("Receipt", receipt.raw)),
    )  # fmt: skip


def _ended(execution: Execution, at: datetime) -> Entry:
    title = outcome_in_words(execution)
    text = reason_of_end(execution)
    return Entry("ended", at, f"Ended: {title}", execution.outcome, text, 99, 5)


def outcome_in_words(execution: Execution) -> str:
    """“Delivered by SMS, step 2”, “Not delivered”, “Confirmed”; empty while it runs."""
    if not execution.outcome:
        return ""
    words = execution.get_outcome_display()
    if execution.outcome == "delivered" and execution.outcome_step is not None:
        channel = CHANNELS.get(execution.outcome_channel, execution.outcome_channel)
        return f"{words} by {channel}, step {execution.outcome_step + 1}"
    return words


def reason_of_end(execution: Execution) -> str:
    """Why it ended so; empty when the outcome in words says as much."""
    says_more = not outcome_in_words(execution).startswith(execution.reason.rstrip("."))
    return execution.reason if says_more else ""


def _reason(attempt: Attempt) -> str:
    code = f". Carrier code: {attempt.error_code}" if attempt.error_code else ""
    return f"{_sentence(attempt.reason)}{code}"


def _advice(attempt: Attempt) -> str:
    """What a person can do about a failure, by its code or else by its class; empty for a class
    that we do not know."""
    if attempt.state != AttemptState.FAILED:
        return ""
    known = registry.code_of(attempt.connector, attempt.error_code, extra=settings.EXTRA_CONNECTORS)
    classes = {error.value: error for error in ErrorClass}
    error = classes.get(attempt.error_class)
    if known and known.error_class is error:
        return known.what_to_do
    return error.advice if error else ""


def _sentence(words: str) -> str:
    """With a capital letter and without a full stop: entries are set apart by the page."""
    return words[:1].upper() + words[1:].rstrip(".")


def _wait(attempt: Attempt, *, speed: int) -> str:
    if not (attempt.accepted_at and attempt.deadline_at):
        return ""
    wait_s = (attempt.deadline_at - attempt.accepted_at).total_seconds()
    if speed > 1:
        return f"Waiting up to {wait_s * speed:g} s for a final receipt ({wait_s:.1f} s here)"
    return f"Waiting up to {wait_s:g} s for a final receipt"


def _raw(*parts: tuple[str, Any]) -> tuple[Raw, ...]:
    return tuple(Raw(label, value) for label, value in parts if value)


def _since(start: datetime, entry: Entry) -> Entry:
    after = max(entry.at - start, timedelta())
    return Entry(**{**entry.__dict__, "after": after})


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def _digest(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()
