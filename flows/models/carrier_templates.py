"""The carrier's own list of templates: asked for when a person wants it, and kept as it came.

Whoever asks holds no transaction meanwhile. The engine asks every hour (engine/template_lists.py);
what a list means for a message is in carrier_lists.py.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from flows.connectors import base
from flows.connectors.base import CarrierFault

from . import audit, carrier_questions
from .asset import CarrierTemplate, Connection
from .connections import known_connector
from .people import User
from .refusals import Refused

EVERY = timedelta(hours=1)
AFTER_A_FAULT = timedelta(minutes=15)
PERSON_WAITS_S = 25.0
_AT_ONCE = 500  # rows a statement

log = logging.getLogger(__name__)


class SyncRefused(Refused):
    """This carrier has no list of templates."""


@dataclass(frozen=True)
class Listed:
    """What a carrier answered: its templates, or why it gave none, as a sentence."""

    templates: Sequence[base.CarrierTemplate] = ()
    fault: str = ""


def of(connection: Connection) -> "QuerySet[CarrierTemplate]":
    return CarrierTemplate.objects.filter(connection=connection).order_by("name", "language")


def sync(connection: Connection, by: User | None = None) -> str:
    """Ask the carrier now and keep what it says; returns why it did not work, empty if it did.

    Takes seconds. Nothing is kept when the connection was changed meanwhile.
    """
    connector = known_connector(connection)
    if connector is None or not connector.lists_templates:
        raise SyncRefused("This carrier has no list of templates to fetch.")
    try:
        templates = carrier_questions.ask(
            connection,
            lambda connector, seen, web: connector.list_templates(connection=seen, http=web),
            limit_s=PERSON_WAITS_S,
        )
    except CarrierFault as fault:
        listed = Listed(fault=str(fault))
    else:
        listed = Listed(templates)
    keep(connection, listed, now=timezone.now(), by=by)
    connection.refresh_from_db()
    return listed.fault


def keep(connection: Connection, listed: Listed, *, now: datetime, by: User | None = None) -> bool:
    """Replace the list by this one, or keep the old one and say why there is no new one.

    Whether it was kept: a list that was asked for with other credentials is thrown away.
    """
    fault = listed.fault[:300]
    changed: dict[str, Any] = {"sync_error": fault, "sync_at": now + AFTER_A_FAULT}
    if not fault:
        changed |= {"synced_at": now, "sync_at": now + EVERY}
    # To be deleted counts as changed, too.
    same = Connection.objects.filter(pk=connection.pk, revision=connection.revision)
    with transaction.atomic():
        if not same.update(**changed):
            return False
        rows = [] if fault else _rows(connection, listed.templates, now=now)
        if not fault:
            CarrierTemplate.objects.filter(connection=connection).delete()
            CarrierTemplate.objects.bulk_create(rows, batch_size=_AT_ONCE)
        if by:
            said = {"result": fault} if fault else {"templates": len(rows)}
            audit.record_sitting(
                connection.account,
                "connection.sync",
                by=by,
                of=connection,
                label=connection.name,
                after=said,
            )
    log.info(
        "connection.synced",
        extra={"connection_id": connection.pk, "templates": len(rows), "failed": bool(fault)},
    )
    return True


def _rows(
    connection: Connection, templates: Sequence[base.CarrierTemplate], *, now: datetime
) -> list[CarrierTemplate]:
    """One row for each name and language, the first that is listed."""
    found: dict[tuple[str, str], CarrierTemplate] = {}
    for template in templates:
        name, language = template.name[:512], template.language[:20]
        found.setdefault(
            (name, language),
            CarrierTemplate(
                connection=connection,
                name=name,
                language=language,
                category=template.category[:30],
                state=template.state.value,
                reason=template.reason[:300],
                carrier_id=template.carrier_id[:64],
                content=template.content.to_json() if template.content else None,
                seen_at=now,
            ),
        )
    return list(found.values())
