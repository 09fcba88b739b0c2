"""The Sandbox: a carrier without the outside world; the recipient's last four digits decide.

It has no state and no clock. Its receipts are planned, and from then on take the same way as a
real carrier's (product description, section 11).
"""

from collections.abc import Callable, Mapping
from typing import ClassVar
from uuid import UUID, uuid5

from .base import (
    Accepted,
    ConnectionView,
    Connector,
    ErrorClass,
    Http,
    NotTaken,
    OutboundMessage,
    PlannedReceipt,
    ReceiptEvent,
    ReceiptStatus,
    Refused,
    SendResult,
    Unknown,
)

KEY = "sandbox"
RECEIPT_DELAY_S = 1.0
_NAMESPACE = UUID("5a0d0c9e-6a6b-4f0a-9c1e-3a3f6f1d7b11")

# The last four digits of a recipient, and what happens then, in the words of the test page.
OUTCOMES: Mapping[str, str] = {
    "0001": "Delivered",
    "0002": "Delivered and read",
    "0003": "Refused at once: not on this channel",
    "0004": "Accepted, then failed",
    "0005": "Accepted, then silence",
    "0006": "Silence, then delivered too late",
    "0007": "Carrier down at first, then delivered",
    "0008": "Answer lost, later delivered",
    "0009": "Receipts twice and in the wrong order",
    "0010": "Throttled twice, then delivered",
    "0011": "Refused: the person has opted out",
}


class Sandbox(Connector):
    key: ClassVar[str] = KEY
    label: ClassVar[str] = "Sandbox"
    summary: ClassVar[str] = "Plays every outcome on both channels; nothing leaves the building."

    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        return _PLAYS.get(message.recipient[-4:], _delivered)(message)


CONNECTORS = (Sandbox(),)

Play = Callable[[OutboundMessage], SendResult]
_SENT, _DELIVERED, _READ = ReceiptStatus.SENT, ReceiptStatus.DELIVERED, ReceiptStatus.READ


def message_id_of(message: OutboundMessage) -> str:
    """The id that the Sandbox gives a message: always the same for the same message."""
    return str(uuid5(_NAMESPACE, message.client_message_id))


def _receipts(
    message: OutboundMessage, *statuses: ReceiptStatus, after_s: float = 0
) -> tuple[PlannedReceipt, ...]:
    """One receipt a second, the first one second after the answer or after `after_s`."""
    return tuple(
        PlannedReceipt(after_s + number * RECEIPT_DELAY_S, _event(message, status, number))
        for number, status in enumerate(statuses, 1)
    )


def _event(message: OutboundMessage, status: ReceiptStatus, number: int) -> ReceiptEvent:
    failed = status is ReceiptStatus.FAILED
    message_id = message_id_of(message)
    return ReceiptEvent(
        event_key=f"{message_id}:{number}",
        status=status,
        message_id=message_id,
        error_code="sandbox-failed" if failed else "",
        error_class=ErrorClass.UNKNOWN if failed else None,
        reason="the Sandbox was asked to fail this message" if failed else "",
        raw={"message_id": message_id, "status": status.value, "number": number},
    )


def _accept(message: OutboundMessage, planned: tuple[PlannedReceipt, ...]) -> Accepted:
    message_id = message_id_of(message)
    return Accepted(message_id, {"message_id": message_id, "status": "accepted"}, planned)


def _delivered(message: OutboundMessage) -> SendResult:
    return _accept(message, _receipts(message, _SENT, _DELIVERED))


def _read(message: OutboundMessage) -> SendResult:
    return _accept(message, _receipts(message, _SENT, _DELIVERED, _READ))


def _not_on_channel(message: OutboundMessage) -> SendResult:
    reason = f"the number is not on {message.channel.label}"
    return Refused("sandbox-not-on-channel", ErrorClass.NOT_ON_CHANNEL, reason, {"status": 404})


def _failed(message: OutboundMessage) -> SendResult:
    return _accept(message, _receipts(message, ReceiptStatus.FAILED))


def _silent(message: OutboundMessage) -> SendResult:
    return _accept(message, ())


def _late(message: OutboundMessage) -> SendResult:
    return _accept(message, _receipts(message, _DELIVERED, after_s=message.wait_s))


def _down_once(message: OutboundMessage) -> SendResult:
    if message.try_number == 1:
        reason = "the carrier is out of order"
        return NotTaken("503", ErrorClass.CARRIER_DOWN, reason, raw={"status": 503})
    return _delivered(message)


def _answer_lost(message: OutboundMessage) -> SendResult:
    """The caller never learns the message id, so this receipt names our own id."""
    event = ReceiptEvent(
        event_key=f"{message_id_of(message)}:1",
        status=_DELIVERED,
        client_message_id=message.client_message_id,
        raw={"client_message_id": message.client_message_id, "status": "delivered"},
    )
    planned = (PlannedReceipt(2 * RECEIPT_DELAY_S, event),)
    return Unknown("the connection was dropped after the request", planned)


def _muddled(message: OutboundMessage) -> SendResult:
    return _accept(message, _receipts(message, _READ, _DELIVERED, _SENT, _DELIVERED))


def _throttled_twice(message: OutboundMessage) -> SendResult:
    if message.try_number <= 2:
        reason = "the carrier asks to send more slowly"
        return NotTaken("429", ErrorClass.THROTTLED, reason, raw={"status": 429})
    return _delivered(message)


def _opted_out(message: OutboundMessage) -> SendResult:
    reason = "the person has opted out"
    return Refused("sandbox-opted-out", ErrorClass.OPTED_OUT, reason, {"status": 403})


_PLAYS: Mapping[str, Play] = {
    "0002": _read,
    "0003": _not_on_channel,
    "0004": _failed,
    "0005": _silent,
    "0006": _late,
    "0007": _down_once,
    "0008": _answer_lost,
    "0009": _muddled,
    "0010": _throttled_twice,
    "0011": _opted_out,
}
