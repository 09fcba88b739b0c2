"""The receipt health of connections: one of them a turn, each at most once a minute.

Reads at most SAMPLE sends of a connection and what was reported of them, in a handful of
statements, and writes its `health` alone. The rules are in health_numbers.py.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Min, Q

from flows.connectors import registry
from flows.connectors.base import ReceiptStatus
from flows.connectors.sandbox import KEY as SANDBOX
from flows.models import Attempt, Connection, Receipt, letters
from flows.models.self_tests import PREFIX

from . import poll
from .health_numbers import Heard, Verdict, numbers

EVERY = timedelta(minutes=1)
PERIOD = timedelta(hours=24)
GRACE = timedelta(seconds=60)  # younger sends may still get their first receipt
TELL_AGAIN_AFTER = timedelta(hours=1)
SAMPLE = 1000
NEWEST = 100  # sends that the time of the last receipt is taken from
MOST_UNMATCHED = 1000  # more are not counted
ARRIVED = (ReceiptStatus.DELIVERED, ReceiptStatus.READ)

log = logging.getLogger(__name__)


def look(now: datetime) -> int:
    """Compute the health of the connection that has waited longest, if one is due; a chore."""
    due = Q(health_at=None) | Q(health_at__lte=now - EVERY)
    rows = Connection.objects.filter(due, connector__in=_reporting(), deleted_at=None)
    found = rows.order_by(F("health_at").asc(nulls_first=True), "pk").first()
    if found is None:
        return 0
    mine = Connection.objects.filter(pk=found.pk, health_at=found.health_at)
    if not mine.update(health_at=now):  # another engine was faster
        return 0
    health = health_of(found, now=now)
    with transaction.atomic():
        health.update(_tell(found, health, now=now))
        Connection.objects.filter(pk=found.pk).update(health=health)
    _say(found, health["verdict"])
    return 1


def _tell(connection: Connection, health: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Since when no receipt comes, and when the admins got their last letter: one each time that
    receipts stop, but no two within an hour."""
    before, told_at = connection.health, connection.health.get("told_at")
    if health["verdict"] != Verdict.NONE:
        return {"silent_since": None, "told_at": told_at}
    since = before.get("silent_since") or now.isoformat()
    is_told = told_at and told_at >= since
    if not is_told and (not told_at or datetime.fromisoformat(told_at) + TELL_AGAIN_AFTER <= now):
        letters.receipts_missing(connection, silent=health["silent"])
        told_at = now.isoformat()
    return {"silent_since": since, "told_at": told_at}


def _say(connection: Connection, verdict: str) -> None:
    """A line when receipts stop or thin out, and one when they come again."""
    bad: set[str] = {Verdict.NONE, Verdict.FEW}
    before = connection.health.get("verdict", "")
    told = {"connection_id": connection.pk, "connection": str(connection.public_id)}
    if verdict != before and verdict in bad:
        log.warning("connection.receipts", extra={**told, "verdict": str(verdict)})
    elif verdict != before and before in bad:
        log.info("connection.receipts", extra={**told, "verdict": str(verdict)})


def _reporting() -> list[str]:
    known = registry.load(tuple(settings.EXTRA_CONNECTORS))
    return [key for key, one in known.items() if one.has_hooks and key != SANDBOX]


def health_of(connection: Connection, *, now: datetime) -> dict[str, Any]:
    """As it is stored. When the last receipt came is remembered for longer than the period."""
    health = numbers(_heard(connection, now=now))
    known = [_last_receipt_at(connection), health["last_receipt_at"]]
    known.append(connection.health.get("last_receipt_at"))
    health["last_receipt_at"] = max(filter(None, known), default=None)
    health["unmatched"] = _unmatched(connection, now=now)
    return health


def _heard(connection: Connection, *, now: datetime) -> list[Heard]:
    """The newest sends that were accepted, newest first, with when they were heard of."""
    newest = (
        Attempt.objects.filter(connection=connection, created_at__lte=now - GRACE)
        .order_by("-pk")
        .values_list("pk", "accepted_at")[:SAMPLE]
    )
    since, until = now - PERIOD, now - GRACE
    accepted = {pk: at for pk, at in newest if at and since <= at <= until}
    reported = (
        Receipt.objects.filter(attempt__in=list(accepted))
        .exclude(event_key__startswith=poll.EVENT_PREFIX)
        .order_by()
        .values_list("attempt")
        .annotate(
            first=Min("received_at"),
            delivered=Min("received_at", filter=Q(status__in=ARRIVED)),
            last=Max("received_at"),
        )
    )
    times = {pk: rest for pk, *rest in reported}
    return [Heard(at, *times.get(pk, ())) for pk, at in accepted.items()]


def _last_receipt_at(connection: Connection) -> str | None:
    """When the newest sends were last reported on; those that are too young to count, too."""
    newest = Attempt.objects.filter(connection=connection).order_by("-pk").values_list("pk")
    reported = Receipt.objects.filter(attempt__in=[pk for (pk,) in newest[:NEWEST]])
    last = reported.exclude(event_key__startswith=poll.EVENT_PREFIX).aggregate(
        at=Max("received_at")
    )["at"]
    return last.isoformat() if last else None


def _unmatched(connection: Connection, *, now: datetime) -> int:
    """Receipts of the period that were looked for in vain; at most MOST_UNMATCHED."""
    lost = Receipt.objects.filter(
        connection=connection, attempt=None, received_at__gte=now - PERIOD, match_tries__gt=0
    ).exclude(message_id__startswith=PREFIX)
    return lost[:MOST_UNMATCHED].count()
