"""When a connection counts as down, and when one message may try whether it still is.

Pure: what came back from sends goes in one by one, the breaker's new state comes out; no clock, no
rows. outages.py keeps the state in the connections' rows.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from flows.connectors.base import Accepted, ErrorClass, NotTaken, Refused, SendResult, Unknown

LIMIT = 5  # sends in a row that the carrier did not take
FIRST_PAUSE_S = 15
LONGEST_PAUSE_S = 300


class Sign(Enum):
    """What the result of one send says about its connection."""

    ALIVE = "alive"  # the carrier answered
    DEAD = "dead"  # it did not, or takes nothing from us
    NEITHER = "neither"  # it is there but busy, or was not even asked


@dataclass(frozen=True)
class Heard:
    """One result of a send: its sign, and the fault in words where there is one.

    `is_probe`: the message was let through to try a connection that is down.
    """

    at: datetime
    sign: Sign
    fault: str = ""
    is_probe: bool = False


@dataclass(frozen=True)
class Breaker:
    """The state of one connection. While it is down `failures` counts the failed probes too."""

    failures: int = 0
    down_since: datetime | None = None
    probe_at: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.down_since is not None

    def may_be_tried(self, now: datetime) -> bool:
        return self.is_open and (self.probe_at is None or self.probe_at <= now)

    def after(self, heard: Heard) -> "Breaker":
        """The state once this was heard; results are given in the order they came in."""
        state = self._noting(heard)
        match heard.sign:
            case Sign.ALIVE:
                return state._alive(heard.at)
            case Sign.DEAD:
                return state._dead(heard)
            case Sign.NEITHER:
                return state._paused(heard.at) if heard.is_probe and state.is_open else state

    def _noting(self, heard: Heard) -> "Breaker":
        is_news = self.last_error_at is None or self.last_error_at <= heard.at
        if not heard.fault or not is_news:
            return self
        return replace(self, last_error=heard.fault[:300], last_error_at=heard.at)

    def _alive(self, at: datetime) -> "Breaker":
        if self.down_since and at < self.down_since:  # an answer from before it went down
            return self
        return replace(self, failures=0, down_since=None, probe_at=None)

    def _dead(self, heard: Heard) -> "Breaker":
        if self.is_open:  # what was under way when it went down says nothing new
            failed = replace(self, failures=self.failures + 1)
            return failed._paused(heard.at) if heard.is_probe else self
        failed = replace(self, failures=self.failures + 1)
        if failed.failures < LIMIT:
            return failed
        return replace(failed, failures=LIMIT, down_since=heard.at)._paused(heard.at)

    def _paused(self, at: datetime) -> "Breaker":
        return replace(self, probe_at=at + timedelta(seconds=pause_s(self.failures)))


def pause_s(failures: int) -> float:
    """How long nothing is sent after so many failures: doubling with every failed probe."""
    doublings = min(max(failures - LIMIT, 0), 10)
    return min(FIRST_PAUSE_S * 2.0**doublings, LONGEST_PAUSE_S)


def heard(
    result: SendResult, *, at: datetime, credential_codes: Set[str], is_probe: bool = False
) -> Heard:
    """What a result says. A refusal without anything raw is our own: nobody was asked."""
    match result:
        case Accepted():
            return Heard(at, Sign.ALIVE, is_probe=is_probe)
        case Refused() if result.code in credential_codes:
            return Heard(at, Sign.DEAD, result.reason, is_probe)
        case Refused():
            sign = Sign.NEITHER if result.raw is None else Sign.ALIVE
            return Heard(at, sign, is_probe=is_probe)
        case NotTaken():
            is_down = result.error_class is ErrorClass.CARRIER_DOWN
            return Heard(at, Sign.DEAD if is_down else Sign.NEITHER, result.reason, is_probe)
        case Unknown():
            return Heard(at, Sign.DEAD, result.reason, is_probe)
