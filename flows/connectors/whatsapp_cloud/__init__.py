"""WhatsApp over Meta's own Cloud API: what it needs, what it can, and where each part of it is.

codes.py: what Meta's codes mean · sending.py: messages and answers · receipts.py: webhooks ·
lists.py: credentials, numbers, templates · graph.py: how the Graph API is spoken to.
"""

from collections.abc import Sequence
from typing import ClassVar

from flows.connectors.base import (
    Answer,
    CarrierSender,
    CarrierTemplate,
    Codes,
    ConfigField,
    ConnectionView,
    Connector,
    ExampleHook,
    Hook,
    HookAnswer,
    Http,
    OutboundMessage,
    ReceiptEvent,
    ReceiptStatus,
    Refused,
    SendResult,
)
from flows.connectors.outcomes import posted
from flows.placeholders import Channel

from . import lists, receipts, sending
from .codes import CODES, CREDENTIAL_CODES, NO_SENDER_ID
from .graph import DEFAULT_VERSION, headers_of, is_id, url_of

KEY = "whatsapp_cloud"

_FIELDS = (
    ConfigField(
        "access_token",
        "Access token",
        is_secret=True,
        help="The token of a system user, which does not expire. It needs the permissions "
        "whatsapp_business_messaging and whatsapp_business_management.",
        pattern=r"[!-~]{20,1000}",
        fault="Paste the whole access token, without spaces.",
    ),
    ConfigField(
        "account_id",
        "WhatsApp Business Account ID",
        help="In WhatsApp Manager under Account tools, about 15 digits.",
        pattern=r"[0-9]{5,32}",
        fault="Enter the ID in digits, without spaces.",
    ),
    ConfigField(
        "app_secret",
        "App secret",
        is_secret=True,
        help="In the App Dashboard under App settings, Basic. Meta signs receipts with it.",
        pattern=r"[0-9a-fA-F]{16,128}",
        fault="Paste the app secret: digits and the letters a to f.",
    ),
    ConfigField(
        "api_version",
        "API version",
        help="The version of Meta's Graph API, for example v26.0.",
        default=DEFAULT_VERSION,
        pattern=r"v[0-9]{1,3}\.[0-9]{1,2}",
        fault="Enter a version like v26.0.",
    ),
)


class WhatsAppCloud(Connector):
    key: ClassVar[str] = KEY
    label: ClassVar[str] = "WhatsApp Cloud API (Meta)"
    company: ClassVar[str] = "Meta"
    summary: ClassVar[str] = "WhatsApp straight from Meta, without a company in between."
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.WHATSAPP})
    config_fields: ClassVar[Sequence[ConfigField]] = _FIELDS
    codes: ClassVar[Codes] = CODES
    credential_codes: ClassVar[frozenset[str]] = CREDENTIAL_CODES
    reports: ClassVar[frozenset[ReceiptStatus]] = frozenset(
        {ReceiptStatus.SENT, ReceiptStatus.DELIVERED, ReceiptStatus.READ, ReceiptStatus.FAILED}
    )
    has_hooks: ClassVar[bool] = True
    hook_max_bytes: ClassVar[int] = 3 * 1024 * 1024  # the most that Meta posts at once
    receipt_help: ClassVar[str] = (
        "In the App Dashboard open WhatsApp, Configuration. Enter the address for receipts as "
        "callback URL, and the verify token beside it.\n"
        "Then subscribe to the webhook field “messages”: statuses come under it."
    )
    checks: ClassVar[bool] = True
    lists_templates: ClassVar[bool] = True
    lists_senders: ClassVar[bool] = True
    sender_id_label: ClassVar[str] = "Phone number ID"
    sender_id_help: ClassVar[str] = (
        "Meta's own ID of the number, about 15 digits; it is not the number itself."
    )

    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        if not is_id(message.sender_id):
            known = CODES[NO_SENDER_ID]
            return Refused(NO_SENDER_ID, known.error_class, known.sentence)
        url = url_of(connection, message.sender_id, "messages")
        body, headers = sending.body_of(message), headers_of(connection)
        answer = await posted(http, url, body=body, headers=headers)
        if isinstance(answer, Answer):
            return sending.result_of(answer, connection=connection)
        return answer

    def verify(self, hook: Hook, *, connection: ConnectionView) -> bool:
        return receipts.is_genuine(hook, connection=connection)

    def handshake(self, hook: Hook, *, connection: ConnectionView) -> HookAnswer | None:
        return receipts.welcome(hook, connection=connection)

    def parse(self, hook: Hook, *, connection: ConnectionView) -> Sequence[ReceiptEvent]:
        return receipts.events_of(hook)

    def example(self, *, message_id: str, connection: ConnectionView) -> ExampleHook:
        return receipts.delivered(message_id=message_id, connection=connection)

    async def check(self, *, connection: ConnectionView, http: Http) -> str:
        return await lists.check(connection=connection, http=http)

    async def list_templates(
        self, *, connection: ConnectionView, http: Http
    ) -> Sequence[CarrierTemplate]:
        return await lists.templates(connection=connection, http=http)

    async def list_senders(
        self, *, connection: ConnectionView, http: Http
    ) -> Sequence[CarrierSender]:
        return await lists.senders(connection=connection, http=http)


CONNECTORS = (WhatsAppCloud(),)
