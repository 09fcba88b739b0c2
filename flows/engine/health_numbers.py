"""How well receipts come in, in numbers and in one word; pure, without rows or clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import ceil
from typing import Any

ENOUGH = 20  # sends; fewer prove nothing
JUDGED = 100  # of the newest sends: what is over is soon forgotten


class Verdict(StrEnum):
    """What the last sends say about the way of the receipts."""

    UNKNOWN = "unknown"  # too few sends to say
    GOOD = "good"
    FEW = "few"  # less than half of them got any
    NONE = "none"  # the newest sends all got none


@dataclass(frozen=True)
class Heard:
    """One accepted send, and when its first receipt, the first "delivered" and its last receipt
    came, if any did."""

    accepted_at: datetime
    first_at: datetime | None = None
    delivered_at: datetime | None = None
    last_at: datetime | None = None


def numbers(sends: Sequence[Heard]) -> dict[str, Any]:
    """The health of these sends, newest first, as it is stored; delays in seconds, or None.

    `answered` of the newest `judged` got a receipt: the verdict rests on those. `slow_s` is the
    delay that warnings about waits rest on: there is none before enough sends.
    """
    heard = [send for send in sends if send.first_at]
    newest = sends[:JUDGED]
    answered = sum(1 for send in newest if send.first_at)
    silent = next((at for at, send in enumerate(sends) if send.first_at), len(sends))
    delays = [_delay_s(send, send.first_at) for send in heard if send.first_at]
    delivered = [_delay_s(send, send.delivered_at) for send in sends if send.delivered_at]
    last = max((send.last_at for send in heard if send.last_at), default=None)
    return {
        "verdict": verdict(len(newest), with_receipt=answered, silent=silent).value,
        "judged": len(newest),
        "answered": answered,
        "sends": len(sends),
        "with_receipt": len(heard),
        "silent": silent,
        "last_receipt_at": last.isoformat() if last else None,
        "median_s": percentile(delays, 50),
        "p95_s": percentile(delays, 95),
        "delivered": len(delivered),
        "delivered_median_s": percentile(delivered, 50),
        "delivered_p95_s": percentile(delivered, 95),
        "slow_s": percentile(delivered, 95) if len(delivered) >= ENOUGH else None,
    }


def verdict(sends: int, *, with_receipt: int, silent: int) -> Verdict:
    """`silent`: how many of the newest sends in a row got no receipt at all."""
    if silent >= ENOUGH:
        return Verdict.NONE
    if sends < ENOUGH:
        return Verdict.UNKNOWN
    return Verdict.FEW if 2 * with_receipt < sends else Verdict.GOOD


def percentile(values: Sequence[float], share: int) -> float | None:
    """The smallest value that at least `share` of 100 do not exceed; None without values."""
    if not values:
        return None
    return sorted(values)[max(ceil(len(values) * share / 100), 1) - 1]


def _delay_s(send: Heard, at: datetime) -> float:
    """A receipt may come before the answer to the send was noted: that is no delay at all."""
    return max(round((at - send.accepted_at).total_seconds(), 2), 0.0)
