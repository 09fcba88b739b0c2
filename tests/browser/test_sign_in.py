"""Signing in with a passkey that Chromium plays, without JavaScript, and what axe says."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from flows.models import Account, AuditEntry, User
from tests import cast
from tests.views.people_signing_in import code_of, give_app

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """What a phone or a laptop does when a page asks for a passkey."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        made = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        self.key = made["authenticatorId"]

    def refuse(self) -> None:
        """The finger is not the right one."""
        self._set("WebAuthn.setUserVerified", isUserVerified=False)

    def accept(self) -> None:
        self._set("WebAuthn.setUserVerified", isUserVerified=True)

    def _set(self, name: str, **values: bool) -> None:
        self.session.send(name, {"authenticatorId": self.key, **values})


@pytest.fixture
def finger(page: Page) -> Iterator[Device]:
    yield Device(page)


def sign_in(page: Page, server: LiveServer, user: User) -> None:
    page.goto(f"{server.url}/sign-in/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page: Page) -> None:
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def add_passkey(page: Page, server: LiveServer, name: str = "Work laptop") -> None:
    page.goto(f"{server.url}/me/passkeys/new/")
    if page.get_by_role("heading", name="Confirm that it is you").is_visible():
        confirm(page)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Your menu")).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_passkey_is_added_and_signs_in_alone(
    page: Page, live_server: LiveServer, admin: User, finger: Device
) -> None:
    sign_in(page, live_server, admin)
    add_passkey(page, live_server)
    page.goto(f"{live_server.url}/me/")
    expect(page.get_by_text("Work laptop").first).to_be_visible()
    sign_out(page)
    page.goto(f"{live_server.url}/sign-in/?next=/reference/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{live_server.url}/reference/")
    assert Authenticator.objects.filter(type="webauthn", last_used_at__isnull=False).exists()
    assert AuditEntry.objects.filter(action="person.add_passkey").count() == 1


def test_a_passkey_can_be_the_second_step_and_the_question_asked_again(
    page: Page, live_server: LiveServer, admin: User, finger: Device
) -> None:
    sign_in(page, live_server, admin)
    add_passkey(page, live_server)
    sign_out(page)
    sign_in(page, live_server, admin)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("button", name=re.compile("Your menu"))).to_be_visible()
    page.goto(f"{live_server.url}/me/authenticator/")
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Set up an authenticator app")).to_be_visible()


def test_a_device_that_refuses_is_said_in_words(
    page: Page, live_server: LiveServer, admin: User, finger: Device
) -> None:
    sign_in(page, live_server, admin)
    add_passkey(page, live_server)
    sign_out(page)
    finger.refuse()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("you cancelled it. Try again.")
    finger.accept()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("button", name=re.compile("Your menu"))).to_be_visible()


def test_an_account_that_demands_a_factor_is_entered_after_setting_one_up(
    page: Page, live_server: LiveServer, admin: User, account: Account, finger: Device
) -> None:
    Account.objects.update(needs_second_factor=True)
    sign_in(page, live_server, admin)
    expect(page.get_by_role("heading", name="Acme asks for a second factor")).to_be_visible()
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    page.get_by_role("button", name="Add passkey").click()
    page.get_by_role("link", name="Continue").click()
    expect(page).to_have_url(f"{live_server.url}/a/{account.sid}/")


def test_signing_up_and_an_app_work_without_javascript(
    bare_page: Page, live_server: LiveServer, db: None
) -> None:
    page = bare_page
    page.goto(f"{live_server.url}/sign-up/")
    page.get_by_label("Your name").fill("Nadia")
    page.get_by_label("Work email").fill("nadia@fresh.example")
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_label("Company").fill("Fresh Foods")
    page.get_by_role("button", name="Create account").click()
    account = Account.objects.get(name="Fresh Foods")
    expect(page).to_have_url(f"{live_server.url}/a/{account.sid}/")
    page.goto(f"{live_server.url}/me/authenticator/")
    confirm(page)
    secret = page.locator("code").first.inner_text()
    page.get_by_label("Code that the app shows now").fill(code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="10 of 10 left")).to_be_visible()


def test_a_newcomer_is_offered_the_time_zone_of_the_browser(
    page: Page, live_server: LiveServer, db: None
) -> None:
    page.goto(f"{live_server.url}/sign-up/")
    expect(page.get_by_label("Time zone")).to_have_value(re.compile("Asia/(Kolkata|Calcutta)"))


OUTSIDE = ("/sign-in/", "/sign-up/", "/password/reset/", "/password/reset/sent/",
           "/password/reset/1-x/", "/sign-in/inactive/")  # fmt: skip
INSIDE = ("/me/", "/me/name/", "/me/email/", "/me/password/", "/me/again/?next=/me/",
          "/me/authenticator/", "/me/authenticator/remove/", "/me/passkeys/new/",
          "/me/recovery-codes/", "/me/recovery-codes/new/", "/me/sessions/",
          "/me/providers/")  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong(
    page: Page,
    phone: Page,
    live_server: LiveServer,
    admin: User,
    faults: Callable[[Page], list[str]],
    theme: str,
) -> None:
    for screen in (page, phone):
        cookie: Any = {"name": "theme", "value": theme, "url": live_server.url}
        screen.context.add_cookies([cookie])
        for path in OUTSIDE:
            screen.goto(live_server.url + path)
            assert faults(screen) == [], path
        screen.goto(f"{live_server.url}/sign-in/")
        screen.get_by_role("button", name="Sign in", exact=True).click()
        expect(screen.locator("[aria-invalid=true]").first).to_be_visible()
        assert faults(screen) == [], "with errors"
        sign_in(screen, live_server, admin)
        screen.goto(f"{live_server.url}/me/second-factor/")
        assert faults(screen) == [], "second factor"
        screen.goto(f"{live_server.url}/me/authenticator/")
        confirm(screen)
        expect(screen.get_by_role("heading", name="Set up an authenticator")).to_be_visible()
        assert faults(screen) == [], "setting up"
        secret = give_app(admin)
        for path in INSIDE:
            screen.goto(live_server.url + path)
            assert faults(screen) == [], path
        sign_out(screen)
        sign_in(screen, live_server, admin)
        expect(screen.get_by_role("heading", name="One more step")).to_be_visible()
        assert faults(screen) == [], "second step"
        assert secret
        Authenticator.objects.all().delete()
