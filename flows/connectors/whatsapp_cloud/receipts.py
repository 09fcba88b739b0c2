"""Meta's webhooks: whether they are genuine, what they say of messages, and the first handshake."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from flows.connectors.base import (
    ConnectionView,
    ErrorClass,
    ExampleHook,
    Hook,
    HookAnswer,
    Json,
    ReceiptEvent,
    ReceiptStatus,
    Unreadable,
    explain,
)
from flows.connectors.storable import storable

from .codes import CODES
from .graph import code_of, words_of

SIGNATURE = "X-Hub-Signature-256"
_ALGORITHM = "sha256="
_MOST_KEY = 200
_STATUSES: Mapping[str, ReceiptStatus] = {
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.READ,
    "failed": ReceiptStatus.FAILED,
}

# --- Genuine or not -------------------------------------------------------------------------------


def signature(body: bytes, *, secret: str) -> str:
    """The value of the signature header that Meta sends with this body."""
    digest = hmac.new(secret.encode(errors="replace"), body, hashlib.sha256)
    return _ALGORITHM + digest.hexdigest()


def is_genuine(hook: Hook, *, connection: ConnectionView) -> bool:
    """Whether the body was signed with the secret of the connection's app."""
    secret = connection.config.get("app_secret", "")
    given = hook.headers.get(SIGNATURE.lower(), "")
    if hook.method != "POST" or not secret or not given.startswith(_ALGORITHM):
        return False
    return _same(given, signature(hook.body, secret=secret))


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), right.encode(errors="replace"))


def welcome(hook: Hook, *, connection: ConnectionView) -> HookAnswer | None:
    """Meta asks once, with the token that we gave it, and wants to hear its challenge again."""
    if hook.method != "GET":
        return None
    asked = dict(hook.query)
    if asked.get("hub.mode") != "subscribe":
        return None
    is_ours = bool(connection.hook_key) and _same(
        asked.get("hub.verify_token", ""), connection.hook_key
    )
    return HookAnswer(200, asked.get("hub.challenge", "")) if is_ours else HookAnswer(403)


# --- What they say --------------------------------------------------------------------------------


def events_of(hook: Hook) -> Sequence[ReceiptEvent]:
    """All statuses of all numbers, in their order; whatever else Meta reports is passed over."""
    said = storable(hook.json())
    entries = said.get("entry") if isinstance(said, dict) else None
    if not isinstance(entries, list):
        raise Unreadable("The body has no list “entry”.")
    statuses = list(_statuses_in(entries))
    events = [event for status in statuses if (event := _event(status))]
    if statuses and not events:
        raise Unreadable("No status names its message.")
    return events


def _statuses_in(entries: Sequence[Json]) -> Iterator[Json]:
    for entry in entries:
        for change in _list(entry, "changes"):
            value = change.get("value") if isinstance(change, dict) else None
            yield from _list(value, "statuses")


def _list(holder: Json, name: str) -> Sequence[Json]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else ()


def _event(status: Json) -> ReceiptEvent | None:
    """One status; None when it names neither Meta's id of the message nor ours."""
    if not isinstance(status, dict):
        return None
    message_id, ours = _text(status, "id"), _our_id(_text(status, "biz_opaque_callback_data"))
    if not message_id and not ours:
        return None
    word, timestamp = _text(status, "status"), _text(status, "timestamp")
    known = _STATUSES.get(word.lower(), ReceiptStatus.UNKNOWN)
    code, error_class, reason = _why(status) if known is ReceiptStatus.FAILED else ("", None, "")
    return ReceiptEvent(
        event_key=_key(message_id or ours, word, timestamp, code),
        status=known,
        message_id=message_id,
        client_message_id=ours,
        error_code=code,
        error_class=error_class,
        reason=reason,
        carrier_at=_time(timestamp),
        raw=status,
    )


def _text(holder: Mapping[str, Json], name: str) -> str:
    """A text, or a number as one: Meta writes times in both ways."""
    value = holder.get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18
    return value if isinstance(value, str) else str(value) if is_number else ""


def _our_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _why(status: Mapping[str, Json]) -> tuple[str, ErrorClass, str]:
    """Code, class and reason of a failure, from its first error."""
    errors = [error for error in _list(status, "errors") if isinstance(error, dict)]
    error = errors[0] if errors else {}
    code = code_of(error) or ""
    error_class, reason = explain(CODES, code, said=words_of(error))
    return code, error_class, reason


def _key(*parts: str) -> str:
    """The same for the same report. Meta repeats one word for word when it got no 200."""
    key = ":".join(parts)
    return key if len(key) <= _MOST_KEY else hashlib.sha256(key.encode()).hexdigest()


def _time(text: str) -> datetime | None:
    if not (text.isascii() and text.isdigit()):
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


# --- One of our own -------------------------------------------------------------------------------


def delivered(*, message_id: str, connection: ConnectionView) -> ExampleHook:
    """What Meta would post when this message was delivered; without a time, as we know no clock."""
    status = {"id": message_id, "status": "delivered", "recipient_id": "10000000000"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "10000000000", "phone_number_id": "0"},
        "statuses": [status],
    }
    account = connection.config.get("account_id", "0")
    change = {"value": value, "field": "messages"}
    entry = {"id": account, "changes": [change]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    secret = connection.config.get("app_secret", "")
    return ExampleHook(
        method="POST",
        url=connection.receipt_url,
        headers={
            "Content-Type": "application/json",
            SIGNATURE: signature(body, secret=secret),
        },
        body=body,
    )
