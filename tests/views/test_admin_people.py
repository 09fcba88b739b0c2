"""Support staff keep the rule as well: an account always has an admin who can sign in."""

import pytest
from django.test import Client
from django.urls import reverse

from flows.models import Account, Membership, Role, User
from tests import cast

SENTENCE = "needs at least one admin who can sign in"


@pytest.fixture
def as_support(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("support@fallback.example", cast.PASSWORD))
    return client


def seat_page(user: User, verb: str) -> str:
    seat = Membership.objects.get(user=user)
    return reverse(f"admin:flows_membership_{verb}", args=[seat.pk])


def test_the_only_admin_is_neither_demoted_nor_removed(as_support: Client, admin: User) -> None:
    for page, typed in (("change", {"role": "viewer"}), ("delete", {"post": "yes"})):
        answer = as_support.post(seat_page(admin, page), typed, follow=True)
        assert SENTENCE in answer.content.decode()
    assert Membership.objects.get(user=admin).role == Role.ADMIN


def test_not_in_one_go_either(as_support: Client, account: Account, admin: User) -> None:
    cast.make_person(account, Role.ADMIN, name="Ben")
    keys = list(Membership.objects.filter(account=account).values_list("pk", flat=True))
    typed = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    answer = as_support.post(reverse("admin:flows_membership_changelist"), typed, follow=True)
    assert SENTENCE in answer.content.decode()
    assert Membership.objects.filter(account=account).count() == 2


def test_the_only_admin_keeps_the_sign_in(as_support: Client, admin: User) -> None:
    page = reverse("admin:flows_user_change", args=[admin.pk])
    answer = as_support.post(page, {"email": admin.email, "first_name": "Asha"}, follow=True)
    assert SENTENCE in answer.content.decode()
    admin.refresh_from_db()
    assert admin.is_active


def test_one_of_two_goes(as_support: Client, account: Account, admin: User) -> None:
    ben = cast.make_person(account, Role.ADMIN, name="Ben")
    as_support.post(seat_page(ben, "change"), {"role": "viewer"})
    assert Membership.objects.get(user=ben).role == Role.VIEWER
