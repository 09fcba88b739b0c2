"""The people of an account: role, removal, leaving. Every verb is one audited transaction.

At least one admin who can sign in always remains. Whoever changes the people of an account waits
for the account's row first, so two admins who remove each other come one after the other.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from . import audit
from .account import Account
from .people import Invitation, Membership, Role, User
from .refusals import Refused

__all__ = [
    "LastAdmin", "MemberRefused", "change_role", "changing_people", "is_only_admin", "leave",
    "remove",
]  # fmt: skip


class MemberRefused(Refused):
    """The people of the account stayed as they were."""


class LastAdmin(MemberRefused):
    """Nobody would be left who may change anything."""

    def __init__(self, account: Account) -> None:
        super().__init__(
            f"{account.name} needs at least one admin who can sign in. "
            "Make somebody else an admin first."
        )


@contextmanager
def changing_people(*accounts: Account, by: User | None = None) -> Iterator[None]:
    """One after the other per account; undone when it would leave an account without an admin.

    `by` must still be an admin of them; without it (support) nobody is asked.
    """
    keys = sorted(account.pk for account in accounts)
    with transaction.atomic():
        # NO KEY: rows that merely point at the account need not wait.
        list(Account.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
        if by and not all(_admins(account).filter(user=by).exists() for account in accounts):
            raise MemberRefused("You are not an admin of this account any more.")
        had_admin = [account for account in accounts if _admins(account).exists()]
        yield
        for account in had_admin:
            if not _admins(account).exists():
                raise LastAdmin(account)


def change_role(member: Membership, role: Role, *, by: User) -> None:
    with changing_people(member.account, by=by):
        before = _role_now(member)
        if before == role:
            return
        Membership.objects.filter(pk=member.pk).update(role=role)
        _log(member, "change", by=by, before={"role": before}, after={"role": role})
        if not role.reaches(Role.ADMIN):
            _withdraw_invitations(member, by=by)
    member.role = role


def remove(member: Membership, *, by: User) -> None:
    """What the person made stays: keys go on working, flows keep the name."""
    with changing_people(member.account, by=by):
        _take_out(member, "remove", by=by)


def leave(member: Membership) -> None:
    with changing_people(member.account):
        _take_out(member, "leave", by=member.user)


def is_only_admin(member: Membership) -> bool:
    """For pages, to say it before it is tried; the verbs decide by themselves."""
    admins = list(_admins(member.account).values_list("pk", flat=True)[:2])
    return admins == [member.pk]


def _take_out(member: Membership, verb: str, *, by: User) -> None:
    before = _role_now(member)
    _withdraw_invitations(member, by=by)
    _log(member, verb, by=by, before={"role": before})
    Membership.objects.filter(pk=member.pk).delete()


def _role_now(member: Membership) -> Role:
    role = Membership.objects.filter(pk=member.pk).values_list("role", flat=True).first()
    if role is None:
        raise MemberRefused(f"{member.user} is not in this account any more.")
    return Role(role)


def _withdraw_invitations(member: Membership, *, by: User) -> None:
    """Links that somebody made as an admin must not outlive their being one."""
    mine = Invitation.objects.filter(
        account=member.account, invited_by=member.user, accepted_at=None, withdrawn_at=None
    )
    for invitation in list(mine):
        withdrawn = mine.filter(pk=invitation.pk).update(withdrawn_at=timezone.now())
        if withdrawn:
            audit.record(
                member.account, "invitation.withdraw", by=by, of=invitation, label=invitation.email
            )


def _admins(account: Account) -> "QuerySet[Membership]":
    return Membership.objects.filter(account=account, role=Role.ADMIN, user__is_active=True)


def _log(
    member: Membership,
    verb: str,
    *,
    by: User,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    audit.record(
        member.account,
        f"membership.{verb}",
        by=by,
        of=member,
        label=str(member.user),
        before=before,
        after=after,
    )
