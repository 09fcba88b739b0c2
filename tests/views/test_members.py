"""The members page: who is in the account, changing roles, removing, leaving."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from flows.models import Account, Membership, Role, User, invitations
from tests import cast
from tests.views.reading import unescaped as words


@pytest.fixture
def url(account: Account) -> Callable[..., str]:
    return lambda name, *args: reverse(name, args=[account.sid, *args])


def role(user: User) -> str | None:
    return Membership.objects.filter(user=user).values_list("role", flat=True).first()


def test_everybody_stands_on_the_page_with_what_matters(
    as_admin: Client, url: Callable[..., str], marketer: User, viewer: User
) -> None:
    User.objects.filter(pk=marketer.pk).update(last_login=timezone.now())
    Authenticator.objects.create(user=marketer, type=Authenticator.Type.TOTP, data={})
    page = words(as_admin.get(url("member-list")))
    assert "3 members" in page
    for fact in ("Mira", "mira@acme.example", "Marketer", "Asha", "Admin", "You", "Never"):
        assert fact in page
    assert '<td data-label="Second factor">Yes</td>' in page


def test_recovery_codes_alone_are_no_second_factor(
    as_admin: Client, url: Callable[..., str], marketer: User
) -> None:
    Authenticator.objects.create(user=marketer, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert '<td data-label="Second factor">Yes</td>' not in words(as_admin.get(url("member-list")))


def test_more_members_cost_no_more_queries(
    as_admin: Client, url: Callable[..., str], account: Account, admin: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            as_admin.get(url("member-list"))
        return len(seen)

    queries()
    few = queries()
    for n in range(6):
        cast.make_person(account, Role.VIEWER, name=f"V{n}")
    invitations.invite(account, [f"i{n}@acme.example" for n in range(6)], Role.VIEWER, by=admin)
    assert queries() == few <= 14


def test_a_role_is_changed_on_its_own_page(
    as_admin: Client, url: Callable[..., str], viewer: User
) -> None:
    path = url("member-role", viewer.public_id)
    assert "recipients are masked" in words(as_admin.get(path))
    answer = as_admin.post(path, {"role": "tester"}, follow=True)
    assert "Vera is a tester now." in words(answer)
    assert role(viewer) == "tester"


@pytest.mark.parametrize("typed", [{}, {"role": "owner"}])
def test_a_role_that_is_none_is_refused(
    as_admin: Client, url: Callable[..., str], viewer: User, typed: dict[str, str]
) -> None:
    answer = as_admin.post(url("member-role", viewer.public_id), typed)
    assert answer.status_code == 422
    assert "Choose a role" in words(answer)
    assert role(viewer) == "viewer"


def test_giving_up_the_own_role_is_asked_first(
    as_admin: Client, url: Callable[..., str], account: Account, admin: User
) -> None:
    cast.make_person(account, Role.ADMIN, name="Ben")
    path = url("member-role", admin.public_id)
    asked = as_admin.post(path, {"role": "marketer"})
    assert "Give up being an admin?" in words(asked)
    assert role(admin) == "admin"
    done = as_admin.post(path, {"role": "marketer", "sure": "yes"})
    assert done["Location"] == url("account-home")
    assert role(admin) == "marketer"


def test_the_only_admin_is_told_before_and_after(
    as_admin: Client, url: Callable[..., str], admin: User
) -> None:
    sentence = "needs at least one admin who can sign in"
    for typed in ({"role": "viewer"}, {"role": "viewer", "sure": "yes"}):
        answer = as_admin.post(url("member-role", admin.public_id), typed, follow=True)
        assert sentence in words(answer)
    assert sentence in words(as_admin.post(url("member-leave"), follow=True))
    assert role(admin) == "admin"


def test_removing_asks_first_and_says_what_stays(
    as_admin: Client, url: Callable[..., str], marketer: User
) -> None:
    path = url("member-remove", marketer.public_id)
    asked = words(as_admin.get(path))
    assert "API keys they made go on working" in asked
    assert "Mira is not in this account any more." in words(as_admin.post(path, follow=True))
    assert role(marketer) is None


def test_who_was_removed_gets_in_nowhere(
    as_admin: Client, as_marketer: Client, url: Callable[..., str], marketer: User
) -> None:
    assert as_marketer.get(url("flow-list")).status_code == 200
    as_admin.post(url("member-remove", marketer.public_id))
    assert as_marketer.get(url("flow-list")).status_code == 404


def test_removing_oneself_is_leaving(
    as_admin: Client, url: Callable[..., str], admin: User
) -> None:
    answer = as_admin.post(url("member-remove", admin.public_id))
    assert answer["Location"] == url("member-leave")


def test_a_viewer_may_leave(as_viewer: Client, url: Callable[..., str], viewer: User) -> None:
    assert "Leave Acme?" in words(as_viewer.get(url("member-leave")))
    assert "You have left Acme." in words(as_viewer.post(url("member-leave"), follow=True))
    assert role(viewer) is None
