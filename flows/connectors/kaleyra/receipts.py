"""What Kaleyra reports of messages: receipts of both channels in every shape, and status queries.

A callback profile is a template of its owner's: variables come as query, as form or as JSON, under
the names that the two channels' documentation gives them, and statuses are spelled as each page
likes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from flows.connectors.base import Hook, Json, ReceiptEvent, ReceiptStatus, Unreadable

from .codes import explained, named, spelled
from .ids import bare, our_id

ACCEPTED, SENT = ReceiptStatus.ACCEPTED, ReceiptStatus.SENT
DELIVERED, READ, FAILED = ReceiptStatus.DELIVERED, ReceiptStatus.READ, ReceiptStatus.FAILED
STATUSES: Final[Mapping[str, ReceiptStatus]] = {
    "ACCEPTED": ACCEPTED, "ACCEPTD": ACCEPTED, "QUEUED": ACCEPTED, "SUBMITTED": ACCEPTED,
    "SENT": SENT, "SENTNODLR": SENT, "ENROUTE": SENT,
    "DELIVERED": DELIVERED, "DELIVRD": DELIVERED, "READ": READ,
    "FAILED": FAILED, "NOTSENT": FAILED, "UNDELIVERED": FAILED, "UNDELIV": FAILED,
    "UNDELIVRD": FAILED, "UNDELIVERABLE": FAILED, "EXPIRED": FAILED, "REJECTED": FAILED,
    "REJECTD": FAILED,
}  # fmt: skip
# A status is the code where there is no better one.
_SAME_AS = {"UNDELIV": "UNDELIVERED", "UNDELIVRD": "UNDELIVERED", "REJECTD": "REJECTED"}

MESSAGE_IDS = ("id", "message_id", "campaign_id")
OUR_IDS = ("ref", "ref1", "ref2")
CODE_NAMES = ("error_code", "status_trace", "status_details")
WORDS = ("error", "description")
INCOMING = ("keyword", "wanumber")  # only messages of people have these
TEXTS = ("body", "message")  # what was said to a person is not kept with receipts
_LONGEST_KEY = 200

Record = dict[str, str]  # names in small letters, values as texts; what was given twice is joined


def parse(hook: Hook) -> Sequence[ReceiptEvent]:
    """The receipts in a hook, also none: then it is about something else than a message of ours.

    Of a batch with some that cannot be read the others count. Raises Unreadable.
    """
    around = _record(hook.query)
    records = [record for record in _records(hook) if record]
    if not records:
        records, around = [around], {}
    if len({_message_id(record) for record in records}) > 1:
        around = {}  # the address belongs to one message of the batch, and nobody says which
    reports = [_joined(around, record) for record in records]
    reports = [report for report in reports if not any(report.get(n) for n in INCOMING)]
    events = [event for report in reports if (event := event_of(report))]
    if reports and not events:
        raise Unreadable("The request names no message or no status.")
    return events


def reported(said: Json) -> Sequence[ReceiptEvent]:
    """The receipts in the answer to a status query; none when it does not know the message."""
    records = (_record(found.items()) for found in _dicts(said))
    return [event for record in records if (event := event_of(record))]


# --- Requests into records ---


def _records(hook: Hook) -> list[Record]:
    """The records of a body: JSON whatever the content type says, since profiles set none."""
    body = hook.body.strip()
    if body[:1] in (b"{", b"["):
        return [_record(found.items()) for found in _dicts(hook.json())]
    return [_record(hook.form())] if body else []


def _dicts(said: Json) -> list[dict[str, Json]]:
    """The objects in a body: itself, those of a list, or those of its "data"."""
    if isinstance(said, dict) and isinstance(said.get("data"), dict | list):
        said = said["data"]
    found = said if isinstance(said, list) else [said]
    return [one for one in found if isinstance(one, dict)]


def _record(pairs: Iterable[tuple[str, Json]]) -> Record:
    record: Record = {}
    for name, value in pairs:
        name, text = name.lower(), _text(value)
        if text and name not in TEXTS:
            record[name] = f"{record[name]} {text}" if name in OUR_IDS and name in record else text
    return record


def _text(value: Json) -> str:
    """A value as a text; empty for none, and for a variable that nobody filled in."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    text = str(value).strip()
    return "" if text.startswith("<") and text.endswith(">") else text


def _joined(around: Record, record: Record) -> Record:
    """A record with what its address says; our id may stand in both, here empty or another's."""
    given = {name: (record.get(name, ""), around.get(name, "")) for name in OUR_IDS}
    ours = {name: " ".join(filter(None, texts)) for name, texts in given.items() if any(texts)}
    return around | record | ours


# --- Records into events ---


def event_of(record: Record) -> ReceiptEvent | None:
    """What a record reports; None when it names no message or no status."""
    said = record.get("status", "")
    message_id, client_message_id = _message_id(record), _client_message_id(record)
    if not said or not (message_id or client_message_id):
        return None
    status = STATUSES.get(spelled(said), ReceiptStatus.UNKNOWN)
    code = _code(record, said) if status is FAILED else ""
    error_class, reason = explained(code, said=_first(record, WORDS)) if code else (None, "")
    about = message_id or client_message_id
    happened = status.value if status is not ReceiptStatus.UNKNOWN else spelled(said)
    return ReceiptEvent(
        event_key=_short(f"{about}:{happened}:{code}"),
        status=status,
        message_id=message_id,
        client_message_id=client_message_id,
        error_code=code,
        error_class=error_class,
        reason=reason,
        carrier_at=_time(record.get("timestamp", "")),
        raw=record,
    )


def _first(record: Record, names: Iterable[str]) -> str:
    return next((record[name] for name in names if record.get(name)), "")


def _message_id(record: Record) -> str:
    return bare(_first(record, MESSAGE_IDS))


def _client_message_id(record: Record) -> str:
    texts = (text for name in OUR_IDS for text in record.get(name, "").split())
    return next((found for text in texts if (found := our_id(text))), "")


def _code(record: Record, said: str) -> str:
    """The code of a failure; the status itself where there is no other."""
    code = _first(record, CODE_NAMES) or _SAME_AS.get(spelled(said), said)
    return named(code, said=_first(record, WORDS))


def _short(key: str) -> str:
    if len(key) <= _LONGEST_KEY:
        return key
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _time(text: str) -> datetime | None:
    """A time that says its zone: seconds or milliseconds since 1970, or ISO; else None."""
    try:
        if text.isascii() and text.isdigit() and len(text) in (10, 13):
            return datetime.fromtimestamp(int(text) / (1 if len(text) == 10 else 1000), tz=UTC)
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None
