"""Deletes what is older than its account keeps it: oldest first, in small batches, never what runs.

A batch is one short transaction, so that SQLite's only write lock is soon free again; of two
engines at once the second finds the rows locked, or gone, and deletes others. What is kept for
how long stands in docs/architecture.md.
"""

import logging
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet

from flows.models import (
    Account,
    Attempt,
    CallbackDelivery,
    CallbackTry,
    Connection,
    DeliveryState,
    Execution,
    Flow,
    FlowState,
    Invitation,
    OutgoingMail,
    Receipt,
    RejectedCall,
    TestRecipient,
    TestSend,
    UnreadHook,
)
from flows.models.account import REOPEN_DAYS
from flows.models.flow import RESTORE_DAYS

BATCH = 500  # single rows
EXECUTIONS_AT_ONCE = 50  # each with ten rows that hang on it
FLOWS_AT_ONCE = 20
ACCOUNTS_A_TURN = 20
REST = timedelta(minutes=5)
MAILS_KEPT = timedelta(days=30)
INVITATIONS_KEPT = timedelta(days=90)
STRAYS_KEPT = timedelta(days=14)  # what came to a receipt door and belongs to no message

log = logging.getLogger(__name__)


class Sweep:
    """Goes through the accounts a few at a time, then rests. Where it stands is all it remembers:
    an engine that starts anew begins at the first account."""

    def __init__(self) -> None:
        self._after = 0
        self._rest_until: datetime | None = None

    def __call__(self, now: datetime) -> int:
        """One turn: at most one full batch of one kind; returns how many rows it deleted."""
        if self._rest_until and now < self._rest_until <= now + REST:
            return 0
        accounts = list(Account.objects.filter(pk__gt=self._after).order_by("pk")[:ACCOUNTS_A_TURN])
        for account in accounts:
            if deleted := clear_account(account, now=now):
                return deleted  # this account may have more: it is looked at again next turn
            self._after = account.pk
        if len(accounts) < ACCOUNTS_A_TURN:
            deleted = clear_installation(now=now)
            self._after = 0
            self._rest_until = None if deleted else now + REST
            return deleted
        return 0


def clear_account(account: Account, *, now: datetime) -> int:
    """One batch of whatever is too old in this account."""
    until = keeps_until(account, now=now)
    for clear in (_executions, _test_sends, _rejected_calls, _test_events):
        if deleted := clear(account, until):
            return _told(clear.__name__, deleted)
    for clear in (_stray_receipts, _unread_hooks):
        if deleted := clear(account, max(until, now - STRAYS_KEPT)):
            return _told(clear.__name__, deleted)
    return _by_key(TestRecipient.objects.filter(account=account)) if until == now else 0


def keeps_until(account: Account, *, now: datetime) -> datetime:
    """What is older goes. Of an account that was closed for good nothing is kept."""
    if account.closed_at and account.closed_at < now - timedelta(days=REOPEN_DAYS):
        return now
    return now - timedelta(days=account.retention_days)


def clear_installation(*, now: datetime) -> int:
    """One batch of what belongs to no account's retention."""
    for clear in (_mails, _invitations, _flows, _sessions, _nobodys_receipts):
        if deleted := clear(now):
            return _told(clear.__name__, deleted)
    return 0


def _told(what: str, deleted: int) -> int:
    log.info("retention.deleted", extra={"what": what[1:], "rows": deleted})
    return deleted


# --- What an account keeps for its retention days ------------------------------------------------


def old_executions(account: Account, until: datetime) -> QuerySet[Execution]:
    """Ended before `until` (what runs has no end), and with no callback still owed.

    `created_at` adds nothing but the index.
    """
    owed = CallbackDelivery.objects.filter(execution=OuterRef("pk"), state=DeliveryState.PENDING)
    old = Execution.objects.filter(account=account, created_at__lt=until, ended_at__lt=until)
    return old.filter(~Exists(owed)).order_by("created_at")


def _executions(account: Account, until: datetime) -> int:
    """With everything that hangs on them, from the leaves up."""
    if not old_executions(account, until).exists():
        return 0
    with transaction.atomic():
        mine = old_executions(account, until).select_for_update(skip_locked=True, of=("self",))
        ids = list(mine.values_list("pk", flat=True)[:EXECUTIONS_AT_ONCE])
        attempts = list(
            Attempt.objects.filter(execution__in=ids).order_by().values_list("pk", flat=True)
        )
        owed = list(CallbackDelivery.objects.filter(execution__in=ids).values_list("pk", flat=True))
        _drop(Receipt.objects.filter(attempt__in=attempts))
        _drop(Attempt.objects.filter(pk__in=attempts))
        _drop(CallbackTry.objects.filter(delivery__in=owed))
        _drop(CallbackDelivery.objects.filter(pk__in=owed))
        _drop(TestSend.objects.filter(execution__in=ids))
        _drop(Execution.objects.filter(pk__in=ids))
    return len(ids)


