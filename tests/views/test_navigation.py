"""The side navigation: where it leads, and that nobody is offered a page they may not see."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from flows.models import Account, Role, User
from tests import cast
from tests.doors import NEEDED

LINK = re.compile(r'<a href="([^"]+)"')


def links(page: str) -> list[str]:
    """Where the side navigation of a page leads."""
    navigation = page.partition('<nav id="nav"')[2].partition("</nav>")[0]
    return LINK.findall(navigation)


def navigation_of(client: Client, path: str) -> list[str]:
    return links(client.get(path).content.decode())


@pytest.mark.parametrize("role", list(Role))
def test_everybody_is_offered_what_they_may_see_and_nothing_else(
    account: Account, role: Role
) -> None:
    client = Client()
    client.force_login(cast.make_person(account, role))
    offered = navigation_of(client, reverse("account-home", args=[account.sid]))
    assert reverse("template-list", args=[account.sid]) in offered
    assert (reverse("member-list", args=[account.sid]) in offered) == (role == Role.ADMIN)
    for path in offered:
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("name", ["sender-list", "member-list", "audit-log", "template-list"])
def test_a_link_is_there_exactly_for_the_roles_that_the_page_asks_for(
    account: Account, name: str
) -> None:
    home, page = reverse("account-home", args=[account.sid]), reverse(name, args=[account.sid])
    for role in Role:
        client = Client()
        client.force_login(cast.make_person(account, role))
        needed = NEEDED[name]
        assert isinstance(needed, Role)
        assert (page in navigation_of(client, home)) == role.reaches(needed), role


def test_outside_an_account_it_leads_to_the_last_one_else_the_first(
    as_admin: Client, admin: User, account: Account
) -> None:
    other = cast.make_account("Aardvark")
    cast.make_seat(other, admin, Role.VIEWER)
    page = reverse("api-reference")
    assert reverse("flow-list", args=[other.sid]) in navigation_of(as_admin, page)
    as_admin.get(reverse("account-home", args=[account.sid]))
    offered = navigation_of(as_admin, page)
    assert reverse("flow-list", args=[account.sid]) in offered
    assert reverse("member-list", args=[account.sid]) in offered


def test_outside_an_account_the_role_there_counts(
    as_admin: Client, admin: User, account: Account
) -> None:
    other = cast.make_account("Aardvark")
    cast.make_seat(other, admin, Role.VIEWER)
    offered = navigation_of(as_admin, reverse("api-reference"))
    assert reverse("member-list", args=[other.sid]) not in offered


def test_navigation_costs_two_statements_outside_an_account(
    as_admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    page = reverse("api-reference")
    with django_assert_max_num_queries(5):  # session, person, accounts, seats
        as_admin.get(page)
