"""A forgotten password: the link in the e-mail, and an answer that tells nobody who is here."""

import re

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django.fixtures import Settings

from flows.models import Account, AuditEntry, OutgoingMail, User

from .people_signing_in import sign_in, without_tokens

NEW = "an entirely new secret"


def ask(client: Client, email: str) -> str:
    """Ask for a link; returns the page that follows."""
    answer = client.post("/password/reset/", {"email": email})
    assert (answer.status_code, answer["Location"]) == (302, "/password/reset/sent/")
    return client.get("/password/reset/sent/").content.decode()


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"(http\S+)(/password/reset/\S+)", str(mail.body))
    assert found
    return found[2]


@pytest.fixture
def link(anonymous: Client, viewer: User, mailoutbox: list[EmailMessage]) -> str:
    ask(anonymous, viewer.email)
    return link_in(mailoutbox[-1])


def test_the_link_of_the_e_mail_leads_to_a_new_password(
    anonymous: Client, viewer: User, account: Account, link: str
) -> None:
    there = anonymous.get(link)["Location"]
    assert link not in there, "the address that is shown holds no secret"
    assert anonymous.get(there).status_code == 200
    assert anonymous.post(there, {"password1": "short"}).status_code == 422
    assert anonymous.post(there, {"password1": NEW})["Location"] == "/password/reset/done/"
    assert sign_in(anonymous, viewer).status_code == 422, "the old one is gone"
    assert sign_in(anonymous, viewer, NEW).status_code == 302
    assert AuditEntry.objects.get(account=account).action == "person.reset_password"
    assert OutgoingMail.objects.get().to == viewer.email


def test_a_link_works_once(anonymous: Client, link: str) -> None:
    there = anonymous.get(link)["Location"]
    anonymous.post(there, {"password1": NEW})
    page = Client().get(link)
    assert "This link does not work any more" in page.content.decode()


@pytest.mark.parametrize("junk", ["1-abc", "zz-c0ffee-1234", "0-set-password"])
def test_a_made_up_link_does_not_work(anonymous: Client, db: None, junk: str) -> None:
    page = anonymous.get(f"/password/reset/{junk}/")
    assert "This link does not work any more" in page.content.decode()


def test_other_sessions_end(as_viewer: Client, viewer: User, link: str) -> None:
    browser = Client()
    there = browser.get(link)["Location"]
    browser.post(there, {"password1": NEW})
    assert as_viewer.get("/")["Location"].startswith("/sign-in/")


def test_the_link_names_the_public_address_whatever_host_was_asked(
    anonymous: Client, viewer: User, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "https://fallback.example"
    anonymous.post("/password/reset/", {"email": viewer.email}, headers={"host": "localhost"})
    assert "https://fallback.example/password/reset/" in str(mailoutbox[0].body)


def test_the_answer_is_the_same_for_known_and_unknown(
    anonymous: Client, viewer: User, mailoutbox: list[EmailMessage]
) -> None:
    emails = (viewer.email, "nobody@acme.example")
    pages = [without_tokens(ask(Client(), email)) for email in emails]
    assert pages[0] == pages[1]
    assert [mail.to for mail in mailoutbox] == [[viewer.email], ["nobody@acme.example"]]
    assert "nobody signs in there with this address" in str(mailoutbox[1].body)


def test_who_was_switched_off_gets_no_link(
    anonymous: Client, viewer: User, mailoutbox: list[EmailMessage]
) -> None:
    User.objects.update(is_active=False)
    ask(anonymous, viewer.email)
    assert "/password/reset/" not in str(mailoutbox[0].body)


def test_without_a_mail_server_the_page_says_where_the_link_lies(
    anonymous: Client, viewer: User, settings: Settings
) -> None:
    assert "var/mail" in ask(anonymous, viewer.email)
    settings.SENDS_MAIL = True
    assert "var/mail" not in anonymous.get("/password/reset/sent/").content.decode()


def test_nobody_is_flooded_with_links(viewer: User, mailoutbox: list[EmailMessage]) -> None:
    """By address and by e-mail; and being turned away is the same for both kinds of e-mail."""
    for email in (viewer.email, "nobody@acme.example"):
        client = Client(REMOTE_ADDR="192.0.2.1" if email == viewer.email else "192.0.2.2")
        answers = [client.post("/password/reset/", {"email": email}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [302, 302, 302, 429]
    assert len(mailoutbox) == 6
