"""Coming and going: sign-in, its limit, `next`, sign-out, and the way home."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from flows import tries
from flows.models import Account, Membership, Role, User
from tests import cast


@pytest.fixture(autouse=True)
def no_tries_yet() -> None:
    cache.clear()


def sign_in(client: Client, email: str, password: str = cast.PASSWORD, **more: str) -> object:
    return client.post("/sign-in/", {"email": email, "password": password, **more})


def test_sign_in_takes_the_address_in_any_case(anonymous: Client, viewer: User) -> None:
    answer = sign_in(anonymous, viewer.email.upper())
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert anonymous.session["_auth_user_id"] == str(viewer.pk)


@pytest.mark.parametrize(
    ("email", "password"), [("vera@acme.example", "wrong"), ("nobody@acme.example", cast.PASSWORD)]
)
def test_a_wrong_half_is_never_named(
    anonymous: Client, viewer: User, email: str, password: str
) -> None:
    answer = sign_in(anonymous, email, password)
    assert answer.status_code == 422
    assert "The email or the password is not right" in answer.content.decode()
    assert email in answer.content.decode(), "what was typed stays"
    assert password not in answer.content.decode()


def test_an_inactive_person_stays_outside(anonymous: Client, viewer: User) -> None:
    User.objects.update(is_active=False)
    assert sign_in(anonymous, viewer.email).status_code == 422


def test_next_is_followed_inside_and_ignored_outside(anonymous: Client, viewer: User) -> None:
    answer = sign_in(anonymous, viewer.email, next="/a/HX1/executions/?outcome=delivered")
    assert answer["Location"] == "/a/HX1/executions/?outcome=delivered"
    for outside in (
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "\\\\evil",
        "http://[",
    ):
        anonymous.logout()
        assert sign_in(anonymous, viewer.email, next=outside)["Location"] == "/", outside


def test_too_many_tries_are_turned_away_even_with_the_right_password(
    anonymous: Client, viewer: User, settings: Settings
) -> None:
    settings.SIGN_IN_TRIES_PER_MINUTE = 3
    for _ in range(3):
        assert sign_in(anonymous, viewer.email, "wrong").status_code == 422
    answer = sign_in(anonymous, viewer.email)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "Wait a minute" in answer.content.decode()


def test_tries_are_counted_by_email_whatever_the_address(
    anonymous: Client, viewer: User, settings: Settings
) -> None:
    settings.SIGN_IN_TRIES_PER_MINUTE = 3
    for last in range(3):
        data = {"email": viewer.email, "password": "wrong"}
        anonymous.post("/sign-in/", data, REMOTE_ADDR=f"192.0.2.{last}")
    answer = anonymous.post("/sign-in/", data, REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == 429


def test_one_household_of_ipv6_is_one_address(
    anonymous: Client, viewer: User, settings: Settings
) -> None:
    settings.SIGN_IN_TRIES_PER_MINUTE = 3
    for last in range(4):
        data = {"email": f"{last}@acme.example", "password": "wrong"}
        answer = anonymous.post("/sign-in/", data, REMOTE_ADDR=f"2001:db8::{last}")
    assert answer.status_code == 429
    data["email"] = "9@acme.example"
    assert anonymous.post("/sign-in/", data, REMOTE_ADDR="2001:db8:1::1").status_code == 422


def test_a_flood_of_made_up_addresses_does_not_make_the_count_forget(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SIGN_IN_TRIES_PER_MINUTE = 3
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    for _ in range(4):
        tries.used_up(address="192.0.2.1", email="vera@acme.example")
    for number in range(1000):
        tries.used_up(address=f"192.0.{number % 250}.9", email=f"{number}@acme.example")
    assert tries.used_up(address="198.51.100.1", email="vera@acme.example")


@pytest.mark.parametrize(
    "junk", ["\x00", "a" * 5000, "\ud800".encode("utf-8", "replace").decode(), "<b>"]
)
def test_junk_is_an_answer_not_a_crash(anonymous: Client, db: None, junk: str) -> None:
    assert sign_in(anonymous, junk, junk, next=junk).status_code == 422


def test_who_is_signed_in_is_not_asked_again(as_viewer: Client) -> None:
    assert as_viewer.get("/sign-in/?next=/healthz")["Location"] == "/healthz"


def test_sign_out_needs_a_post(as_viewer: Client) -> None:
    assert as_viewer.get("/sign-out/").status_code == 405
    assert as_viewer.post("/sign-out/")["Location"] == "/sign-in/"
    assert as_viewer.get("/")["Location"] == "/sign-in/?next=/"


def test_home_leads_to_the_account_looked_at_last(as_viewer: Client, viewer: User) -> None:
    second = Account.objects.create(name="Zeta")
    Membership.objects.create(account=second, user=viewer, role=Role.VIEWER)
    first = viewer.memberships.exclude(account=second).get().account
    assert as_viewer.get("/")["Location"] == f"/a/{first.sid}/"
    as_viewer.get(f"/a/{second.sid}/rejected-calls/")
    assert as_viewer.get("/")["Location"] == f"/a/{second.sid}/"
    second.memberships.all().delete()
    assert as_viewer.get("/")["Location"] == f"/a/{first.sid}/", "a cookie gives no membership"


def test_a_person_without_an_account_is_told_whom_to_ask(db: None) -> None:
    client = Client()
    client.force_login(cast.make_person(None, Role.VIEWER, name="Nora"))
    page = client.get("/").content.decode()
    assert "You are not in an account yet" in page
    assert "nora@nowhere.example" in page


def test_support_without_an_account_begins_at_the_desk(db: None) -> None:
    client = Client()
    client.force_login(cast.make_person(None, Role.VIEWER, name="Sue", is_staff=True))
    assert client.get("/")["Location"] == "/support/"
