"""How a connection does, in words: whether it is down, how its receipts come in, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from flows.connectors.sandbox import KEY as SANDBOX
from flows.durations import in_words
from flows.models import Account, Connection, connections
from flows.models.outage_words import outage

from . import connection_self_test

MANY_UNMATCHED = 1000  # as far as flows.engine.health counts


@dataclass(frozen=True)
class Trouble:
    """Something is wrong, and what to do about it: a sentence each."""

    what: str
    to_do: str


def panels(connection: Connection) -> dict[str, Any]:
    """What the page of a connection shows of its breaker, its receipt health and its self-test."""
    now = timezone.now()
    probe_at = connection.probe_at
    return {
        "outage": outage(connection, now=now),
        "may_be_tried": probe_at is not None and probe_at <= now,
        "health": health(connection) if reports(connection) else None,
        **connection_self_test.panel(connection),
    }


def reports(connection: Connection) -> bool:
    """Whether receipts are to be expected of it; the Sandbox plays its own."""
    connector = connections.known_connector(connection)
    return connector is not None and connector.has_hooks and connector.key != SANDBOX


def health(connection: Connection) -> dict[str, Any]:
    """The stored numbers as texts."""
    stored = connection.health
    sends, unmatched = stored.get("sends", 0), stored.get("unmatched", 0)
    share = f"{100 * stored['with_receipt'] // sends} %" if sends else ""
    return {
        "sends": sends,
        "share": share,
        "median": _delay(stored.get("median_s")),
        "p95": _delay(stored.get("p95_s")),
        "delivered_median": _delay(stored.get("delivered_median_s")),
        "delivered_p95": _delay(stored.get("delivered_p95_s")),
        "last_receipt_at": last_receipt_at(connection),
        "unmatched": f"{unmatched:,} or more" if unmatched >= MANY_UNMATCHED else unmatched,
        "warnings": receipt_troubles(connection),
    }


def last_receipt_at(connection: Connection) -> datetime | None:
    return parse_datetime(connection.health.get("last_receipt_at") or "")


def _delay(seconds: float | None) -> str:
    return "—" if seconds is None else in_words(seconds)


def receipt_troubles(connection: Connection) -> list[Trouble]:
    """What is wrong with its receipts, as last computed."""
    stored = connection.health
    if stored.get("verdict") == "none":
        what = (
            f"Receipts do not arrive: none came for the last {stored.get('silent', 0)} messages. "
            "Flows that use it fall back even when messages were delivered."
        )
        return [Trouble(what, _TO_DO_NONE)]
    if stored.get("verdict") == "few":
        what = (
            f"Receipts came for only {stored.get('answered', 0)} of the last "
            f"{stored.get('judged', 0)} messages. Flows fall back more often than they need to."
        )
        return [Trouble(what, _TO_DO_FEW)]
    return []


_TO_DO_NONE = (
    "Try the receipt path of this connection. When it works, check that the carrier has its "
    "address for receipts."
)
_TO_DO_FEW = (
    "Check at the carrier that every number and Sender ID reports to the address for receipts, "
    "and ask which of them report no delivery."
)


def troubled(account: Account) -> list[tuple[Connection, list[Trouble]]]:
    """The connections of the account that something is wrong with, by name; one query."""
    found = ((one, list(_all(one))) for one in connections.of(account).order_by("name", "pk"))
    return [(connection, warnings) for connection, warnings in found if warnings]


def _all(connection: Connection) -> Iterable[Trouble]:
    if why := outage(connection, now=timezone.now()):
        yield Trouble(
            f"{why}.",
            "Steps that use it are skipped and the next step follows at once. It is tried again "
            "by itself; check its credentials and the carrier's status page.",
        )
    elif reports(connection):
        yield from receipt_troubles(connection)
