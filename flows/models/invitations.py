"""Invitations into an account: a link that works once, for a week. Only its hash is stored.

The link goes out by e-mail in the same transaction; the secret in it is given back once, for the
page that shows it. Every verb is a guarded update with its audit entry.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.utils import timezone

from . import audit, letters
from .account import Account
from .audit import AuditEntry
from .members import changing_people
from .people import Invitation, Membership, Role, User, hash_secret
from .refusals import Refused

LASTS = timedelta(days=7)
DAY = timedelta(days=1)
SENT = ("invitation.create", "invitation.renew")  # entries of the audit log
MOST_AT_ONCE = 20
MOST_A_DAY = 100  # e-mails that one person has sent, whatever the account
MOST_TO_ONE = 5  # of these, to the same address


class InvitationRefused(Refused):
    """Nobody was invited, or let in."""


class InvitationGone(InvitationRefused):
    """Used, expired, withdrawn or never made; one sentence for all of them."""

    def __init__(self) -> None:
        super().__init__("This invitation cannot be used any more.")


@dataclass(frozen=True)
class Invited:
    """A new link; `token` is known only now."""

    invitation: Invitation
    token: str

    @property
    def path(self) -> str:
        return f"/invitation/{self.token}/"

    @property
    def link(self) -> str:
        return letters.link(self.path)


def invite(account: Account, emails: Sequence[str], role: Role, *, by: User) -> tuple[Invited, ...]:
    """All of them or none. An invitation that expired makes room for a new one."""
    wanted = list(dict.fromkeys(email.strip().lower() for email in emails))
    if len(wanted) > MOST_AT_ONCE:
        raise InvitationRefused(f"Invite at most {MOST_AT_ONCE} people at once.")
    try:
        with changing_people(account, by=by):
            if problems := list(refusals(account, wanted).values()):
                raise InvitationRefused(" ".join(problems))
            _keep_to_limits(wanted, by=by)
            _make_room(account, wanted, by=by)
            return tuple(_invite(account, email, role, by=by) for email in wanted)
    except IntegrityError as error:
        raise InvitationRefused("Somebody has invited one of them just now.") from error


def refusals(account: Account, emails: Sequence[str]) -> dict[str, str]:
    """Why an address cannot be invited, by address; read, not decided."""
    members = Membership.objects.filter(account=account, user__email__in=emails)
    waiting = open_invitations(account).filter(email__in=emails, expires_at__gt=timezone.now())
    return {
        email: f"{email} is in this account already."
        for email in members.values_list("user__email", flat=True)
    } | {
        email: f"{email} is invited already. Make a new link for it on the members page."
        for email in waiting.values_list("email", flat=True)
    }


def renew(invitation: Invitation, *, by: User) -> Invited:
    """A new link for a week; the old one stops working. The e-mail goes out again."""
    token = _token()
    with changing_people(invitation.account, by=by):
        _keep_to_limits([invitation.email], by=by)
        _move(
            invitation,
            open_invitations(invitation.account),
            token_hash=hash_secret(token),
            expires_at=timezone.now() + LASTS,
            invited_by=by,
        )
        _log(invitation, "renew", by=by, after=_facts(invitation))
        return _told(Invited(invitation, token), by=by)


def withdraw(invitation: Invitation, *, by: User) -> None:
    with changing_people(invitation.account, by=by):
        _move(invitation, open_invitations(invitation.account), withdrawn_at=timezone.now())
        _log(invitation, "withdraw", by=by)


def find(token: str) -> Invitation | None:
    """The invitation of this link, if it can still be used. Compared by hash alone."""
    usable = Invitation.objects.filter(_open(), expires_at__gt=timezone.now())
    usable = usable.filter(account__closed_at=None).select_related("account", "invited_by")
    return usable.filter(token_hash=hash_secret(token)).first()


def used_by(user: User, token: str) -> Invitation | None:
    """The invitation by which this person came into the account where they still are."""
    used = Invitation.objects.filter(token_hash=hash_secret(token), accepted_by=user)
    here = used.filter(account__memberships__user=user, account__closed_at=None)
    return here.select_related("account").first()


def accept(invitation: Invitation, *, by: User) -> Membership:
    """One link, one seat. Who sits there already keeps the role, and the link stays unused."""
    account = invitation.account
    usable = open_invitations(account).filter(
        token_hash=invitation.token_hash, expires_at__gt=timezone.now(), account__closed_at=None
    )
    with changing_people(account):
        if Membership.objects.filter(account=account, user=by).exists():
            raise InvitationRefused(f"You are in {account.name} already.")
        _move(invitation, usable, accepted_by=by, accepted_at=timezone.now())
        member = Membership.objects.create(account=account, user=by, role=invitation.role)
        _log(invitation, "accept", by=by, after={"role": member.role, "person": by.email})
        letters.invitation_accepted(invitation)
    return member


def open_invitations(account: Account) -> "QuerySet[Invitation]":
    """Neither used nor withdrawn; some may have expired."""
    return Invitation.objects.filter(_open(), account=account)


def _open() -> Q:
    return Q(accepted_at=None, withdrawn_at=None)


def _token() -> str:
    return secrets.token_urlsafe(32)


def _keep_to_limits(emails: Sequence[str], *, by: User) -> None:
    """Anybody may open an account; nobody shall fill the mailboxes of others with it."""
    sent = AuditEntry.objects.filter(actor=by, action__in=SENT, at__gt=timezone.now() - DAY)
    if sent.count() + len(emails) > MOST_A_DAY:
        raise InvitationRefused(
            f"You can send at most {MOST_A_DAY} invitations a day. Send the others tomorrow."
        )
    for email in emails:
        if sent.filter(object_label=email[:120]).count() >= MOST_TO_ONE:
            raise InvitationRefused(
                f"{email} was sent {MOST_TO_ONE} invitations within a day. Try again tomorrow."
            )


def _make_room(account: Account, emails: Sequence[str], *, by: User) -> None:
    for old in open_invitations(account).filter(email__in=emails):
        _move(old, open_invitations(account), withdrawn_at=timezone.now())
        _log(old, "withdraw", by=by)


def _invite(account: Account, email: str, role: Role, *, by: User) -> Invited:
    token = _token()
    invitation = Invitation.objects.create(
        account=account,
        email=email,
        role=role,
        token_hash=hash_secret(token),
        invited_by=by,
        expires_at=timezone.now() + LASTS,
    )
    _log(invitation, "create", by=by, after=_facts(invitation))
    return _told(Invited(invitation, token), by=by)


def _told(invited: Invited, *, by: User) -> Invited:
    letters.invited(invited.invitation, invited.path, by=by)
    return invited


def _move(invitation: Invitation, guard: "QuerySet[Invitation]", **to: Any) -> None:
    if not guard.filter(pk=invitation.pk).update(**to):
        raise InvitationGone
    for name, value in to.items():
        setattr(invitation, name, value)


def _facts(invitation: Invitation) -> dict[str, str]:
    return {"role": invitation.role, "expires_at": invitation.expires_at.isoformat()}


def _log(
    invitation: Invitation, verb: str, *, by: User, after: dict[str, str] | None = None
) -> None:
    audit.record(
        invitation.account,
        f"invitation.{verb}",
        by=by,
        of=invitation,
        label=invitation.email,
        after=after,
    )
