"""Your sign-in: name, address, password, sessions; what is written down about it, and told."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from flows.models import Account, AuditEntry, Membership, OutgoingMail, Role, User
from flows.views.browsers import browser_in_words
from tests import cast

from .people_signing_in import confirm, sign_in


@pytest.fixture
def signed_in(anonymous: Client, viewer: User) -> Client:
    sign_in(anonymous, viewer)
    confirm(anonymous)
    return anonymous


def test_the_page_says_how_somebody_signs_in(as_viewer: Client) -> None:
    page = as_viewer.get("/me/").content.decode()
    assert "vera@acme.example" in page
    assert "Set up<span" in page
    assert "Only in this browser" in page


def test_a_name_is_changed(as_viewer: Client, viewer: User) -> None:
    assert as_viewer.post("/me/name/", {"first_name": ""}).status_code == 422
    answer = as_viewer.post("/me/name/", {"first_name": "Vera", "last_name": "Lind"})
    assert answer["Location"] == "/me/"
    viewer.refresh_from_db()
    assert str(viewer) == "Vera Lind"


# --- Password -------------------------------------------------------------------------------------


def test_a_password_is_changed_and_others_are_signed_out(
    signed_in: Client, viewer: User, account: Account
) -> None:
    elsewhere = Client()
    sign_in(elsewhere, viewer)
    typed = {"oldpassword": "wrong", "password1": "an entirely new secret"}
    answer = signed_in.post("/me/password/", typed)
    assert answer.status_code == 422
    assert "This is not your current password" in answer.content.decode()
    answer = signed_in.post("/me/password/", {**typed, "oldpassword": cast.PASSWORD})
    assert answer["Location"] == "/me/"
    assert signed_in.get("/me/").status_code == 200, "still signed in here"
    assert elsewhere.get("/me/").status_code == 302
    entry = AuditEntry.objects.get(account=account)
    assert (entry.action, entry.actor, entry.object_label) == (
        "person.change_password",
        viewer,
        "Vera",
    )
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.subject) == (viewer.email, "Your password was changed")
    assert "secret" not in mail.text
    assert "secret" not in str([entry.before, entry.after])


def test_a_change_is_in_the_log_of_every_account_of_the_person_and_no_other(
    signed_in: Client, viewer: User, stranger: User
) -> None:
    second = cast.make_account("Zeta")
    Membership.objects.create(account=second, user=viewer, role=Role.VIEWER)
    typed = {"oldpassword": cast.PASSWORD, "password1": "an entirely new secret"}
    signed_in.post("/me/password/", typed)
    names = AuditEntry.objects.values_list("account__name", flat=True)
    assert sorted(names) == ["Acme", "Zeta"]
    assert AuditEntry.objects.exclude(ip="127.0.0.1").count() == 0
    assert OutgoingMail.objects.count() == 1


# --- Address --------------------------------------------------------------------------------------


@pytest.fixture
def with_mail(settings: Settings) -> None:
    settings.SENDS_MAIL = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


def change_email(client: Client, email: str) -> object:
    return client.post("/me/email/", {"action_add": "1", "email": email})


def test_a_new_address_counts_once_its_code_was_entered(
    signed_in: Client, viewer: User, with_mail: None, mailoutbox: list[EmailMessage]
) -> None:
    assert change_email(signed_in, "vera@new.example")["Location"] == "/confirm-email/"
    viewer.refresh_from_db()
    assert viewer.email == "vera@acme.example"
    code = re.search(r"Your code: (\S+)", str(mailoutbox[0].body))
    assert code
    answer = signed_in.post("/confirm-email/", {"code": code[1]})
    assert answer["Location"] == "/me/"
    viewer.refresh_from_db()
    assert viewer.email == "vera@new.example"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before, entry.after) == (
        "person.change_email",
        {"email": "vera@acme.example"},
        {"email": "vera@new.example"},
    )
    told = set(OutgoingMail.objects.values_list("to", flat=True))
    assert told == {"vera@acme.example", "vera@new.example"}


def test_without_a_mail_server_a_new_address_counts_at_once(
    signed_in: Client, viewer: User, admin: User
) -> None:
    assert change_email(signed_in, "Vera@New.example")["Location"] == "/me/"
    viewer.refresh_from_db()
    assert viewer.email == "vera@new.example"
    assert sign_in(Client(), viewer).status_code == 302
    assert change_email(signed_in, admin.email).status_code == 422


def test_changing_the_address_asks_for_the_password(anonymous: Client, viewer: User) -> None:
    sign_in(anonymous, viewer)
    answer = change_email(anonymous, "vera@new.example")
    assert answer["Location"].startswith("/me/again/")
    answer = confirm(anonymous, after="/me/email/")
    viewer.refresh_from_db()
    assert viewer.email == "vera@new.example", "what was asked for is done after the question"


def test_passwords_cannot_be_guessed_at_the_question_either(
    anonymous: Client, viewer: User, settings: Settings
) -> None:
    settings.SIGN_IN_TRIES_PER_MINUTE = 3
    sign_in(anonymous, viewer)
    answers = [confirm(anonymous, "wrong").status_code for _ in range(3)]
    assert answers == [422, 422, 429]


# --- Sessions -------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended_elsewhere(
    anonymous: Client, viewer: User, stranger: User, as_stranger: Client
) -> None:
    chrome = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
    elsewhere = Client(headers={"user-agent": chrome}, REMOTE_ADDR="203.0.113.7")
    sign_in(elsewhere, viewer)
    sign_in(anonymous, viewer)
    page = anonymous.get("/me/sessions/").content.decode()
    assert "Chrome on Windows" in page
    assert "203.0.113.7" in page
    assert page.count("This browser") == 1
    assert anonymous.post("/me/sessions/")["Location"] == "/me/sessions/"
    assert elsewhere.get("/me/").status_code == 302
    assert anonymous.get("/me/").status_code == 200
    assert as_stranger.get("/me/").status_code == 200, "other people's are none of it"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Version/17 Safari/605.1", "Safari on macOS"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Firefox/132.0",
            "Firefox on Linux",
        ),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("curl/8.5.0", "Another program"),
        ("", "Another program"),
    ],
)
def test_a_browser_in_words(agent: str, words: str) -> None:
    assert browser_in_words(agent) == words


def test_the_page_costs_the_same_with_many_passkeys(
    as_viewer: Client, viewer: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    kind = Authenticator.Type.WEBAUTHN
    Authenticator.objects.bulk_create(
        Authenticator(user=viewer, type=kind, data={"name": f"Key {n}", "credential": {}})
        for n in range(20)
    )
    with django_assert_max_num_queries(12):
        assert as_viewer.get("/me/").status_code == 200
