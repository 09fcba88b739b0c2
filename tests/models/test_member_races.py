"""Several admins at the same moment, in real threads: one of them always remains.

Also run on PostgreSQL (tests/scale/test_postgres.py).
"""

from collections.abc import Callable

import pytest

from flows.models import (
    Account,
    AuditEntry,
    Flow,
    Invitation,
    Membership,
    Role,
    User,
    invitations,
    lifecycle,
    members,
)
from tests import cast
from tests.running import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def seat(user: User) -> Membership:
    return Membership.objects.select_related("account", "user").get(user=user)


def admins(account: Account) -> int:
    seats = Membership.objects.filter(account=account, role=Role.ADMIN, user__is_active=True)
    return seats.count()


@pytest.mark.parametrize("round_", range(5))
@pytest.mark.parametrize("way", ["remove", "demote", "leave"])
def test_two_admins_at_each_other_leave_one(
    account: Account, admin: User, way: str, round_: int
) -> None:
    second = cast.make_person(account, Role.ADMIN, name="Ben")
    one, two = seat(admin), seat(second)
    acts: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "remove": (
            lambda: members.remove(two, by=admin),
            lambda: members.remove(one, by=second),
        ),
        "demote": (
            lambda: members.change_role(two, Role.VIEWER, by=admin),
            lambda: members.change_role(one, Role.VIEWER, by=second),
        ),
        "leave": (lambda: members.leave(one), lambda: members.leave(two)),
    }
    became = at_once(*acts[way])
    assert became.count("done") == 1
    assert admins(account) == 1
    assert AuditEntry.objects.filter(object_kind="membership").count() == 1


def test_many_admins_who_all_leave_leave_one(account: Account, admin: User) -> None:
    people = [admin, *(cast.make_person(account, Role.ADMIN, name=f"A{n}") for n in range(5))]
    seats = [seat(person) for person in people]
    became = at_once(*[lambda s=s: members.leave(s) for s in seats])  # type: ignore[misc]
    assert sorted(became) == ["LastAdmin"] + ["done"] * 5
    assert admins(account) == 1


def test_one_link_in_two_tabs_makes_one_membership(account: Account, admin: User) -> None:
    [made] = invitations.invite(account, ["new@acme.example"], Role.TESTER, by=admin)
    guest = cast.make_person(None, Role.VIEWER, name="New")
    copies = [invitations.find(made.token) for _ in range(4)]
    acts = [lambda c=c: invitations.accept(c, by=guest) for c in copies]  # type: ignore[misc]
    assert at_once(*acts).count("done") == 1
    assert Membership.objects.get(user=guest).role == Role.TESTER
    assert AuditEntry.objects.filter(action="invitation.accept").count() == 1


def test_one_link_in_the_hands_of_many_lets_one_in(account: Account, admin: User) -> None:
    [made] = invitations.invite(account, ["new@acme.example"], Role.TESTER, by=admin)
    guests = [cast.make_person(None, Role.VIEWER, name=f"Guest{n}") for n in range(4)]
    copies = [invitations.find(made.token) for _ in guests]
    became = at_once(
        *[
            lambda c=c, g=g: invitations.accept(c, by=g)  # type: ignore[misc]
            for c, g in zip(copies, guests, strict=True)
        ]
    )
    assert sorted(became) == ["InvitationGone"] * 3 + ["done"]
    assert Membership.objects.filter(user__in=guests).count() == 1


def test_one_address_invited_by_two_admins_gets_one_invitation(
    account: Account, admin: User
) -> None:
    second = cast.make_person(account, Role.ADMIN, name="Ben")
    acts = [
        lambda by=by: invitations.invite(account, ["new@acme.example"], Role.TESTER, by=by)  # type: ignore[misc]
        for by in (admin, second)
    ]
    assert sorted(at_once(*acts)) == ["InvitationRefused", "done"]
    assert Invitation.objects.count() == 1


def test_publishing_races_with_the_own_edit_and_the_rule_holds(
    account: Account, admin: User, marketer: User
) -> None:
    """Whoever edits last does not publish, whichever of the two comes first."""
    account.needs_other_publisher = True
    account.save()
    flow = cast.make_flow(account, by=marketer)
    mine, edited = Flow.objects.get(pk=flow.pk), Flow.objects.get(pk=flow.pk)
    changed = cast.make_definition(account, "Another title")
    at_once(
        lambda: lifecycle.publish(mine, by=admin),
        lambda: lifecycle.save_draft(edited, changed, by=admin, revision=flow.revision),
    )
    flow.refresh_from_db()
    version = flow.versions.first()
    if version is not None:  # published first: what the marketer wrote
        assert version.title == "Order update"
    assert "Another title" not in flow.versions.values_list("title", flat=True)
