"""The second factor: set up, asked for, lost, demanded; and what others may not do with it."""

import re
from typing import Any
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from flows.models import Account, AuditEntry, OutgoingMail, Role, User
from tests import cast

from .people_signing_in import code_of, confirm, give_app, recovery_codes_of, sign_in


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The half minute of a code does not end in the middle of a test."""
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    monkeypatch.setattr(totp, "yield_hotp_counters_from_time", lambda: iter([counter]))


@pytest.fixture
def signed_in(anonymous: Client, viewer: User) -> Client:
    """The viewer, who has just typed the password once more."""
    sign_in(anonymous, viewer)
    confirm(anonymous)
    return anonymous


def secret_on(page: str) -> str:
    found = re.search(r"<code[^>]*>([A-Z2-7]{32})</code>", page)
    assert found
    return found[1]


def actions(account: Account) -> list[str]:
    entries = AuditEntry.objects.filter(account=account, action__startswith="person.")
    return list(entries.order_by("id").values_list("action", flat=True))


# --- Setting it up --------------------------------------------------------------------------------


def test_setting_up_an_app_asks_for_the_password_first(anonymous: Client, viewer: User) -> None:
    sign_in(anonymous, viewer)
    answer = anonymous.get("/me/authenticator/")
    assert unquote(answer["Location"]) == "/me/again/?next=/me/authenticator/"
    assert confirm(anonymous, "wrong").status_code == 422
    assert confirm(anonymous, after="/me/authenticator/")["Location"] == "/me/authenticator/"
    assert anonymous.get("/me/authenticator/").status_code == 200


def test_an_app_is_set_up_with_its_code_and_brings_recovery_codes(
    signed_in: Client,
    viewer: User,
    account: Account,
    django_capture_on_commit_callbacks: Any,
) -> None:
    page = signed_in.get("/me/authenticator/").content.decode()
    assert "data:image/svg+xml;base64," in page
    assert signed_in.post("/me/authenticator/", {"code": "000000"}).status_code == 422
    secret = secret_on(signed_in.get("/me/authenticator/").content.decode())
    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in.post("/me/authenticator/", {"code": code_of(secret)})
    assert answer["Location"] == "/me/recovery-codes/"
    page = signed_in.get("/me/recovery-codes/").content.decode()
    assert all(code in page for code in recovery_codes_of(viewer))
    assert "10 left" in signed_in.get("/me/").content.decode()
    assert set(actions(account)) == {"person.add_authenticator", "person.make_recovery_codes"}
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.subject) == (
        viewer.email,
        "An authenticator app was added to your sign-in",
    )
    assert secret not in mail.text


def test_no_secret_lies_open_in_the_database_or_the_audit_log(viewer: User) -> None:
    secret = give_app(viewer)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code in stored for code in recovery_codes_of(viewer))


# --- Being asked for it ---------------------------------------------------------------------------


def test_the_password_alone_is_not_enough(anonymous: Client, viewer: User) -> None:
    secret = give_app(viewer)
    assert sign_in(anonymous, viewer, next="/reference/")["Location"] == "/sign-in/code/"
    assert anonymous.get("/")["Location"].startswith("/sign-in/"), "not in yet"
    assert anonymous.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    answer = anonymous.post("/sign-in/code/", {"code": code_of(secret)})
    assert answer["Location"] == "/reference/"
    assert anonymous.session["_auth_user_id"] == str(viewer.pk)


def test_a_code_works_once(anonymous: Client, viewer: User) -> None:
    secret = give_app(viewer)
    for expected in (302, 422):
        client = Client()
        sign_in(client, viewer)
        answer = client.post("/sign-in/code/", {"code": code_of(secret)})
        assert answer.status_code == expected


def test_a_recovery_code_works_once_and_is_told(
    anonymous: Client, viewer: User, account: Account
) -> None:
    give_app(viewer)
    code = recovery_codes_of(viewer)[0]
    for expected in (302, 422):
        client = Client()
        sign_in(client, viewer)
        assert client.post("/sign-in/code/", {"code": code}).status_code == expected
    assert actions(account) == ["person.use_recovery_code"]
    assert OutgoingMail.objects.get().subject.startswith("Somebody signed in with one of your")


def test_codes_cannot_be_guessed_for_ever(anonymous: Client, viewer: User) -> None:
    secret = give_app(viewer)
    sign_in(anonymous, viewer)
    answers = [anonymous.post("/sign-in/code/", {"code": "000000"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert anonymous.post("/sign-in/code/", {"code": code_of(secret)}).status_code == 429
    cache.clear()
    assert anonymous.post("/sign-in/code/", {"code": code_of(secret)}).status_code == 302


def test_nobody_sees_the_second_step_without_the_first(anonymous: Client, db: None) -> None:
    assert anonymous.get("/sign-in/code/")["Location"] == "/sign-in/"


def test_the_session_is_a_new_one_after_each_step(anonymous: Client, viewer: User) -> None:
    """A session id that somebody planted is worth nothing once a person has signed in."""
    secret = give_app(viewer)
    sign_in(anonymous, viewer)
    before = anonymous.session.session_key
    anonymous.post("/sign-in/code/", {"code": code_of(secret)})
    assert anonymous.session.session_key != before


# --- Losing and removing it -----------------------------------------------------------------------


def test_new_recovery_codes_end_the_old_ones(signed_in: Client, viewer: User) -> None:
    give_app(viewer)
    old = recovery_codes_of(viewer)
    assert signed_in.post("/me/recovery-codes/new/")["Location"] == "/me/recovery-codes/"
    assert not set(old) & set(recovery_codes_of(viewer))


def test_recovery_codes_come_as_a_file_that_nobody_keeps(signed_in: Client, viewer: User) -> None:
    give_app(viewer)
    answer = signed_in.get("/me/recovery-codes/file/")
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"].startswith("attachment")
    assert all(code in answer.content.decode() for code in recovery_codes_of(viewer))


def test_removing_the_app_takes_the_codes_with_it_and_is_written_down(
    signed_in: Client, viewer: User, account: Account
) -> None:
    give_app(viewer)
    assert signed_in.get("/me/authenticator/remove/").status_code == 200
    assert signed_in.post("/me/authenticator/remove/")["Location"] == "/me/"
    assert not Authenticator.objects.exists()
    assert actions(account) == ["person.remove_authenticator"]
    assert "was removed" in OutgoingMail.objects.get().subject


def test_support_can_take_a_lost_factor_away_and_it_is_written_down(
    viewer: User, account: Account
) -> None:
    give_app(viewer)
    staff = cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(staff)
    typed = {"action": "remove_second_factor", "_selected_action": [viewer.pk]}
    client.post(reverse("admin:flows_user_changelist"), typed)
    assert not Authenticator.objects.exists()
    entry = AuditEntry.objects.get(account=account, action="person.remove_second_factor")
    assert entry.actor == staff
    assert OutgoingMail.objects.get().to == viewer.email


# --- Accounts that demand it ----------------------------------------------------------------------


@pytest.fixture
def strict(account: Account) -> Account:
    account.needs_second_factor = True
    account.save()
    return account


def test_an_account_that_demands_one_leads_there_and_back(
    signed_in: Client,
    viewer: User,
    strict: Account,
    django_capture_on_commit_callbacks: Any,
) -> None:
    wanted = f"/a/{strict.sid}/flows/?q=order"
    assert signed_in.get(wanted)["Location"] == "/me/second-factor/"
    page = signed_in.get("/me/second-factor/").content.decode()
    assert "Acme asks for a second factor" in page
    secret = secret_on(signed_in.get("/me/authenticator/").content.decode())
    signed_in.post("/me/authenticator/", {"code": code_of(secret)})
    assert "Acme lets you in now" in signed_in.get("/me/recovery-codes/").content.decode()
    assert signed_in.get("/me/second-factor/")["Location"] == wanted
    assert signed_in.get(wanted).status_code == 200


def test_htmx_is_led_there_too(as_viewer: Client, strict: Account) -> None:
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": f"http://testserver/a/{strict.sid}/executions/",
    }
    answer = as_viewer.get(f"/a/{strict.sid}/executions/new/", headers=headers)
    assert answer["HX-Redirect"] == "/me/second-factor/"
    assert as_viewer.session["onward"]["path"] == f"/a/{strict.sid}/executions/"


def test_other_accounts_stay_open(as_stranger: Client, stranger: User, strict: Account) -> None:
    own = stranger.memberships.get().account
    assert as_stranger.get(f"/a/{own.sid}/").status_code == 200
    assert as_stranger.get(f"/a/{strict.sid}/").status_code == 404


def test_support_staff_may_have_to_have_one(settings: Settings, db: None) -> None:
    staff = cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(staff)
    assert client.get("/admin/").status_code == 200
    settings.SUPPORT_NEEDS_SECOND_FACTOR = True
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/me/second-factor/"
    give_app(staff)
    assert client.get("/admin/").status_code == 200


# --- Passkeys, without a device (a real browser plays one in tests/browser/test_sign_in.py) -------


def passkey_of(user: User) -> Authenticator:
    data = {"name": "Work laptop", "credential": {}}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)


@pytest.mark.parametrize("what", ["", "remove/"])
def test_a_passkey_is_there_for_its_person_alone(
    signed_in: Client, viewer: User, stranger: User, what: str
) -> None:
    own, other = passkey_of(viewer), passkey_of(stranger)
    assert signed_in.get(f"/me/passkeys/{own.pk}/{what}").status_code == 200
    assert signed_in.get(f"/me/passkeys/{other.pk}/{what}").status_code == 404
    assert signed_in.post(f"/me/passkeys/{other.pk}/{what}", {"name": "x"}).status_code == 404
    assert Authenticator.objects.filter(pk=other.pk, data__name="Work laptop").exists()


def test_a_passkey_is_renamed_and_removed(
    signed_in: Client, viewer: User, account: Account, mailoutbox: list[EmailMessage]
) -> None:
    own = passkey_of(viewer)
    assert signed_in.post(f"/me/passkeys/{own.pk}/", {"name": ""}).status_code == 422
    assert signed_in.post(f"/me/passkeys/{own.pk}/", {"name": "Phone"})["Location"] == "/me/"
    assert "Phone" in signed_in.get("/me/").content.decode()
    assert signed_in.post(f"/me/passkeys/{own.pk}/remove/")["Location"] == "/me/"
    assert actions(account) == ["person.remove_passkey"]


@pytest.mark.parametrize(
    "junk",
    [
        "", "{}", "[]", "null", "7", "true", "NaN", "1e999", "x" * 5000, "[" * 15_000,
        "[" * 30_000, '{"id": "\\u0000"}',
    ],
)  # fmt: skip
def test_a_passkey_of_junk_is_refused(anonymous: Client, db: None, junk: str) -> None:
    anonymous.get("/sign-in/passkey/", headers={"Accept": "application/json"})
    answer = anonymous.post("/sign-in/passkey/", {"credential": junk})
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")


def test_adding_a_passkey_of_junk_is_refused(signed_in: Client) -> None:
    page = signed_in.get("/me/passkeys/new/").content.decode()
    assert '"residentKey": "required"' in page
    for junk in ("", "{}", "[]", "null"):
        answer = signed_in.post("/me/passkeys/new/", {"name": "Phone", "credential": junk})
        assert answer.status_code == 422, junk


def test_passkeys_are_limited_too(anonymous: Client, db: None) -> None:
    answers = [anonymous.post("/sign-in/passkey/", {"credential": "{}"}) for _ in range(11)]
    assert answers[-1].status_code == 429
