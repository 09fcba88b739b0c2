"""What a fake carrier can be asked to do with a message; plain values, no I/O."""

from dataclasses import dataclass

# A body that no carrier answers with: what a proxy in between may say.
NOT_THE_CARRIER = "<html><body>Something went wrong.</body></html>"


@dataclass(frozen=True)
class Deliver:
    """Take it, answer, and report sent and delivered (and read)."""

    after_s: float = 0
    read: bool = False


@dataclass(frozen=True)
class FailLater:
    """Take it, answer, and report later that it failed with this code of the carrier."""

    code: str
    after_s: float = 0


@dataclass(frozen=True)
class Refuse:
    """Refuse it at once with this code of the carrier."""

    code: str


@dataclass(frozen=True)
class Silent:
    """Take it, answer, and never report anything."""


@dataclass(frozen=True)
class Late:
    """Take it, answer, and report nothing but delivered, after this time."""

    after_s: float


@dataclass(frozen=True)
class Twice:
    """Take it, answer, and make every report two times."""


@dataclass(frozen=True)
class OutOfOrder:
    """Take it, answer, and report delivered first and sent then."""


@dataclass(frozen=True)
class BeforeAnswer:
    """Take it, report sent and delivered, and answer only then."""


Reporting = Deliver | FailLater | Silent | Late | Twice | OutOfOrder


@dataclass(frozen=True)
class TooMany:
    """Answer 429 so many times, and go on with the next act then."""

    times: int = 1
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Broken:
    """Answer with this status and with a body that the carrier would never send.

    `status` may be 200 (a garbled success) or 302 (a redirect) as well. When the message is taken
    all the same, `then` says what is reported of it.
    """

    status: int = 500
    taken: bool = False
    times: int = 1
    then: Reporting = Silent()
    body: str = NOT_THE_CARRIER


@dataclass(frozen=True)
class Hang:
    """Read the request and answer nothing for so long; then answer as usual."""

    seconds: float
    taken: bool = True
    then: Reporting = Silent()


@dataclass(frozen=True)
class Drop:
    """Read the request and close the connection without an answer."""

    taken: bool = True
    then: Reporting = Silent()


Act = Reporting | Refuse | BeforeAnswer | TooMany | Broken | Hang | Drop
