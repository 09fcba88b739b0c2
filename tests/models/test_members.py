"""The people of an account: roles, removal, leaving; one admin always remains."""

import pytest

from flows.models import (
    Account,
    AuditEntry,
    Invitation,
    Membership,
    Role,
    User,
    invitations,
    members,
)
from flows.models.members import LastAdmin, MemberRefused
from tests import cast

pytestmark = pytest.mark.django_db


def seat(user: User) -> Membership:
    return Membership.objects.select_related("account", "user").get(user=user)


def entries(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("id"))


def test_a_role_changes_with_its_audit_entry(admin: User, viewer: User) -> None:
    members.change_role(seat(viewer), Role.MARKETER, by=admin)
    assert seat(viewer).role == Role.MARKETER
    [entry] = entries("membership.change")
    assert (entry.actor, entry.object_label) == (admin, str(viewer))
    assert (entry.before, entry.after) == ({"role": "viewer"}, {"role": "marketer"})
    assert entry.object_id == str(viewer.public_id)


def test_the_same_role_again_is_no_change(admin: User, viewer: User) -> None:
    members.change_role(seat(viewer), Role.VIEWER, by=admin)
    assert not entries("membership.change")


def test_a_removed_person_is_out_and_what_they_made_stays(
    account: Account, admin: User, marketer: User
) -> None:
    key, secret = cast.make_key(account, by=marketer)
    flow = cast.make_flow(account, by=marketer)
    members.remove(seat(marketer), by=admin)
    assert not Membership.objects.filter(user=marketer).exists()
    key.refresh_from_db()
    flow.refresh_from_db()
    assert key.matches(secret) and key.revoked_at is None
    assert flow.created_by == marketer


def test_the_last_admin_stays_whatever_is_tried(account: Account, admin: User) -> None:
    cast.make_person(account, Role.MARKETER, name="Max")
    with pytest.raises(LastAdmin, match="Make somebody else an admin first"):
        members.change_role(seat(admin), Role.VIEWER, by=admin)
    with pytest.raises(LastAdmin):
        members.leave(seat(admin))
    with pytest.raises(LastAdmin):
        members.remove(seat(admin), by=admin)
    assert seat(admin).role == Role.ADMIN
    assert not AuditEntry.objects.filter(object_kind="membership").exists()


def test_an_admin_who_cannot_sign_in_does_not_count(account: Account, admin: User) -> None:
    cast.make_person(account, Role.ADMIN, name="Gone", is_active=False)
    with pytest.raises(LastAdmin):
        members.leave(seat(admin))


def test_an_admin_of_another_account_does_not_count(
    account: Account, admin: User, stranger: User
) -> None:
    with pytest.raises(LastAdmin):
        members.leave(seat(admin))


def test_anybody_else_may_leave(admin: User, viewer: User) -> None:
    members.leave(seat(viewer))
    assert not Membership.objects.filter(user=viewer).exists()
    assert entries("membership.leave")[0].actor == viewer


def test_one_of_two_admins_may_leave(account: Account, admin: User) -> None:
    second = cast.make_person(account, Role.ADMIN, name="Ben")
    members.leave(seat(second))
    assert Membership.objects.get(account=account, role=Role.ADMIN).user == admin


def test_who_is_no_admin_any_more_changes_nobody(
    account: Account, admin: User, viewer: User
) -> None:
    """The page was opened as an admin, the button pressed after the demotion."""
    second = cast.make_person(account, Role.ADMIN, name="Ben")
    members.change_role(seat(second), Role.VIEWER, by=admin)
    with pytest.raises(MemberRefused, match="not an admin of this account any more"):
        members.remove(seat(viewer), by=second)
    assert Membership.objects.filter(user=viewer).exists()


def test_who_is_gone_already_is_not_removed_twice(admin: User, viewer: User) -> None:
    stale = seat(viewer)
    members.remove(seat(viewer), by=admin)
    with pytest.raises(MemberRefused, match="not in this account any more"):
        members.remove(stale, by=admin)
    with pytest.raises(MemberRefused):
        members.change_role(stale, Role.ADMIN, by=admin)
    assert len(entries("membership.remove")) == 1


@pytest.mark.parametrize("way", ["demoted", "removed", "left"])
def test_links_of_somebody_who_is_no_admin_any_more_stop_working(
    account: Account, admin: User, way: str
) -> None:
    """Else a person could invite the own private address before being shown the door."""
    second = cast.make_person(account, Role.ADMIN, name="Ben")
    [mine] = invitations.invite(account, ["back@door.example"], Role.ADMIN, by=second)
    [other] = invitations.invite(account, ["fine@acme.example"], Role.VIEWER, by=admin)
    if way == "demoted":
        members.change_role(seat(second), Role.MARKETER, by=admin)
    elif way == "removed":
        members.remove(seat(second), by=admin)
    else:
        members.leave(seat(second))
    assert invitations.find(mine.token) is None
    assert invitations.find(other.token) is not None
    assert Invitation.objects.get(email="back@door.example").withdrawn_at
