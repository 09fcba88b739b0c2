"""A carrier for tests that answers as it is told; `sent` counts what was handed to it."""

from typing import ClassVar

from flows.connectors.base import (
    Accepted,
    ConnectionView,
    Connector,
    ErrorClass,
    Http,
    NotTaken,
    OutboundMessage,
    Refused,
    SendResult,
    Unknown,
)

DOWN = NotTaken("", ErrorClass.CARRIER_DOWN, "the connection was refused")
BUSY = NotTaken("429", ErrorClass.THROTTLED, "the carrier asks to send more slowly", raw={})
LOST = Unknown("no answer within 20 s")
WRONG_KEY = Refused("190", ErrorClass.BLOCKED, "the token is no longer valid", {"code": 190})
NOT_THERE = Refused("131026", ErrorClass.NOT_ON_CHANNEL, "the number is not on WhatsApp", {})
OUR_OWN = Refused("media", ErrorClass.TEMPLATE_PROBLEM, "the medium cannot be sent")


class Frail(Connector):
    """`answer` is what every send comes back with; None: it is accepted."""

    key: ClassVar[str] = "frail"
    label: ClassVar[str] = "Frail Cloud API"
    company: ClassVar[str] = "Frail"
    credential_codes: ClassVar[frozenset[str]] = frozenset({"credentials", "190"})
    has_hooks: ClassVar[bool] = True
    lists_templates: ClassVar[bool] = True
    answer: ClassVar[SendResult | None] = None
    sent: ClassVar[list[OutboundMessage]] = []

    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        Frail.sent.append(message)
        return Frail.answer or Accepted(f"frail-{message.client_message_id}", {})


CONNECTORS = (Frail(),)
