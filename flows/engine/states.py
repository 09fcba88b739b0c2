"""The words and values that a decision is made of; pure, without rows, clock or I/O.

The members' values are those of the models' choices; a test keeps both in step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from flows.connectors.base import ErrorClass, ReceiptStatus
from flows.definition import Channel, PinnedStep


class State(StrEnum):
    """Where an execution is."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    WAITING = "waiting"
    ENDED = "ended"


class Stage(StrEnum):
    """Where an attempt is."""

    SENDING = "sending"
    RETRYING = "retrying"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    SKIPPED = "skipped"

    @property
    def is_settled(self) -> bool:
        return self not in (Stage.SENDING, Stage.RETRYING, Stage.UNKNOWN, Stage.WAITING)


class Outcome(StrEnum):
    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Signal(StrEnum):
    NONE = ""
    CONFIRM = "confirm"
    CANCEL = "cancel"


class StatusCode(StrEnum):
    """How the result callback names what became of a step."""

    DELIVERED = "DELIVERED"
    READ = "READ"
    SENT = "SENT"
    FAILED = "FAILED"
    UNDELIVERED = "UNDELIVERED"
    NOT_SENT = "NOT-SENT"
    TIMEOUT = "TIMEOUT"


class Rank(IntEnum):
    """How far a message came; it only rises."""

    NONE = 0
    ACCEPTED = 1
    SENT = 2
    DELIVERED = 3
    READ = 4


RANKS: Mapping[ReceiptStatus, Rank] = {
    ReceiptStatus.ACCEPTED: Rank.ACCEPTED,
    ReceiptStatus.SENT: Rank.SENT,
    ReceiptStatus.DELIVERED: Rank.DELIVERED,
    ReceiptStatus.READ: Rank.READ,
}
SATISFIES: Mapping[str, Rank] = {
    "accepted": Rank.ACCEPTED,
    "delivered": Rank.DELIVERED,
    "read": Rank.READ,
}


@dataclass(frozen=True, kw_only=True)
class AttemptView:
    """One attempt as a decision sees and changes it."""

    step: int
    channel: Channel
    state: Stage = Stage.SENDING
    carrier_status: Rank = Rank.NONE
    carrier_failed: bool = False
    tries: tuple[Mapping[str, Any], ...] = ()
    message_id: str = ""
    status_code: str = ""
    error_code: str = ""
    error_class: str = ""
    reason: str = ""
    created_at: datetime
    accepted_at: datetime | None = None
    deadline_at: datetime
    settled_at: datetime | None = None

    @property
    def is_opted_out(self) -> bool:
        return self.error_class == ErrorClass.OPTED_OUT


@dataclass(frozen=True, kw_only=True)
class ReceiptView:
    """One receipt that no decision has seen yet."""

    id: int
    step: int
    status: ReceiptStatus
    received_at: datetime
    error_code: str = ""
    error_class: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All that a decision about one execution rests on.

    `obstacles` says why a step cannot be used now; a step without one can. At the steps `down` the
    obstacle is that the carrier is down.
    """

    steps: tuple[PinnedStep, ...]
    state: State = State.ACCEPTED
    step: int = 0
    speed: int = 1
    signal: Signal = Signal.NONE
    signal_by: str = ""
    attempts: tuple[AttemptView, ...] = ()
    receipts: tuple[ReceiptView, ...] = ()
    obstacles: Mapping[int, str] = field(default_factory=dict)
    down: frozenset[int] = frozenset()


@dataclass(frozen=True)
class End:
    """How an execution ended."""

    outcome: Outcome
    reason: str
    step: int | None = None
    channel: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to store. With `send_step` the attempt of that step is then handed to its carrier."""

    state: State
    step: int
    wake_at: datetime | None
    attempts: tuple[AttemptView, ...] = ()
    late: Mapping[int, bool] = field(default_factory=dict)  # receipt id: it came too late
    send_step: int | None = None
    end: End | None = None
    delivered_twice: bool = False
