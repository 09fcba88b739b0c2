"""The numbers that `team` keys may send to: added, changed, deleted, brought back.

Every verb is one transaction with its audit entry; undoing a delete reads that entry.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from . import audit
from .account import Account, TestRecipient, held
from .audit import AuditEntry
from .people import User
from .refusals import Refused

MOST = 100  # of one account
UNDO_WITHIN = timedelta(hours=1)
DELETED = "testrecipient.delete"


class RecipientRefused(Refused):
    """The list of test recipients was not changed."""


class NumberTaken(RecipientRefused):
    """A number stands in the list once."""

    def __init__(self, other: TestRecipient) -> None:
        super().__init__(f"“{other.name}” has this number already.")


def add(account: Account, *, name: str, number: str, by: User) -> TestRecipient:
    """`number`: as flows.recipients gives it back."""
    with transaction.atomic():
        recipient = _insert(TestRecipient(account=account, name=name, number=number))
        _log(recipient, "create", by=by, after=_summary(recipient))
    return recipient


def change(recipient: TestRecipient, *, name: str, number: str, by: User) -> None:
    with transaction.atomic():
        held(recipient.account)
        found = TestRecipient.objects.filter(pk=recipient.pk).first()
        if found is None:
            raise RecipientRefused("Somebody deleted this test recipient meanwhile.")
        _refuse_taken(recipient.account, number, but=found)
        before, after = _summary(found), {"name": name, "number": number}
        if before == after:
            return
        TestRecipient.objects.filter(pk=found.pk).update(**after)
        recipient.name, recipient.number = name, number
        _log(recipient, "change", by=by, before=before, after=after)


def delete(recipient: TestRecipient, *, by: User) -> None:
    with transaction.atomic():
        gone, _ = TestRecipient.objects.filter(pk=recipient.pk).delete()
        if not gone:
            raise RecipientRefused(f"“{recipient.name}” was deleted already.")
        _log(recipient, "delete", by=by, before=_summary(recipient))


def deleted(account: Account, public_id: UUID) -> AuditEntry | None:
    """The entry of a delete that can still be undone."""
    entries = AuditEntry.objects.filter(object_id=str(public_id), account=account, action=DELETED)
    return entries.filter(at__gte=timezone.now() - UNDO_WITHIN).order_by("-id").first()


def restore(account: Account, entry: AuditEntry, *, by: User) -> TestRecipient:
    """Undo a delete: the same person with the same number and id."""
    with transaction.atomic():
        held(account)
        if found := TestRecipient.objects.filter(public_id=entry.object_id).first():
            return found
        back = TestRecipient(
            account=account, public_id=UUID(entry.object_id), **dict(entry.before or {})
        )
        recipient = _insert(back)
        _log(recipient, "restore", by=by, after=_summary(recipient))
    return recipient


def _insert(recipient: TestRecipient) -> TestRecipient:
    account = recipient.account
    held(account)
    if account.test_recipients.count() >= MOST:
        raise RecipientRefused(f"An account has at most {MOST} test recipients. Delete one first.")
    _refuse_taken(account, recipient.number)
    recipient.save(force_insert=True)
    return recipient


def _refuse_taken(account: Account, number: str, *, but: TestRecipient | None = None) -> None:
    other = account.test_recipients.filter(number=number).first()
    if other and other != but:
        raise NumberTaken(other)


def _summary(recipient: TestRecipient) -> dict[str, str]:
    return {"name": recipient.name, "number": recipient.number}


def _log(
    recipient: TestRecipient, verb: str, *, by: User, before: Any = None, after: Any = None
) -> None:
    audit.record(
        recipient.account, f"testrecipient.{verb}", by=by, of=recipient, label=recipient.name,
        before=before, after=after,
    )  # fmt: skip
