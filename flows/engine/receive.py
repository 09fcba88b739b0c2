"""Receipts: stored raw first, matched to their attempts afterwards; decides nothing itself.

A receipt may come before our own record of the send, twice, late, or for a message that is not
ours. Until it finds its attempt it waits in the inbox (`due_at`).
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from flows.connectors.base import ReceiptEvent
from flows.models import Attempt, Execution, Receipt

from . import rows

MAX_MATCH_TRIES = 14  # about two hours with the pauses below
LONGEST_PAUSE_S = 3600

log = logging.getLogger(__name__)


def receive(
    events: Iterable[ReceiptEvent],
    *,
    connector: str,
    connection_id: int | None = None,
    now: datetime | None = None,
) -> int:
    """Store what a carrier reports; returns how many events were new."""
    now = now or timezone.now()
    found = [
        receipt_of(event, connector=connector, connection_id=connection_id, received_at=now)
        for event in events
    ]
    return len(rows.insert(found, ignore_conflicts=True, returning=["id"]))


def receipt_of(
    event: ReceiptEvent, *, connector: str, connection_id: int | None, received_at: datetime
) -> Receipt:
    """The row of an event that comes, or by plan will come, at `received_at`."""
    return Receipt(
        connector=connector,
        connection_id=connection_id,
        event_key=event.event_key[:200],
        message_id=event.message_id[:128],
        client_message_id=event.client_message_id or None,
        status=event.status.value,
        error_code=event.error_code[:60],
        error_class=event.error_class.value if event.error_class else "",
        reason=event.reason[:300],
        carrier_at=event.carrier_at,
        raw=event.raw if event.raw is not None else {},
        due_at=received_at,
        received_at=received_at,
    )


def match(*, limit: int, now: datetime) -> int:
    """Find the attempts of receipts that are due and wake their executions; returns how many."""
    if not Receipt.objects.filter(due_at__lte=now).exists():
        return 0
    with transaction.atomic():
        inbox = list(
            Receipt.objects.select_for_update(skip_locked=True)
            .filter(due_at__lte=now)
            .order_by("due_at", "id")[:limit]
        )
        owners = _owners(inbox)
        for receipt in inbox:
            _settle_in_inbox(receipt, owners.of(receipt), now)
        rows.update(inbox, ["attempt", "due_at", "match_tries"])
        wake([owners.execution_of[r.attempt_id] for r in inbox if r.attempt_id], now)
    return len(inbox)


def hurry(message_ids: Sequence[str], *, now: datetime) -> None:
    """Look at once for receipts that came before we knew these message ids."""
    Receipt.objects.filter(
        Q(due_at=None) | Q(due_at__gt=now),
        attempt=None,
        message_id__in=[message_id for message_id in message_ids if message_id],
        received_at__lte=now,
    ).update(due_at=now)


def wake(execution_ids: Iterable[int], now: datetime) -> None:
    """Make executions due; in the order of their ids, so that two workers cannot deadlock."""
    wanted = set(execution_ids)
    if wanted:
        due = Execution.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
        list(due.values_list("pk"))
        Execution.objects.filter(pk__in=wanted).update(wake_at=now)


def _settle_in_inbox(receipt: Receipt, owner: Attempt | None, now: datetime) -> None:
    if owner:
        receipt.attempt_id, receipt.due_at = owner.pk, None
        return
    receipt.match_tries += 1
    if receipt.match_tries >= MAX_MATCH_TRIES:
        receipt.due_at = None
        log.warning("receipt.unmatched", extra={"receipt_id": receipt.pk})
        return
    pause_s = min(2 ** (receipt.match_tries - 1), LONGEST_PAUSE_S)
    receipt.due_at = now + timedelta(seconds=pause_s)


class _Owners:
    """The attempts that a batch of receipts may belong to, by what receipts name them with."""

    def __init__(self, attempts: Iterable[Attempt]) -> None:
        attempts = list(attempts)
        self.by_client_message_id: Mapping[UUID | None, Attempt] = {
            a.client_message_id: a for a in attempts
        }
        self.by_message_id = {_key(a): a for a in attempts if a.message_id}
        self.execution_of = {a.pk: a.execution_id for a in attempts}

    def of(self, receipt: Receipt) -> Attempt | None:
        if receipt.client_message_id in self.by_client_message_id:
            return self.by_client_message_id[receipt.client_message_id]
        return self.by_message_id.get(_key(receipt))


def _owners(inbox: Sequence[Receipt]) -> _Owners:
    return _Owners(
        Attempt.objects.filter(
            Q(message_id__in={r.message_id for r in inbox if r.message_id})
            | Q(client_message_id__in={r.client_message_id for r in inbox if r.client_message_id})
        ).only("pk", "client_message_id", "message_id", "connector", "connection", "execution")
    )


def _key(row: Receipt | Attempt) -> tuple[str, int | None, str]:
    return row.connector, row.connection_id, row.message_id
