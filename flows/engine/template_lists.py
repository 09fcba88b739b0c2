"""Fetches the carriers' lists of templates every hour: claim → ask the carrier → keep.

A claim is a guarded update of sync_at, which is also its lease: an engine that died is followed by
another after it. The carrier is asked beside everything else; only claim and list touch rows.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from flows.connectors import registry
from flows.connectors.base import CarrierFault, Http
from flows.connectors.http import Web
from flows.models import Connection, carrier_templates
from flows.models.carrier_templates import Listed
from flows.models.connections import connector_of, view_of

LIMIT_S = 60.0
LEASE = timedelta(minutes=5)
AT_ONCE = 2

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetched:
    """A connection as it was when its carrier was asked, and the answer."""

    connection: Connection
    listed: Listed


def begin(*, limit: int, now: datetime) -> tuple[int, list[Connection]]:
    """Claim connections whose list is due; another engine may be faster with some."""
    due = _listing().filter(Q(sync_at=None) | Q(sync_at__lte=now)).order_by("pk")[:limit]
    claimed = [connection for connection in due if _claim(connection, now=now)]
    return len(claimed), claimed


def _claim(connection: Connection, *, now: datetime) -> bool:
    unclaimed = Connection.objects.filter(pk=connection.pk, sync_at=connection.sync_at)
    return bool(unclaimed.update(sync_at=now + LEASE))


def next_due_at() -> datetime | None:
    due_at: datetime | None = _listing().aggregate(at=Min("sync_at"))["at"]
    return due_at


def _listing() -> "QuerySet[Connection]":
    """Connections at carriers that have a list, and that people still use."""
    known = registry.load(tuple(settings.EXTRA_CONNECTORS))
    keys = [key for key, connector in known.items() if connector.lists_templates]
    return Connection.objects.filter(connector__in=keys, deleted_at=None)


async def perform(connection: Connection, web: Http) -> Fetched:
    """Ask the carrier; whatever goes wrong is kept as a sentence."""
    return Fetched(connection, await _ask(connection, web))


async def _ask(connection: Connection, web: Http) -> Listed:
    try:
        async with asyncio.timeout(LIMIT_S):
            connector, seen = connector_of(connection), view_of(connection)
            return Listed(await connector.list_templates(connection=seen, http=web))
    except CarrierFault as fault:
        return Listed(fault=str(fault))
    except TimeoutError:
        return Listed(fault="The carrier did not give its whole list in time.")
    except Exception as error:  # noqa: BLE001 - a connector's fault must not stop the others
        log.error(
            "connection.sync_failed",
            extra={"connection_id": connection.pk, "error": type(error).__name__},
        )
        return Listed(fault="The carrier's list could not be read.")


def record(fetched: Sequence[Fetched], *, now: datetime) -> None:
    """Keep what came; a connection that was changed meanwhile is asked again after its lease."""
    for one in fetched:
        carrier_templates.keep(one.connection, one.listed, now=now)


def turn(now: datetime | None = None, *, limit: int = 50) -> int:
    """Fetch once what is due; returns how many connections were asked."""
    now = now or timezone.now()
    touched, claimed = begin(limit=limit, now=now)
    if claimed:
        record(asyncio.run(_ask_all(claimed)), now=now)
    return touched


async def _ask_all(claimed: Sequence[Connection]) -> list[Fetched]:
    async with Web(allow_private=True) as web:
        return await asyncio.gather(*(perform(connection, web) for connection in claimed))
