"""The life of a sender: made, changed, paused, deleted. Asking for its approval: reviews.py.

Every verb is a guarded update with its audit entry in one transaction. Channel, number, connection
and what the carrier calls it are what was approved: they can be changed only before, and after a
rejection. So what the Sandbox has approved stays at the Sandbox.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from . import audit, connections, reviews
from .account import Account
from .asset import AssetStatus, Sender
from .people import User
from .refusals import Refused
from .review import Decision, Review

RESTORE_DAYS = 30
OPEN_TO_CHANGE = (AssetStatus.DRAFT, AssetStatus.REJECTED)
FIELDS = (
    "identifier", "connection", "carrier_id", "display_name", "generation", "country",
    "dlt_entity_id",
)  # fmt: skip
ALWAYS_FREE = ("display_name", "dlt_entity_id")


class SenderRefused(Refused):
    """The sender was not changed."""


class SenderTaken(SenderRefused):
    """The account has a sender with this number or Sender ID already."""

    def __init__(self, identifier: str) -> None:
        super().__init__(f"This account has a sender {identifier} already.")


def is_open_to_change(sender: Sender) -> bool:
    """Whether all of it may be changed, not only what was never approved."""
    return sender.status in OPEN_TO_CHANGE


def create(account: Account, *, by: User, **fields: Any) -> Sender:
    """A sender that nobody has approved; `fields` are the channel and FIELDS, checked before."""
    with _free(fields["identifier"]), transaction.atomic():
        connections.require(fields["connection"])
        sender = Sender.objects.create(
            account=account, status=AssetStatus.DRAFT, created_by=by, **fields
        )
        _log(sender, "create", by=by, after={"channel": sender.channel, **_facts(sender)})
    return sender


def change(sender: Sender, *, by: User, **fields: Any) -> None:
    """Take over those FIELDS that may be changed in the state the sender is in."""
    free = FIELDS if is_open_to_change(sender) else ALWAYS_FREE
    if sender.status == AssetStatus.PENDING:
        raise SenderRefused("It is being checked. Take the request back to change it.")
    wanted = {name: fields[name] for name in free if name in fields}
    before = _facts(sender)
    with _free(str(fields.get("identifier", ""))), transaction.atomic():
        if "connection" in wanted:
            connections.require(wanted["connection"])
        _move(sender, _active().filter(status=sender.status), **wanted)
        if (after := _facts(sender)) != before:
            _log(sender, "change", by=by, before=before, after=after)


def submit(sender: Sender, *, by: User) -> Review:
    """Hand it in; drafts that did not come from the form may lack what India needs."""
    if sender.country == "IN" and not sender.dlt_entity_id:
        raise SenderRefused("Enter the DLT entity ID first: India takes no message without it.")
    return reviews.submit_sender(sender, by=by)


def pause(sender: Sender, *, by: User) -> None:
    """Nothing is sent from it until it is resumed: steps that use it are skipped."""
    _switch(sender, "pause", by=by, was=AssetStatus.APPROVED, now=AssetStatus.PAUSED)


def resume(sender: Sender, *, by: User) -> None:
    _switch(sender, "resume", by=by, was=AssetStatus.PAUSED, now=AssetStatus.APPROVED)


def delete(sender: Sender, *, by: User) -> None:
    """Take it out of every list; a request that is open for it is taken back."""
    with transaction.atomic():
        for review in sender.reviews.filter(decision=Decision.OPEN):
            reviews.withdraw(review, by=by)
        _move(sender, _active(), deleted_at=timezone.now())
        _log(sender, "delete", by=by, before=_facts(sender))


def restore(sender: Sender, *, by: User) -> None:
    if sender.deleted_at is None or sender.deleted_at < restorable_since():
        raise SenderRefused(f"It was deleted more than {RESTORE_DAYS} days ago.")
    gone = Sender.objects.filter(deleted_at=sender.deleted_at)
    with _free(sender.identifier), transaction.atomic():
        connections.require(sender.connection)
        _move(sender, gone, deleted_at=None)
        _log(sender, "restore", by=by)


def restorable_since() -> datetime:
    return timezone.now() - timedelta(days=RESTORE_DAYS)


def _switch(sender: Sender, verb: str, *, by: User, was: AssetStatus, now: AssetStatus) -> None:
    with transaction.atomic():
        _move(sender, _active().filter(status=was), status=now)
        _log(sender, verb, by=by, before={"status": was.value}, after={"status": now.value})


def _active() -> "QuerySet[Sender]":
    return Sender.objects.filter(deleted_at=None)


def _move(sender: Sender, guard: "QuerySet[Sender]", **to: Any) -> None:
    if not guard.filter(pk=sender.pk).update(**to):
        raise SenderRefused(f"{sender.label} was changed meanwhile. Look again.")
    sender.refresh_from_db()


@contextmanager
def _free(identifier: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise SenderTaken(identifier) from error


def _facts(sender: Sender) -> dict[str, str]:
    """What of it stands in the audit log."""
    return {name: str(getattr(sender, name)) for name in FIELDS}


def _log(sender: Sender, verb: str, *, by: User, before: Any = None, after: Any = None) -> None:
    audit.record(
        sender.account,
        f"sender.{verb}",
        by=by,
        of=sender,
        label=sender.label,
        before=before,
        after=after,
    )
