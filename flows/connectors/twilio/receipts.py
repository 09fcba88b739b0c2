"""What Twilio's status callbacks and message resources say, as receipts; pure.

https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeGuard
from uuid import UUID

from flows.connectors.base import (
    ErrorClass,
    Hook,
    ReceiptEvent,
    ReceiptStatus,
    Unreadable,
    explain,
)

from .codes import CODES
from .signature import body_hash

STATUSES: Mapping[str, ReceiptStatus] = {
    "accepted": ReceiptStatus.ACCEPTED,
    "scheduled": ReceiptStatus.ACCEPTED,
    "queued": ReceiptStatus.ACCEPTED,
    "sending": ReceiptStatus.ACCEPTED,
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.READ,
    "undelivered": ReceiptStatus.FAILED,
    "failed": ReceiptStatus.FAILED,
    "canceled": ReceiptStatus.FAILED,
}
INBOUND = frozenset({"receiving", "received"})  # somebody writes to us
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def is_message_id(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(_MESSAGE_ID.fullmatch(value))


def said_by(hook: Hook) -> dict[str, str]:
    """The fields of a status callback; whether they are JSON stands in what is signed."""
    if body_hash(hook.url) is None:
        return dict(hook.form())
    said = hook.json()
    if not isinstance(said, dict):
        raise Unreadable("The body is not a JSON object.")
    return {str(k): str(v) for k, v in said.items() if isinstance(v, str | int | float)}


def event_of(
    message_id: str, status: str, code: str, *, raw: Any, carrier_at: datetime | None = None
) -> ReceiptEvent:
    meaning = STATUSES.get(status, ReceiptStatus.UNKNOWN)
    code = code if code.isascii() and code.isdigit() and code.strip("0") else ""
    event = ReceiptEvent(
        event_key=f"{message_id}:{status[:40]}:{code[:20]}",
        status=meaning,
        message_id=message_id,
        carrier_at=carrier_at,
        raw=raw,
    )
    if meaning is not ReceiptStatus.FAILED:
        return event
    return _failed(event, status, code)


def _failed(event: ReceiptEvent, status: str, code: str) -> ReceiptEvent:
    error_class, reason = explain(CODES, code)
    if status == "canceled" and not code:
        error_class, reason = ErrorClass.UNKNOWN, "the message was canceled at Twilio"
    return replace(event, error_code=code, error_class=error_class, reason=reason)


def with_our_id(event: ReceiptEvent, attempt: str) -> ReceiptEvent:
    try:
        return replace(event, client_message_id=str(UUID(attempt)))
    except ValueError:
        return event


def moment(value: Any) -> datetime | None:
    """A time as Twilio writes it: "Thu, 24 Aug 2023 05:01:45 +0000"."""
    try:
        at = parsedate_to_datetime(str(value))
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
