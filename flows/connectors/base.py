"""What a connector is given and what it answers; knows no carrier, no clock and does no I/O.

A connector is one module: it sends, and later issues let it verify and parse receipts too. What a
carrier says is normalised at this edge; its own words are kept raw beside it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from flows.placeholders import Channel, Resolved, TemplateContent

Json = Any


class ErrorClass(StrEnum):
    """Why a message could not be delivered, whatever the carrier calls it."""

    NOT_ON_CHANNEL = "not_on_channel"
    BAD_NUMBER = "bad_number"
    OPTED_OUT = "opted_out"
    BLOCKED = "blocked"
    TEMPLATE_PROBLEM = "template_problem"
    OUTSIDE_POLICY = "outside_policy"
    THROTTLED = "throttled"
    CARRIER_DOWN = "carrier_down"
    CONTENT_REJECTED = "content_rejected"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        """What happened, for people."""
        return _WORDS[self][0]

    @property
    def advice(self) -> str:
        """What to do about it, for people."""
        return _WORDS[self][1]


_WORDS: Mapping[ErrorClass, tuple[str, str]] = {
    ErrorClass.NOT_ON_CHANNEL: (
        "The number is not reachable on this channel.",
        "Nothing to do: the next step takes over.",
    ),
    ErrorClass.BAD_NUMBER: (
        "The number is not valid or no longer in use.",
        "Correct the number in your own records.",
    ),
    ErrorClass.OPTED_OUT: (
        "The person has opted out of messages from this sender.",
        "Do not write to this person again until they opt in.",
    ),
    ErrorClass.BLOCKED: (
        "The sender or the recipient is blocked.",
        "Ask the carrier why, and look at the sender's quality rating.",
    ),
    ErrorClass.TEMPLATE_PROBLEM: (
        "The carrier does not accept the template or its parameters.",
        "Compare the template with the one that the carrier approved.",
    ),
    ErrorClass.OUTSIDE_POLICY: (
        "The carrier's policy or messaging window does not allow this message now.",
        "Check the template's category, the hours allowed and the consent.",
    ),
    ErrorClass.THROTTLED: (
        "The carrier is limiting how fast or how much is sent.",
        "Send more slowly or ask the carrier for a higher limit.",
    ),
    ErrorClass.CARRIER_DOWN: (
        "The carrier could not be reached or is out of order.",
        "Look at the carrier's status page; the next step takes over meanwhile.",
    ),
    ErrorClass.CONTENT_REJECTED: (
        "The carrier or an operator rejected the text.",
        "Check links, wording and the DLT registration of the text.",
    ),
    ErrorClass.UNKNOWN: (
        "The carrier gave a reason that is not known here.",
        "Look the code up in the carrier's documentation.",
    ),
}


class ReceiptStatus(StrEnum):
    """What one receipt says."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class ReceiptEvent:
    """One receipt, normalised. It names its message by the carrier's id, by ours, or by both.

    `event_key` is the same whenever the carrier repeats the same event, and unique otherwise.
    """

    event_key: str
    status: ReceiptStatus
    message_id: str = ""
    client_message_id: str = ""
    error_code: str = ""
    error_class: ErrorClass | None = None
    reason: str = ""
    carrier_at: datetime | None = None
    raw: Json = None


@dataclass(frozen=True)
class PlannedReceipt:
    """A receipt that the Sandbox will give `delay_s` of the execution's clock after its answer."""

    delay_s: float
    event: ReceiptEvent


@dataclass(frozen=True, kw_only=True)
class OutboundMessage:
    """One message to send. `try_number` counts from 1; `wait_s` is how long receipts matter."""

    client_message_id: str
    channel: Channel
    sender: str
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


class AnswerLost(Exception):
    """The request may have been seen, but no whole answer came back."""


class Http(Protocol):
    """How a connector talks to its carrier; flows.connectors.http implements it."""

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        """Raises NotReached or AnswerLost; any status is an answer."""


@dataclass(frozen=True)
class ConfigField:
    """One value that a connection of this carrier needs, for forms and checks."""

    name: str
    label: str
    is_secret: bool = False
    is_required: bool = True
    help: str = ""


class Connector(ABC):
    """One kind of carrier. Stateless: one instance serves every account."""

    key: ClassVar[str]
    label: ClassVar[str]
    channels: ClassVar[frozenset[Channel]] = frozenset(Channel)
    config_fields: ClassVar[Sequence[ConfigField]] = ()

    @abstractmethod
    async def send(
        self, message: OutboundMessage, *, config: Mapping[str, Json], http: Http
    ) -> SendResult:
        """Hand one message to the carrier. Whatever it raises is taken as Unknown."""
