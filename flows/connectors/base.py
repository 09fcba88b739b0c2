"""What a connector is given and what it answers; knows no carrier, no clock and does no I/O.

A connector is one module: its codes on top, then send, verify and parse. What a carrier says is
normalised at this edge; its own words are kept raw beside it. docs/adding-a-connector.md is the
checklist for a new one.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from flows.placeholders import Channel, Resolved, TemplateContent

from .errors import Code, Codes, ErrorClass, explain
from .hooks import ExampleHook, Hook, HookAnswer, ReceiptEvent, ReceiptStatus, Unreadable

Json = Any

__all__ = [
    "Accepted", "Answer", "AnswerLost", "CarrierFault", "CarrierSender", "CarrierTemplate",
    "Choice", "Code", "Codes", "ConfigField", "ConnectionView", "Connector", "Crowded",
    "ErrorClass", "ExampleHook", "Hook", "HookAnswer", "Http", "Json", "NotReached", "NotTaken",
    "OutboundMessage", "PlannedReceipt", "ReceiptEvent", "ReceiptStatus", "Refused", "SendResult",
    "TemplateState", "Unknown", "Unreadable", "explain",
]  # fmt: skip


@dataclass(frozen=True)
class PlannedReceipt:
    """A receipt that the Sandbox will give `delay_s` of the execution's clock after its answer."""

    delay_s: float
    event: ReceiptEvent


@dataclass(frozen=True, kw_only=True)
class OutboundMessage:
    """One message to send. `try_number` counts from 1; `wait_s` is how long receipts matter;
    `sender_id` is what the carrier calls the sender, empty when it has no name of its own."""

    client_message_id: str
    channel: Channel
    sender: str
    sender_id: str = ""
    recipient: str
    content: TemplateContent
    resolved: Resolved
    media_url: str = ""
    dlt_entity_id: str = ""
    wait_s: int = 60
    try_number: int = 1

    def log(self) -> dict[str, Json]:
        """What is sent, for the attempt's request log; the engine redacts it at the end."""
        filled = {name: value for name, value in asdict(self.resolved).items() if value}
        if self.media_url:
            filled["media_url"] = self.media_url
        return {
            "client_message_id": self.client_message_id,
            "channel": self.channel.value,
            "from": self.sender,
            "to": self.recipient,
            "template": self.content.name,
            **filled,
        }


@dataclass(frozen=True)
class Accepted:
    """The carrier took the message."""

    message_id: str
    raw: Json = None
    planned: tuple[PlannedReceipt, ...] = ()


@dataclass(frozen=True)
class Refused:
    """The carrier clearly refused the message for good."""

    code: str
    error_class: ErrorClass
    reason: str
    raw: Json = None


@dataclass(frozen=True)
class NotTaken:
    """The carrier clearly did not take the message: it may be tried again."""

    code: str
    error_class: ErrorClass
    reason: str
    retry_after_s: float | None = None
    raw: Json = None


@dataclass(frozen=True)
class Unknown:
    """The answer was lost: the message may or may not be on its way, and is never sent again."""

    reason: str
    planned: tuple[PlannedReceipt, ...] = ()


SendResult = Accepted | Refused | NotTaken | Unknown


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; the body is cut off at the limit that the caller set."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotReached(Exception):
    """The other side was not reached: it certainly has not seen the request."""


class Crowded(NotReached):
    """So much is on its way there from here that this had to wait for too long."""


class AnswerLost(Exception):
    """The request may have been seen, but no whole answer came back."""


class Http(Protocol):
    """How a connector talks to its carrier; flows.connectors.http implements it."""

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        """Raises NotReached or AnswerLost; any status is an answer."""

    async def get(self, url: str, *, headers: Mapping[str, str], timeout_s: float) -> Answer:
        """The same, for questions; `url` carries its query."""


@dataclass(frozen=True)
class Choice:
    """One value that a configuration field may take."""

    value: str
    label: str


@dataclass(frozen=True)
class ConfigField:
    """One value that a connection of this carrier needs, for forms and checks.

    `pattern` is a regular expression that the whole value must match, `fault` what is said when it
    does not. With `choices` nothing else may be given; `default` is what a new connection has.
    """

    name: str
    label: str
    is_secret: bool = False
    is_required: bool = True
    help: str = ""
    choices: tuple[Choice, ...] = ()
    default: str = ""
    pattern: str = ""
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class ConnectionView:
    """A connection as its connector sees it; secrets stay out of its repr.

    `config` holds a text for every field that was filled in. `base_url` is set by the operator
    only and replaces the carrier's own address, without a slash at its end. `receipt_url` is
    where the carrier calls us, empty when there is no connection (a test key's Sandbox); it ends
    with a slash. `hook_key` is our own secret of that door.
    """

    config: Mapping[str, str] = field(default_factory=dict, repr=False)
    base_url: str = ""
    receipt_url: str = field(default="", repr=False)
    hook_key: str = field(default="", repr=False)


