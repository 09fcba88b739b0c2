"""Kaleyra: SMS and WhatsApp (API V1) with one key; what a connection needs and who does what.

Codes stand in codes.py, messages in sending.py, receipts in receipts.py.
"""

import hmac
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import quote, urlencode

from flows.connectors.base import (
    CarrierSender,
    Choice,
    Codes,
    ConfigField,
    ConnectionView,
    Connector,
    ExampleHook,
    Hook,
    Http,
    OutboundMessage,
    ReceiptEvent,
    ReceiptStatus,
    SendResult,
)
from flows.connectors.outcomes import CREDENTIALS
from flows.placeholders import Channel

from . import receipts, sending
from .codes import CODES, CREDENTIAL_CODES
from .gateway import PODS, ask
from .ids import bare

KEY = "kaleyra"
_POD_NAMES = {"IN": "India", "SG": "Singapore", "EU": "Europe", "NA": "North America"}
_HELP = """\
Nothing to do: every message asks for its receipts at this address.

If you would rather use a callback profile for SMS, make one at Kaleyra (profile settings > \
Callback Profiles > Add New) for the channel SMS, with this address as its endpoint and the \
variables id, status, status_trace, timestamp and ref1. Then enter its ID on the connection."""


class Kaleyra(Connector):
    key: ClassVar[str] = KEY
    label: ClassVar[str] = "Kaleyra"
    summary: ClassVar[str] = "SMS and WhatsApp with the key of your account at Kaleyra."
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.SMS, Channel.WHATSAPP})
    codes: ClassVar[Codes] = CODES
    credential_codes: ClassVar[frozenset[str]] = CREDENTIAL_CODES | {CREDENTIALS}
    reports: ClassVar[frozenset[ReceiptStatus]] = frozenset(ReceiptStatus)
    has_hooks: ClassVar[bool] = True
    has_key_in_url: ClassVar[bool] = True
    receipt_help: ClassVar[str] = _HELP
    checks: ClassVar[bool] = True
    polls: ClassVar[bool] = True
    lists_senders: ClassVar[bool] = True
    config_fields: ClassVar[Sequence[ConfigField]] = (
        ConfigField(
            "pod",
            "Pod",
            help="Where your account lives: the API domain on its page Developers > API Keys.",
            choices=tuple(Choice(pod, f"{_POD_NAMES[pod]} ({host})") for pod, host in PODS.items()),
            default="IN",
        ),
        ConfigField(
            "sid",
            "SID",
            help="Stands beside the API key under Developers > API Keys.",
            pattern=r"[A-Za-z0-9]{4,40}",
            fault="Enter the SID as Kaleyra shows it: letters and digits, as in HXIN1695108440.",
        ),
        ConfigField(
            "api_key",
            "API key",
            is_secret=True,
            help="Developers > API Keys > Generate API Key. If it is limited to IP addresses, "
            "this server's must be among them.",
            pattern=r"[A-Za-z0-9]{8,100}",
            fault="Enter the API key as Kaleyra shows it: letters and digits without spaces.",
        ),
        ConfigField(
            "sms_path",
            "Address for SMS",
            help="Kaleyra recommends /sms, and in North America there is no other.",
            choices=(
                Choice("sms", "/v1/<SID>/sms"),
                Choice("messages", "/v1/<SID>/messages (older)"),
            ),
            default="sms",
        ),
        ConfigField(
            "sms_callback_profile",
            "Callback profile for SMS",
            is_required=False,
            help="The ID of a callback profile at Kaleyra. Leave it empty to have receipts sent "
            "to this server without one.",
            pattern=r"[A-Za-z0-9_-]{4,80}",
            fault="Enter the profile's ID, such as IN_09b3dfa7-e0a1-4d84-ab2d-6ed654272c11.",
        ),
    )

    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        return await sending.send(message, connection=connection, http=http)

    def verify(self, hook: Hook, *, connection: ConnectionView) -> bool:
        key, given = connection.hook_key, hook.rest.partition("/")[0]
        same = hmac.compare_digest(given.encode("utf-8", "replace"), key.encode())
        return same and bool(key)

    def parse(self, hook: Hook, *, connection: ConnectionView) -> Sequence[ReceiptEvent]:
        return receipts.parse(hook)

    def example(self, *, message_id: str, connection: ConnectionView) -> ExampleHook:
        """A WhatsApp callback as the documented profile makes it, by GET."""
        variables = {
            "id": f"{message_id}:0",
            "status": "delivered",
            "message": "Message delivered",
            "custom_response": "false",
        }
        return ExampleHook(method="GET", url=f"{connection.receipt_url}?{urlencode(variables)}")

    async def check(self, *, connection: ConnectionView, http: Http) -> str:
        await ask("callback/profiles?limit=1", connection=connection, http=http)
        return "Kaleyra accepts the SID and the API key."

    async def poll(
        self, message_id: str, *, connection: ConnectionView, http: Http
    ) -> Sequence[ReceiptEvent]:
        """Of an SMS. Kaleyra documents no such query for WhatsApp: it knows nothing of those."""
        asked = f"{quote(bare(message_id), safe='')}:1"
        path = f"{sending.sms_path(connection)}/status?message_ids={asked}"
        found = receipts.reported(await ask(path, connection=connection, http=http))
        return [event for event in found if event.message_id == bare(message_id)]

    async def list_senders(
        self, *, connection: ConnectionView, http: Http
    ) -> Sequence[CarrierSender]:
        """The Sender IDs for SMS; Kaleyra has no such list of WhatsApp numbers."""
        said = await ask("messages/identifier", connection=connection, http=http)
        listed = said.get("data") if isinstance(said, dict) else None
        found = (one.get("identifier") for one in listed or () if isinstance(one, dict))
        return [CarrierSender(identifier=name) for name in found if isinstance(name, str) and name]


CONNECTORS = (Kaleyra(),)
