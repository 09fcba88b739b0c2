"""Signing up: what comes into being, who may, and what the answer does not give away."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from flows.models import Account, AuditEntry, Connection, Invitation, Membership, Role, User
from tests import cast

from .people_signing_in import without_tokens

TYPED = {
    "name": "Nadia Karim",
    "email": "nadia@fresh.example",
    "password1": "a long enough secret",
    "company": "Fresh Foods",
    "region": "SG",
    "time_zone": "Asia/Singapore",
}


def sign_up(client: Client, **changed: str) -> Any:
    return client.post("/sign-up/", {**TYPED, **changed})


@pytest.fixture
def with_mail(settings: Settings) -> None:
    """As an installation that has a mail server."""
    settings.SENDS_MAIL = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


@pytest.fixture
def invitation(account: Account, monkeypatch: pytest.MonkeyPatch) -> Invitation:
    """This browser came with an invitation to Acme."""
    made = Invitation(account=account, email="nadia@fresh.example", expires_at=timezone.now())
    monkeypatch.setattr("flows.views.session.invitation_of", lambda _request: made)
    return made


def test_a_newcomer_gets_an_account_with_a_sandbox_and_lands_in_it(
    anonymous: Client, db: None
) -> None:
    answer = sign_up(anonymous)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    user = User.objects.get(email="nadia@fresh.example")
    member = Membership.objects.select_related("account").get(user=user)
    account = member.account
    assert (str(user), member.role) == ("Nadia Karim", Role.ADMIN)
    assert (account.name, account.region, account.time_zone) == (
        "Fresh Foods",
        "SG",
        "Asia/Singapore",
    )
    assert Connection.objects.get(account=account).connector == "sandbox"
    assert anonymous.get("/")["Location"] == f"/a/{account.sid}/"
    entry = AuditEntry.objects.get(account=account)
    assert (entry.action, entry.actor, entry.after["name"]) == ("account.open", user, "Fresh Foods")


def test_all_of_it_comes_into_being_or_nothing(
    anonymous: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Connection.objects, "create", fail)
    with pytest.raises(RuntimeError):
        sign_up(anonymous)
    assert not User.objects.exists()
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Enter your name"),
        ("email", "nadia", "Enter an email like name@example.com"),
        ("password1", "short", "too short"),
        ("password1", "password123", "too common"),
        ("company", " ", "Enter the name of your company"),
        ("region", "MARS", "Choose a region"),
        ("time_zone", "Mars/Phobos", "Choose a time zone from the list"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    anonymous: Client, db: None, field: str, value: str, sentence: str
) -> None:
    answer = sign_up(anonymous, **{field: value})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert TYPED["password1"] not in answer.content.decode()
    assert not User.objects.exists()


def test_next_is_followed_after_signing_up_but_only_inside(anonymous: Client, db: None) -> None:
    assert sign_up(anonymous, next="/reference/")["Location"] == "/reference/"
    other = Client()
    answer = sign_up(other, email="b@fresh.example", next="https://evil.example/")
    assert answer["Location"] == "/"


def test_a_closed_installation_says_whom_to_ask(
    anonymous: Client, db: None, settings: Settings
) -> None:
    settings.SIGN_UP_OPEN = False
    page = anonymous.get("/sign-up/")
    assert page.status_code == 403
    assert "Ask an admin of your company" in page.content.decode()
    assert sign_up(anonymous).status_code == 403
    assert not User.objects.exists()
    assert "Create an account" not in anonymous.get("/sign-in/").content.decode()


def test_who_was_invited_signs_up_without_a_company_of_their_own(
    anonymous: Client, invitation: Invitation, settings: Settings
) -> None:
    settings.SIGN_UP_OPEN = False
    page = anonymous.get("/sign-up/?next=/invitation/").content.decode()
    assert "Join Acme" in page
    assert 'value="nadia@fresh.example"' in page
    assert "Company" not in page
    typed = {name: TYPED[name] for name in ("name", "email", "password1")}
    answer = anonymous.post("/sign-up/", {**typed, "next": "/invitation/"})
    assert answer["Location"] == "/invitation/"
    assert Account.objects.count() == 1


def test_the_address_is_proved_by_a_code_where_there_is_a_mail_server(
    anonymous: Client, db: None, with_mail: None, mailoutbox: list[EmailMessage]
) -> None:
    answer = sign_up(anonymous, next="/reference/")
    assert answer["Location"] == "/confirm-email/"
    assert anonymous.get("/")["Location"].startswith("/sign-in/")
    assert "nadia@fresh.example" in anonymous.get("/confirm-email/").content.decode()
    assert anonymous.post("/confirm-email/", {"code": "AAA-AAA"}).status_code == 422
    code = re.search(r"Your code: (\S+)", str(mailoutbox[0].body))
    assert code
    answer = anonymous.post("/confirm-email/", {"code": code[1]})
    assert answer["Location"] == "/reference/"
    assert EmailAddress.objects.get(email="nadia@fresh.example").verified


@pytest.mark.parametrize("is_known", [True, False])
def test_signing_up_does_not_tell_whether_somebody_is_here_already(
    anonymous: Client,
    viewer: User,
    with_mail: None,
    mailoutbox: list[EmailMessage],
    is_known: bool,
) -> None:
    """The same answer and the same page; only the owner of the address reads a difference."""
    email = viewer.email if is_known else "somebody@acme.example"
    answer = sign_up(anonymous, email=email)
    assert (answer.status_code, answer["Location"]) == (302, "/confirm-email/")
    assert [mail.to for mail in mailoutbox] == [[email]]
    assert ("signs in there already" in str(mailoutbox[0].body)) is is_known
    assert User.objects.filter(email=email).count() == 1


def test_the_page_after_signing_up_is_the_same_for_known_and_unknown(
    viewer: User, with_mail: None, mailoutbox: list[EmailMessage]
) -> None:
    pages = []
    for email in (viewer.email, "else@acme.example"):
        client = Client()
        sign_up(client, email=email)
        page = client.get("/confirm-email/").content.decode().replace(email, "")
        pages.append(without_tokens(page))
    assert pages[0] == pages[1]


def test_without_a_mail_server_a_taken_address_is_told_at_once(
    anonymous: Client, viewer: User
) -> None:
    """Nobody could be told by e-mail, and whoever signs up is let in: this cannot be hidden."""
    answer = sign_up(anonymous, email=viewer.email)
    assert answer.status_code == 422
    assert "Somebody has this email address already" in answer.content.decode()


def test_one_address_cannot_sign_up_for_ever(
    anonymous: Client, db: None, settings: Settings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "signup": "2/h/ip"}
    for _ in range(2):
        assert sign_up(anonymous, name="").status_code == 422
    answer = sign_up(anonymous)
    assert answer.status_code == 429
    assert "Too many tries" in answer.content.decode()
    assert not User.objects.exists()


def test_people_made_by_others_need_no_code(
    anonymous: Client, with_mail: None, viewer: User
) -> None:
    """Whoever made them vouches for the address."""
    data = {"email": viewer.email, "password": cast.PASSWORD}
    assert anonymous.post("/sign-in/", data)["Location"] == "/"


def test_somebody_without_an_account_opens_one(db: None, settings: Settings) -> None:
    client = Client()
    client.force_login(cast.make_person(None, Role.VIEWER, name="Nora"))
    typed = {name: TYPED[name] for name in ("company", "region", "time_zone")}
    assert client.post("/me/account/new/", {**typed, "company": ""}).status_code == 422
    answer = client.post("/me/account/new/", typed)
    account = Account.objects.get(name="Fresh Foods")
    assert answer["Location"] == f"/a/{account.sid}/"
    assert Membership.objects.get(account=account).role == Role.ADMIN
    settings.SIGN_UP_OPEN = False
    assert client.post("/me/account/new/", typed).status_code == 403


def test_nobody_opens_accounts_without_end(as_viewer: Client) -> None:
    typed = {name: TYPED[name] for name in ("company", "region", "time_zone")}
    answers = [as_viewer.post("/me/account/new/", typed).status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]
