"""Receipts: stored raw first, matched to their attempts afterwards; decides nothing itself.

A receipt may come before our own record of the send, twice, late, or for a message that is not
ours. Until it finds its attempt it waits in the inbox (`due_at`), for some minutes only: whenever
later a send is recorded, the receipts that came before it are looked for again (`hurry`).
"""

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from flows.connectors.base import Json, ReceiptEvent
from flows.connectors.storable import storable
from flows.models import Attempt, Execution, Receipt

from . import rows
from .gather import Gather

# After each try to match in vain. Two engines may just miss each other; what is still unmatched
# then waits for its send, or is of a message that somebody else sent with the same credentials.
PAUSES_S = (1, 8, 64, 512)
CALLERS_AT_ONCE = 64  # who share one commit
RAW_MOST = 16 * 1024  # characters of JSON; real ones have about one in ten of them
YEARS = range(2000, 2100)  # of the times that carriers give

log = logging.getLogger(__name__)


def receive(
    events: Iterable[ReceiptEvent],
    *,
    connector: str,
    connection_id: int | None = None,
    now: datetime | None = None,
) -> int:
    """Store what a carrier reports; returns how many events were new. They are on disk then.

    Threads that come at the same moment share one commit, except inside a transaction.
    """
    now = now or timezone.now()
    found = [
        receipt_of(event, connector=connector, connection_id=connection_id, received_at=now)
        for event in events
    ]
    if not found:
        return 0
    return _store([found])[0] if connection.in_atomic_block else _together(found)


def _store(batches: Sequence[Sequence[Receipt]]) -> list[int]:
    """One statement, which is a transaction of its own; how many rows of each batch were new."""
    inserted = rows.insert(
        [receipt for batch in batches for receipt in batch],
        ignore_conflicts=True,
        returning=["connector", "connection_id", "event_key"],
    )
    new = set(inserted)
    counts = []
    for batch in batches:
        mine = new & {(r.connector, r.connection_id, r.event_key) for r in batch}
        new -= mine
        counts.append(len(mine))
    return counts


_together = Gather(_store, most=CALLERS_AT_ONCE)


def receipt_of(
    event: ReceiptEvent, *, connector: str, connection_id: int | None, received_at: datetime
) -> Receipt:
    """The row of an event that comes, or by plan will come, at `received_at`."""
    return Receipt(
        connector=connector,
        connection_id=connection_id,
        event_key=storable(event.event_key)[:200],
        message_id=storable(event.message_id)[:128],
        client_message_id=event.client_message_id or None,
        status=event.status.value,
        error_code=storable(event.error_code)[:60],
        error_class=event.error_class.value if event.error_class else "",
        reason=storable(event.reason)[:300],
        carrier_at=_plausible(event.carrier_at),
        raw=_kept(event.raw),
        due_at=received_at,
        received_at=received_at,
    )


def _kept(raw: Json) -> Json:
    """What a carrier said, as it is stored: nothing of what no receipt says, being so long."""
    whole = {} if raw is None else storable(raw)
    length = len(json.dumps(whole))
    return whole if length <= RAW_MOST else {"left_out": f"{length:,} characters"}


def _plausible(at: datetime | None) -> datetime | None:
    """A carrier's time; None when no database or page could count with it in another zone."""
    try:
        in_utc = at.astimezone(UTC) if at else None
    except (OverflowError, ValueError):
        return None
    return in_utc if in_utc and in_utc.year in YEARS else None


def match(*, limit: int, now: datetime, only_new: bool = False) -> int:
    """Find the attempts of receipts that are due and wake their executions; returns how many.
    `only_new`: leave out those that were looked for in vain before.

    Owners are looked for before anything is locked: on SQLite the doors wait for that lock. Of two
    engines that find the same receipts one writes, and both would write the same.
    """
    due = Receipt.objects.filter(due_at__lte=now)
    due = due.filter(match_tries=0) if only_new else due
    found = list(due.defer("raw").order_by("due_at", "id")[:limit])
    if not found:
        return 0
    owners = _owners(found)
    for receipt in found:
        _settle_in_inbox(receipt, owners.of(receipt), now)
    with transaction.atomic():
        mine = due.select_for_update(skip_locked=True).filter(pk__in=[r.pk for r in found])
        held = set(mine.values_list("pk", flat=True))
        settled = [receipt for receipt in found if receipt.pk in held]
        rows.update(settled, ["attempt", "due_at", "match_tries"])
        wake([owners.execution_of[r.attempt_id] for r in settled if r.attempt_id], now)
    if given_up := [r.pk for r in settled if r.attempt_id is None and r.due_at is None]:
        log.warning("receipt.unmatched", extra={"receipts": len(given_up), "first": given_up[0]})
    return len(settled)


def hurry(message_ids: Sequence[str], *, now: datetime) -> None:
    """Look at once, as if they were new, for receipts that came before we knew these ids.

    Those that another engine holds are left to it: it waits for executions that the caller holds.
    """
    early = Receipt.objects.select_for_update(skip_locked=True).filter(
        Q(due_at=None) | Q(due_at__gt=now) | Q(match_tries__gt=0),
        attempt=None,
        message_id__in=[message_id for message_id in message_ids if message_id],
        received_at__lte=now,
    )
    if found := list(early.order_by().values_list("pk", flat=True)):
        Receipt.objects.filter(pk__in=found).update(due_at=now, match_tries=0)


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
    tries, receipt.match_tries = receipt.match_tries, receipt.match_tries + 1
    is_over = tries >= len(PAUSES_S)
    receipt.due_at = None if is_over else now + timedelta(seconds=PAUSES_S[tries])


class _Owners:
    """The attempts that a batch of receipts may belong to, by what receipts name them with.

    Only the connection that sent a message can report on it: whoever else learns its id, ours or
    the carrier's, gets nowhere with it.
    """

    def __init__(self, attempts: Iterable[Attempt]) -> None:
        attempts = list(attempts)
        self._by_client_message_id = {(_door(a), a.client_message_id): a for a in attempts}
        self._by_message_id = {(_door(a), a.message_id): a for a in attempts if a.message_id}
        self.execution_of = {a.pk: a.execution_id for a in attempts}

    def of(self, receipt: Receipt) -> Attempt | None:
        if receipt.client_message_id:
            ours = self._by_client_message_id.get((_door(receipt), receipt.client_message_id))
            if ours:
                return ours
        return self._by_message_id.get((_door(receipt), receipt.message_id))


def _owners(inbox: Sequence[Receipt]) -> _Owners:
    """“Not empty” is said again because SQLite uses the index only then."""
    theirs = {receipt.message_id for receipt in inbox if receipt.message_id}
    ours = {receipt.client_message_id for receipt in inbox if receipt.client_message_id}
    named = ~Q(message_id="") & Q(message_id__in=theirs) | Q(client_message_id__in=ours)
    return _Owners(
        Attempt.objects.filter(named).only(
            "pk", "client_message_id", "message_id", "connector", "connection", "execution"
        )
    )


def _door(row: Receipt | Attempt) -> tuple[str, int | None]:
    return row.connector, row.connection_id