class CarrierFault(Exception):
    """A question to a carrier was not answered as hoped; `str()` is a sentence for people."""

    def __init__(self, sentence: str, error_class: ErrorClass = ErrorClass.UNKNOWN) -> None:
        super().__init__(sentence)
        self.error_class = error_class


class TemplateState(StrEnum):
    """What became of a template at the carrier."""

    APPROVED = "approved"
    PENDING = "pending"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class CarrierTemplate:
    """A template as the carrier lists it; `content` is None when it says what we cannot."""

    name: str
    language: str
    state: TemplateState
    category: str = ""
    reason: str = ""
    carrier_id: str = ""
    content: TemplateContent | None = None


@dataclass(frozen=True, kw_only=True)
class CarrierSender:
    """A sender as the carrier lists it: digits or Sender ID, and the carrier's own name for it."""

    identifier: str
    carrier_id: str = ""
    display_name: str = ""
    note: str = ""  # quality, limits: in the carrier's words


class Connector(ABC):
    """One kind of carrier. Stateless: one instance serves every account.

    What a subclass declares below says which of the optional methods it has.
    """

    key: ClassVar[str]
    label: ClassVar[str]
    company: ClassVar[str] = ""  # who is behind it, where the label does not say so
    summary: ClassVar[str] = ""  # one line for who chooses a carrier
    channels: ClassVar[frozenset[Channel]] = frozenset(Channel)
    config_fields: ClassVar[Sequence[ConfigField]] = ()
    codes: ClassVar[Codes] = {}
    credential_codes: ClassVar[frozenset[str]] = frozenset({"credentials"})  # of a wrong key
    reports: ClassVar[frozenset[ReceiptStatus]] = frozenset()  # what receipts can say
    has_hooks: ClassVar[bool] = False  # verify, parse, example
    # Nothing is signed: whoever knows the address, of which the key is a part, is believed.
    has_key_in_url: ClassVar[bool] = False
    hook_max_bytes: ClassVar[int] = 64 * 1024
    receipt_help: ClassVar[str] = ""  # where at the carrier the receipt URL goes, for people
    checks: ClassVar[bool] = False
    polls: ClassVar[bool] = False
    lists_templates: ClassVar[bool] = False
    lists_senders: ClassVar[bool] = False
    sender_id_label: ClassVar[str] = ""  # what people call OutboundMessage.sender_id, if needed
    sender_id_help: ClassVar[str] = ""

    @abstractmethod
    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        """Hand one message to the carrier. Whatever it raises is taken as Unknown."""

    def verify(self, hook: Hook, *, connection: ConnectionView) -> bool:
        """Whether the carrier made this request; compares in constant time, raises nothing."""
        return False

    def handshake(self, hook: Hook, *, connection: ConnectionView) -> HookAnswer | None:
        """The answer to a request that only asks whether we are there; None: it is no such."""
        return None

    def parse(self, hook: Hook, *, connection: ConnectionView) -> Sequence[ReceiptEvent]:
        """What a verified hook says, also nothing at all; raises Unreadable."""
        raise NotImplementedError

    def example(self, *, message_id: str, connection: ConnectionView) -> ExampleHook:
        """A request as the carrier would make it to say that this message was delivered."""
        raise NotImplementedError

    async def check(self, *, connection: ConnectionView, http: Http) -> str:
        """Ask the carrier whether the credentials are good, in words; raises CarrierFault."""
        raise NotImplementedError

    async def poll(
        self, message_id: str, *, connection: ConnectionView, http: Http
    ) -> Sequence[ReceiptEvent]:
        """What became of a message, as if it had been reported; raises CarrierFault."""
        raise NotImplementedError

    async def list_templates(
        self, *, connection: ConnectionView, http: Http
    ) -> Sequence[CarrierTemplate]:
        """All templates of this connection; raises CarrierFault."""
        raise NotImplementedError

    async def list_senders(
        self, *, connection: ConnectionView, http: Http
    ) -> Sequence[CarrierSender]:
        """All senders of this connection; raises CarrierFault."""
        raise NotImplementedError
