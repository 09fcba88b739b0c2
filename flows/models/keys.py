"""The life of an API key: issued, changed, revoked. Every verb is one transaction with its audit
entry. The secret is returned once by `issue` and stands nowhere else, in no entry and no log.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from . import audit
from .account import Account, held
from .people import ApiKey, KeyKind, User
from .refusals import Refused


class KeyRefused(Refused):
    """The key was not made or changed."""


class KeyNameTaken(KeyRefused):
    """Two keys that work must not be taken for one another."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another key is called “{name}” already. Choose another name.")


class KeyRevoked(KeyRefused):
    """Whatever was asked for: the key is out of use for good."""

    def __init__(self, key: ApiKey) -> None:
        super().__init__(f"“{key.name}” was revoked already. Nothing was changed.")


def issue(
    account: Account, *, name: str, kind: KeyKind, by: User, ip_ranges: Sequence[str] = ()
) -> tuple[ApiKey, str]:
    """A new key with its secret, which is shown only this once."""
    with transaction.atomic():
        held(account)
        _refuse_taken(account, name)
        key, secret = ApiKey.issue(account, name=name, kind=kind, by=by, ip_ranges=ip_ranges)
        after = {**_summary(key), "kind": key.kind, "prefix": key.prefix}
        audit.record(account, "apikey.create", by=by, of=key, label=key.name, after=after)
    return key, secret


def change(key: ApiKey, *, by: User, name: str, ip_ranges: Sequence[str]) -> bool:
    """Another name, other addresses; False when both are as they were."""
    with transaction.atomic():
        held(key.account)
        key.refresh_from_db()
        if key.revoked_at:
            raise KeyRevoked(key)
        _refuse_taken(key.account, name, but=key)
        before, after = _summary(key), {"name": name, "ip_ranges": list(ip_ranges)}
        if before == after:
            return False
        key.name, key.ip_ranges = name, list(ip_ranges)
        key.save(update_fields=["name", "ip_ranges"])
        audit.record(
            key.account, "apikey.change", by=by, of=key, label=name, before=before, after=after
        )
    return True


def revoke(key: ApiKey, *, by: User) -> None:
    """For good: calls with it are refused from now on. It stays in the list."""
    now = timezone.now()
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            raise KeyRevoked(key)
        audit.record(key.account, "apikey.revoke", by=by, of=key, label=key.name)
    key.revoked_at = now


def revoke_all(account: Account, *, by: User) -> int:
    """Every key that works; returns how many those were."""
    with transaction.atomic():
        held(account)
        keys = list(working(account))
        for key in keys:
            revoke(key, by=by)
    return len(keys)


def working(account: Account) -> QuerySet[ApiKey]:
    """The account's keys that open the door; those made for one test send do not count."""
    return ApiKey.objects.filter(
        account=account, revoked_at=None, is_for_test_send=False
    ).select_related("account")


def _refuse_taken(account: Account, name: str, *, but: ApiKey | None = None) -> None:
    for other in working(account):
        if other != but and other.name.casefold() == name.casefold():
            raise KeyNameTaken(other.name)


def _summary(key: ApiKey) -> dict[str, object]:
    return {"name": key.name, "ip_ranges": key.ip_ranges}
