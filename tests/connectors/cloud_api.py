"""What the tests of the Cloud API stand on: connections, messages and webhooks. Asserts nothing."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st

from flows.connectors.base import (
    Answer,
    ConnectionView,
    OutboundMessage,
    SendResult,
)
from flows.connectors.whatsapp_cloud import WhatsAppCloud
from flows.placeholders import Channel, TemplateContent
from flows.placeholders import resolve as fill
from tests.connectors.staging import Canned, do
from tests.fakes.whatsapp_cloud import (
    NUMBER_ID,
    ORDER_UPDATE,
    FakeWhatsAppCloud,
)

META = WhatsAppCloud()
RECIPIENT = "919876540001"
DOOR = "https://fallback.example/hooks/3kTMd9Zq0000000000000a/"
HOOK_KEY = "the-verify-token-of-this-door"
PARAMS = {"1": "Asha", "2": "58213", "3": "Friday"}


def view(url: str = "", **config: str) -> ConnectionView:
    return ConnectionView(
        config={**FakeWhatsAppCloud.config, **config},
        base_url=url,
        receipt_url=DOOR,
        hook_key=HOOK_KEY,
    )


def message(
    content: TemplateContent = ORDER_UPDATE,
    params: Mapping[str, str] = PARAMS,
    **fields: Any,
) -> OutboundMessage:
    shared = {"client_message_id": str(uuid4()), "sender": "918047182200", "sender_id": NUMBER_ID}
    return OutboundMessage(
        channel=Channel.WHATSAPP,
        recipient=RECIPIENT,
        content=content,
        resolved=fill(content, params),
        **{**shared, **fields},
    )


def send(fake: FakeWhatsAppCloud, sent: OutboundMessage | None = None, **config: str) -> SendResult:
    to = view(fake.url, **config)
    return do(lambda web: META.send(sent or message(), connection=to, http=web))


def answered(status: int, body: object, **headers: str) -> SendResult:
    """What becomes of a message that Meta answers like this."""
    web = Canned(Answer(status, headers, json.dumps(body).encode()))
    return asyncio.run(META.send(message(), connection=view(), http=web))


def refusal(code: int, **more: object) -> dict[str, object]:
    return {"error": {"message": f"(#{code}) Title", "code": code, **more}}


def whatsapp(name: str, body: str, **fields: Any) -> TemplateContent:
    shared = {"language": "en", "category": "utility"}
    return TemplateContent(Channel.WHATSAPP, name, "text", body, **{**shared, **fields})


# Anything at all, with the names that Meta uses.
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["entry", "changes", "value", "statuses", "id", "status", "timestamp", "errors",
             "code", "error_data", "details", "biz_opaque_callback_data"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip
