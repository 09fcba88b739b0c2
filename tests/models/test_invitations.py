"""Invitations: a link that works once, for a week, and is stored as a hash alone."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from flows.models import (
    Account,
    AuditEntry,
    Invitation,
    Membership,
    OutgoingMail,
    Role,
    User,
    invitations,
)
from flows.models.invitations import InvitationGone, InvitationRefused, Invited
from tests import cast

pytestmark = pytest.mark.django_db
EMAIL = "new@acme.example"


@pytest.fixture
def made(account: Account, admin: User) -> Invited:
    return invitations.invite(account, [EMAIL], Role.MARKETER, by=admin)[0]


@pytest.fixture
def guest(db: None) -> User:
    return cast.make_person(None, Role.VIEWER, name="Nina")


def test_the_link_stands_in_the_email_and_nowhere_else(made: Invited) -> None:
    [mail] = OutgoingMail.objects.all()
    assert (mail.to, made.link in mail.text) == (EMAIL, True)
    stored = [list(Invitation.objects.values_list()), list(AuditEntry.objects.values_list())]
    assert made.token not in str(stored) + mail.text_encrypted
    assert len(made.token) >= 40


def test_accepting_makes_a_member_and_uses_the_link_up(made: Invited, guest: User) -> None:
    found = invitations.find(made.token)
    assert found is not None
    member = invitations.accept(found, by=guest)
    assert (member.role, member.account) == (Role.MARKETER, found.account)
    assert invitations.find(made.token) is None
    entry = AuditEntry.objects.get(action="invitation.accept")
    assert (entry.actor, entry.after["role"]) == (guest, "marketer")
    told = OutgoingMail.objects.exclude(to=EMAIL).get()
    assert guest.email in told.text and EMAIL in told.text


def test_an_expired_link_does_not_work_and_makes_room(
    made: Invited, account: Account, admin: User, guest: User
) -> None:
    found = invitations.find(made.token)
    assert found is not None
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert invitations.find(made.token) is None
    with pytest.raises(InvitationGone):
        invitations.accept(found, by=guest)
    [again] = invitations.invite(account, [EMAIL], Role.VIEWER, by=admin)
    assert invitations.find(again.token)


def test_a_withdrawn_link_does_not_work(made: Invited, admin: User, guest: User) -> None:
    found = invitations.find(made.token)
    assert found is not None
    invitations.withdraw(made.invitation, by=admin)
    assert invitations.find(made.token) is None
    with pytest.raises(InvitationGone):
        invitations.accept(found, by=guest)
    with pytest.raises(InvitationGone):
        invitations.withdraw(made.invitation, by=admin)


def test_a_new_link_ends_the_old_one(made: Invited, admin: User) -> None:
    old = invitations.find(made.token)
    assert old is not None
    renewed = invitations.renew(made.invitation, by=admin)
    assert invitations.find(made.token) is None
    assert invitations.find(renewed.token) == old
    assert OutgoingMail.objects.filter(to=EMAIL).count() == 2


def test_who_is_a_member_keeps_the_role_and_the_link(
    account: Account, admin: User, viewer: User
) -> None:
    [made] = invitations.invite(account, [EMAIL], Role.ADMIN, by=admin)
    with pytest.raises(InvitationRefused, match="in Acme already"):
        invitations.accept(made.invitation, by=viewer)
    assert Membership.objects.get(user=viewer).role == Role.VIEWER
    assert invitations.find(made.token)


def test_members_and_invited_people_are_not_invited_again(
    made: Invited, account: Account, admin: User, viewer: User
) -> None:
    with pytest.raises(InvitationRefused, match="is in this account already"):
        invitations.invite(account, [viewer.email.upper()], Role.ADMIN, by=admin)
    with pytest.raises(InvitationRefused, match="is invited already"):
        invitations.invite(account, ["fresh@acme.example", EMAIL], Role.ADMIN, by=admin)
    assert Invitation.objects.count() == 1


def test_only_an_admin_of_this_account_invites(
    account: Account, marketer: User, stranger: User
) -> None:
    for person in (marketer, stranger):
        with pytest.raises(invitations.Refused):
            invitations.invite(account, [EMAIL], Role.ADMIN, by=person)
    assert not Invitation.objects.exists() and not OutgoingMail.objects.exists()


def test_a_closed_account_lets_nobody_in(made: Invited, account: Account, guest: User) -> None:
    found = invitations.find(made.token)
    assert found is not None
    account.closed_at = timezone.now()
    account.save()
    assert invitations.find(made.token) is None
    with pytest.raises(InvitationGone):
        invitations.accept(found, by=guest)


def test_the_audit_log_holds_no_secret(made: Invited, admin: User) -> None:
    renewed = invitations.renew(made.invitation, by=admin)
    log = json.dumps(list(AuditEntry.objects.values("before", "after", "object_label")))
    for secret in (made.token, renewed.token, renewed.invitation.token_hash):
        assert secret not in log


def test_nobody_fills_the_mailbox_of_somebody_else(
    made: Invited, account: Account, admin: User
) -> None:
    """By new links, nor by taking the invitation back and sending it again, from any account."""
    other = cast.make_account("Other")
    cast.make_seat(other, admin, Role.ADMIN)
    invitations.renew(made.invitation, by=admin)
    invitations.renew(made.invitation, by=admin)
    invitations.withdraw(made.invitation, by=admin)
    [again] = invitations.invite(account, [EMAIL], Role.VIEWER, by=admin)
    invitations.invite(other, [EMAIL], Role.VIEWER, by=admin)
    for _ in range(2):
        with pytest.raises(InvitationRefused, match="tomorrow"):
            invitations.renew(again.invitation, by=admin)
    assert OutgoingMail.objects.filter(to=EMAIL).count() == invitations.MOST_TO_ONE
    AuditEntry.objects.update(at=timezone.now() - timedelta(hours=25))
    invitations.renew(again.invitation, by=admin)


def test_one_person_sends_only_so_many_a_day(account: Account, admin: User) -> None:
    for start in range(0, invitations.MOST_A_DAY, 20):
        emails = [f"p{number}@acme.example" for number in range(start, start + 20)]
        invitations.invite(account, emails, Role.VIEWER, by=admin)
    with pytest.raises(InvitationRefused, match="100 invitations a day"):
        invitations.invite(account, ["one.more@acme.example"], Role.VIEWER, by=admin)
    assert OutgoingMail.objects.count() == invitations.MOST_A_DAY
