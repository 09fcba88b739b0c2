"""The stage for tests of Kaleyra: a connection, messages, and sending them. Asserts little."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from flows.connectors.base import (
    Accepted,
    ConnectionView,
    OutboundMessage,
    SendResult,
)
from flows.connectors.kaleyra import Kaleyra
from flows.placeholders import Channel, TemplateContent, resolve
from tests.connectors.staging import HOOK_KEY, RECIPIENT, do
from tests.fakes import acts
from tests.fakes.kaleyra import FakeKaleyra

KALEYRA = Kaleyra()
DOOR = f"https://fallback.example/hooks/3kTMd9Zq0000000000000a/{HOOK_KEY}/"
OURS = "0b6f7a58-5a3c-4c2e-9d53-0b8f0d5f3c11"
THEIRS = "a1b2c3d4-0000-4000-8000-000000000001"
SMS = TemplateContent(
    Channel.SMS, "Order update", "TXN", "Hi {#var#}, 50% off: {#var#}",
    dlt_template_id="1107165959873165373",
)  # fmt: skip
WHATSAPP = TemplateContent(
    Channel.WHATSAPP, "order_update", "text", "Hi {{1}}, your order {{2}} is here.", language="en"
)


def connection(base_url: str = "", **config: str) -> ConnectionView:
    return ConnectionView(
        config={**FakeKaleyra.config, **config},
        base_url=base_url,
        receipt_url=DOOR,
        hook_key=HOOK_KEY,
    )


def message(content: TemplateContent, params: Mapping[str, str], **fields: Any) -> OutboundMessage:
    return OutboundMessage(
        **{
            "client_message_id": OURS,
            "channel": content.channel,
            "sender": "ACMERT" if content.channel is Channel.SMS else "918047182200",
            "recipient": RECIPIENT,
            "content": content,
            "resolved": resolve(content, params),
            **fields,
        }
    )


HELLO = message(SMS, {"1": "Asha", "2": "A & B"}, dlt_entity_id="1001234567890123456")
ORDER = message(WHATSAPP, {"1": "Asha", "2": "58213"})


def send(fake: FakeKaleyra, sent: OutboundMessage = HELLO, **config: str) -> SendResult:
    view = connection(fake.url, **config)
    return do(lambda web: KALEYRA.send(sent, connection=view, http=web))


def form_of(sent: OutboundMessage, **config: str) -> dict[str, str]:
    """The form as the real web would post it, by a fake that complains about anything odd."""
    with FakeKaleyra(webhook_url=DOOR) as fake:
        fake.usual = acts.Silent()
        result = send(fake, sent, **config)
        assert isinstance(result, Accepted), result
        assert fake.complaints == []
        return dict(parse_qsl(fake.asked[0].body.decode(), keep_blank_values=True))


def gateway(code: str, message: str = "", error: Any = None) -> dict[str, Any]:
    return {"code": code, "message": message, "data": [], "error": error or {}}
