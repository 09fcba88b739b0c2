"""The audit log: who changed what, when, from where, before and after; never a secret."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from .account import Account
from .people import User

ONE_SITTING = timedelta(minutes=15)

# The address that the current request comes from. It is no business of the verbs that write
# entries, and every entry of a request has the same; so the middleware says it once.
_origin: ContextVar[str] = ContextVar("origin", default="")


@contextmanager
def coming_from(address: str) -> Iterator[None]:
    """Entries that are recorded inside carry this address."""
    token = _origin.set(address)
    try:
        yield
    finally:
        _origin.reset(token)


class AuditEntry(models.Model):
    account = models.ForeignKey(Account, models.CASCADE, related_name="audit_entries")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    action = models.CharField(max_length=40)  # "flow.publish"
    object_kind = models.CharField(max_length=30)
    object_id = models.CharField(max_length=64)  # the public id
    object_label = models.CharField(max_length=120)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    ip = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(F("account"), F("id").desc(), name="audit_list"),
            models.Index(F("object_id"), F("id").desc(), name="audit_last_of_object"),
            models.Index(F("account"), F("actor"), F("id").desc(), name="audit_list_by_person"),
            models.Index(F("account"), F("object_kind"), F("id").desc(), name="audit_list_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_label}"


def record(
    account: Account,
    action: str,
    *,
    by: User | None,
    of: models.Model,
    label: str,
    before: Any = None,
    after: Any = None,
) -> AuditEntry:
    """Write one entry inside the caller's transaction, so that change and entry stand together."""
    return AuditEntry.objects.create(
        account=account,
        actor=by,
        action=action,
        object_kind=of._meta.model_name or "",
        object_id=str(getattr(of, "public_id", of.pk)),
        object_label=label[:120],
        before=before,
        after=after,
        ip=_origin.get() or None,
    )


def record_sitting(
    account: Account,
    action: str,
    *,
    by: User,
    of: models.Model,
    label: str,
    before: Any = None,
    after: Any = None,
) -> None:
    """Like `record`, but saves that follow one another within minutes stay one entry.

    A draft that saves itself would otherwise bury every other change. Another person's change, or
    any other action on the object, begins a new entry.
    """
    public_id = str(getattr(of, "public_id", of.pk))
    last = AuditEntry.objects.filter(account=account, object_id=public_id).order_by("-id").first()
    now = timezone.now()
    if last and (last.action, last.actor_id) == (action, by.pk) and now - last.at < ONE_SITTING:
        AuditEntry.objects.filter(pk=last.pk).update(
            after=after, at=now, object_label=label[:120], ip=_origin.get() or None
        )
        return
    record(account, action, by=by, of=of, label=label, before=before, after=after)
