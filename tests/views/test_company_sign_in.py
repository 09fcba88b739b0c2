"""Signing in with the company's identity provider (OpenID Connect): there when it is configured."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from flows.models import Membership, User

from .issuer import CLIENT, Issuer, running_issuer
from .people_signing_in import confirm, give_app, sign_in


@pytest.fixture
def issuer(settings: Settings) -> Iterator[Issuer]:
    with running_issuer() as made:
        app = {
            "provider_id": "company",
            "name": "Acme SSO",
            "client_id": CLIENT,
            "secret": "shh",
            "settings": {"server_url": made.url, "oauth_pkce_enabled": True},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
        yield made


def leave(client: Client, **typed: str) -> dict[str, str]:
    """Press the button; returns what the provider is asked for."""
    page = client.post("/sign-in/with/company/", typed).content.decode()
    found = re.search(r'content="0;url=([^"]+)"', page)
    assert found
    query = parse_qs(urlsplit(html.unescape(found[1])).query)
    return {name: values[0] for name, values in query.items()}


def come_back(client: Client, state: str) -> Any:
    return client.get("/sign-in/with/company/back/", {"code": "c", "state": state})


def test_without_a_provider_there_is_no_button_and_no_way(anonymous: Client, db: None) -> None:
    assert "Sign in with Acme" not in anonymous.get("/sign-in/").content.decode()
    assert anonymous.post("/sign-in/with/company/").status_code == 404
    assert anonymous.get("/sign-in/with/company/back/").status_code == 404


def test_the_provider_is_asked_with_state_and_proof(
    anonymous: Client, issuer: Issuer, db: None
) -> None:
    assert "Sign in with Acme SSO" in anonymous.get("/sign-in/").content.decode()
    asked = leave(anonymous)
    assert asked["client_id"] == CLIENT
    assert asked["redirect_uri"] == "http://testserver/sign-in/with/company/back/"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 16
    assert anonymous.get("/sign-in/with/company/").status_code == 405, "never by a mere link"


def test_a_person_is_known_by_the_verified_address(
    anonymous: Client, issuer: Issuer, viewer: User
) -> None:
    issuer.person["email"] = viewer.email
    state = leave(anonymous, next="/reference/")["state"]
    assert come_back(anonymous, state)["Location"] == "/reference/"
    assert anonymous.session["_auth_user_id"] == str(viewer.pk)
    assert "code_verifier=" in issuer.asked[0]


@pytest.mark.parametrize("verified", [False, None, "false", "False", "0", "no", 2, ["x"]])
def test_an_address_that_is_not_verified_opens_nothing(
    anonymous: Client, issuer: Issuer, viewer: User, verified: object
) -> None:
    """Some providers say it in quotes."""
    issuer.person.update(email=viewer.email, email_verified=verified)
    answer = come_back(anonymous, leave(anonymous)["state"])
    assert "_auth_user_id" not in anonymous.session
    assert answer["Location"] == "/sign-in/with/sign-up/"
    assert anonymous.get("/sign-in/with/sign-up/").status_code == 200


@pytest.mark.parametrize("way", ["sign-up", "change of address"])
def test_an_address_that_somebody_merely_typed_here_is_nobodys(
    anonymous: Client, issuer: Issuer, stranger: User, settings: Settings, way: str
) -> None:
    """Without a mail server: who signs up as somebody else, and adds a passkey, waits in vain."""
    settings.SENDS_MAIL = False
    email, mallory = "otto@acme.example", Client()
    if way == "sign-up":
        typed = {"name": "M", "company": "M", "region": "IN", "time_zone": "UTC"}
        mallory.post("/sign-up/", {**typed, "email": email, "password1": "zw5-Kolben-9"})
    else:
        sign_in(mallory, stranger)
        confirm(mallory)
        mallory.post("/me/email/", {"action_add": "1", "email": email})
    assert User.objects.filter(email=email).count() == 1
    issuer.person.update(email=email)
    come_back(anonymous, leave(anonymous)["state"])
    assert "_auth_user_id" not in anonymous.session


def test_a_newcomer_is_let_in_but_into_no_account(
    anonymous: Client, issuer: Issuer, db: None
) -> None:
    issuer.person.update(email="otto@acme.example", given_name="Otto", family_name="Ott")
    come_back(anonymous, leave(anonymous)["state"])
    user = User.objects.get(email="otto@acme.example")
    assert str(user) == "Otto Ott"
    assert not user.has_usable_password()
    assert not Membership.objects.filter(user=user).exists()
    page = anonymous.get("/").content.decode()
    assert "You are not in an account yet" in page
    assert "Open an account for your company" in page
    assert "Set<span" in anonymous.get("/me/").content.decode()
    assert anonymous.get("/me/providers/").status_code == 200


def test_a_second_factor_is_still_asked_for(
    anonymous: Client, issuer: Issuer, viewer: User
) -> None:
    give_app(viewer)
    issuer.person["email"] = viewer.email
    answer = come_back(anonymous, leave(anonymous)["state"])
    assert answer["Location"] == "/sign-in/code/"
    assert "_auth_user_id" not in anonymous.session


@pytest.mark.parametrize("state", ["", "made-up"])
def test_coming_back_without_having_left_is_refused_in_words(
    anonymous: Client, issuer: Issuer, db: None, state: str
) -> None:
    answer = come_back(anonymous, state)
    assert "_auth_user_id" not in anonymous.session
    assert "Signing in there did not work" in answer.content.decode()


def test_a_provider_that_is_down_is_said_in_words(
    anonymous: Client, issuer: Issuer, db: None, settings: Settings
) -> None:
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    apps[0]["settings"]["server_url"] = "http://127.0.0.1:1"
    page = anonymous.post("/sign-in/with/company/").content.decode()
    assert "Signing in there did not work" in page