def _test_sends(account: Account, until: datetime) -> int:
    """Those that made no execution; the others go with theirs."""
    alone = TestSend.objects.filter(account=account, execution=None)
    return _oldest(alone, until)


def _rejected_calls(account: Account, until: datetime) -> int:
    return _oldest(RejectedCall.objects.filter(account=account), until)


def _test_events(account: Account, until: datetime) -> int:
    """Posts of a callback profile that belong to no execution."""
    rows = CallbackDelivery.objects.filter(execution=None, profile__account=account)
    old = rows.filter(created_at__lt=until).exclude(state=DeliveryState.PENDING).order_by("pk")
    ids = list(old.values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    with transaction.atomic():
        _drop(CallbackTry.objects.filter(delivery__in=ids))
        return _drop(CallbackDelivery.objects.filter(pk__in=ids))


def _stray_receipts(account: Account, until: datetime) -> int:
    """Receipts that no attempt was ever found for: often of messages that another system of the
    account sent. By connection, in the order of its index of them."""
    for connection_id in _connections(account):
        stray = Receipt.objects.filter(
            connection=connection_id, attempt=None, due_at=None, received_at__lt=until
        )
        if deleted := _by_key(stray, "received_at"):
            return deleted
    return 0


def _unread_hooks(account: Account, until: datetime) -> int:
    """What came to a receipt door and could not be read."""
    for connection_id in _connections(account):
        kept = UnreadHook.objects.filter(connection=connection_id, received_at__lt=until)
        if deleted := _by_key(kept):
            return deleted
    return 0


def _connections(account: Account) -> list[int]:
    return list(Connection.objects.filter(account=account).values_list("pk", flat=True))


def _oldest(rows: QuerySet[Model], until: datetime) -> int:
    """Of rows that were made in the order of their keys: the first ones, as far as they are old."""
    first = rows.order_by("pk").values_list("pk", "created_at")[:BATCH]
    ids = [pk for pk, created_at in first if created_at < until]
    return _drop(rows.model._default_manager.filter(pk__in=ids)) if ids else 0


def _by_key(rows: QuerySet[Model], key: str = "pk") -> int:
    ids = list(rows.order_by(key).values_list("pk", flat=True)[:BATCH])
    return _drop(rows.model._default_manager.filter(pk__in=ids)) if ids else 0


def _drop(rows: QuerySet[Model]) -> int:
    """One DELETE: what points at the rows is gone already, so nothing need be looked for."""
    return rows._raw_delete(rows.db)


# --- What belongs to no account's retention ------------------------------------------------------


def _mails(now: datetime) -> int:
    done = OutgoingMail.objects.filter(wake_at=None)
    return _oldest(done, now - MAILS_KEPT)


def _invitations(now: datetime) -> int:
    return _by_key(
        Invitation.objects.filter(accepted_at=None, expires_at__lt=now - INVITATIONS_KEPT)
    )


def _sessions(now: datetime) -> int:
    """Of browsers that nobody has come back with; a mere look at the sign-in page may make one."""
    return _by_key(Session.objects.filter(expire_date__lt=now))


def _nobodys_receipts(now: datetime) -> int:
    """Planned for executions of a test key that were deleted before they came."""
    stray = Receipt.objects.filter(
        connection=None, attempt=None, due_at=None, received_at__lt=now - STRAYS_KEPT
    )
    return _by_key(stray)


def _flows(now: datetime) -> int:
    """Deleted flows that cannot be restored any more, unless executions still name their
    versions."""
    gone = Flow.objects.filter(deleted_at__lt=now - timedelta(days=RESTORE_DAYS))
    named = Execution.objects.filter(flow=OuterRef("pk"))
    ids = list(gone.filter(~Exists(named)).values_list("pk", flat=True)[:FLOWS_AT_ONCE])
    if not ids:
        return 0
    with transaction.atomic():
        flows = Flow.objects.filter(pk__in=ids)
        flows.update(state=FlowState.DRAFT, live_version=None)
        flows.delete()
    return len(ids)
