"""Asking for publication, and the answers that are not publishing (lifecycle.publish is)."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from . import letters
from .account import Account
from .audit import AuditEntry
from .flow import Flow
from .flow_moves import NO_DECLINE, NO_REQUEST, active, log, move, refuse_unchanged, require
from .lifecycle import problems_of
from .people import User
from .refusals import LifecycleError

CHANGES = ("flow.save", "flow.discard")


def ask(flow: Flow, *, by: User, note: str = "") -> None:
    """Ask the account's admins to publish the working copy; a new request replaces the last."""
    refuse_unchanged(flow)
    require(problems_of(flow))
    with transaction.atomic():
        move(
            flow,
            active().filter(revision=flow.revision),
            by=by,
            requested_by=by,
            requested_at=timezone.now(),
            request_note=note,
            **NO_DECLINE,
        )
        log(flow, "flow.request", by=by, after={"note": note})
        letters.publication_asked(flow, by=by)


def withdraw(flow: Flow, *, by: User) -> None:
    """Take the own request back; the draft stays as it is."""
    if flow.requested_at and flow.requested_by != by:
        raise LifecycleError(f"Only {flow.requested_by or 'who asked'} can take this request back.")
    with transaction.atomic():
        _answer(flow, by=by)
        log(flow, "flow.request_withdraw", by=by)


def decline(flow: Flow, *, by: User, reason: str) -> None:
    """Not now: the request is gone, the reason stays until the next request or publication."""
    if not reason.strip():
        raise LifecycleError("Say why it is declined, so that it can be put right.")
    asker, note = flow.requested_by, flow.request_note
    with transaction.atomic():
        _answer(
            flow,
            by=by,
            declined_by=by,
            declined_at=timezone.now(),
            decline_reason=reason.strip()[:300],
        )
        log(
            flow,
            "flow.decline",
            by=by,
            before={"note": note},
            after={"reason": flow.decline_reason},
        )
        letters.publication_declined(flow, asker=asker, by=by)


def changed_since_asked(flow: Flow) -> bool:
    """Somebody has changed the draft after its publication was asked for."""
    if flow.requested_at is None:
        return False
    entries = AuditEntry.objects.filter(object_id=str(flow.public_id), action__in=CHANGES)
    return entries.filter(account=flow.account, at__gt=flow.requested_at).exists()


def waiting_in(account: Account) -> int:
    return active().filter(account=account, requested_at__isnull=False).count()


def _answer(flow: Flow, *, by: User, **to: Any) -> None:
    """The request as it was read gets its answer; a newer one does not."""
    if flow.requested_at is None:
        raise LifecycleError("Nobody asks for the publication of this flow any more.")
    move(flow, active().filter(requested_at=flow.requested_at), by=by, **NO_REQUEST, **to)
