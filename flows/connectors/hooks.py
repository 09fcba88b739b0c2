"""What carriers call us with, and what it says: a request in, receipt events out. No I/O."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .errors import ErrorClass

Json = Any
Pairs = Sequence[tuple[str, str]]


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


class Unreadable(ValueError):
    """The body of a hook does not say what its carrier's hooks say; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One request of a carrier.

    `url` is the public address it came to, query included, as the carrier was given it; `rest` is
    what stands in its path below the connection's own (without slashes at its ends). The names of
    `headers` are lower-case.
    """

    method: str
    url: str
    rest: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def query(self) -> Pairs:
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def form(self) -> Pairs:
        """The pairs of a form body, in their order; raises Unreadable."""
        try:
            return parse_qsl(self.body.decode(), keep_blank_values=True, max_num_fields=200)
        except ValueError as error:
            raise Unreadable("The body is not a form.") from error

    def json(self) -> Json:
        """The body as JSON; raises Unreadable."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unreadable("The body is not JSON.") from error


@dataclass(frozen=True)
class HookAnswer:
    """What a carrier is answered when it wants more than a plain 200."""

    status: int
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class ExampleHook:
    """A request as the carrier would make it, for the self-test of a connection."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
