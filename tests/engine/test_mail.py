"""E-mails that are owed: sent once by the engine, tried again when it fails, then erased."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from flows.engine import mail
from flows.models import OutgoingMail
from flows.models.mail import GIVE_UP_AFTER, post
from flows.outbox import Outbox

pytestmark = pytest.mark.django_db


class BrokenServer(BaseEmailBackend):
    """A mail server that cannot be reached."""

    def send_messages(self, email_messages: Any) -> int:
        raise ConnectionRefusedError("smtp.example.com said: password hunter2 is wrong")


@pytest.fixture
def broken_server(settings: Any) -> None:
    settings.MAIL_DELIVERY_BACKEND = f"{__name__}.BrokenServer"


def write(to: str = "asha@acme.example") -> OutgoingMail:
    post([to], subject="Sender approved", text="See https://flows.example/a/HX1/")
    return OutgoingMail.objects.get(to=to)


def test_a_mail_is_sent_once_and_its_text_is_erased() -> None:
    owed = write()
    assert mail.turn() == 1
    assert mail.turn() == 0
    (letter,) = django_mail.outbox
    assert (letter.to, letter.subject) == (["asha@acme.example"], "Sender approved")
    assert "https://flows.example/a/HX1/" in letter.body
    owed.refresh_from_db()
    assert owed.sent_at is not None
    assert owed.text_encrypted == ""


def test_its_text_is_never_stored_in_clear() -> None:
    write()
    with connection.cursor() as cursor:
        cursor.execute("select * from flows_outgoingmail")
        assert "flows.example" not in str(cursor.fetchall())


def test_each_address_gets_one_letter_of_its_own() -> None:
    post(["b@acme.example", "a@acme.example", "b@acme.example"], subject="Hello", text="Hello")
    mail.turn()
    assert [letter.to for letter in django_mail.outbox] == [["a@acme.example"], ["b@acme.example"]]


def test_a_mail_of_a_change_that_was_undone_is_undone_with_it() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        post(["asha@acme.example"], subject="Never", text="Never")
        raise ZeroDivisionError
    assert not OutgoingMail.objects.exists()


def test_a_line_break_in_a_name_cannot_add_a_header() -> None:
    post(["a@acme.example"], subject="Acme\r\nBcc: everybody@example.com", text="Hello")
    mail.turn()
    (letter,) = django_mail.outbox
    assert letter.subject == "Acme Bcc: everybody@example.com"
    assert letter.recipients() == ["a@acme.example"]


@pytest.mark.usefixtures("broken_server")
def test_a_broken_server_is_tried_later_and_later_then_given_up() -> None:
    owed, now, pauses = write(), timezone.now(), []
    for _ in range(GIVE_UP_AFTER):
        assert mail.turn(now) == 1
        assert mail.turn(now) == 0
        owed.refresh_from_db()
        if owed.wake_at:
            pauses.append(owed.wake_at - now)
            now = owed.wake_at
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=mail.FIRST_PAUSE_S)
    assert owed.wake_at is None
    assert owed.sent_at is None
    assert owed.text_encrypted == ""


@pytest.mark.usefixtures("broken_server")
def test_what_the_server_said_is_kept_by_its_kind_only(caplog: pytest.LogCaptureFixture) -> None:
    owed = write()
    mail.turn()
    owed.refresh_from_db()
    assert owed.last_error == "ConnectionRefusedError"
    assert "hunter2" not in caplog.text


def test_a_mail_in_the_hands_of_another_engine_is_left_to_it_until_its_lease_ends() -> None:
    write()
    now = timezone.now()
    touched, taken = mail.begin(limit=10, now=now)
    assert (touched, len(taken)) == (1, 1)
    assert mail.turn(now) == 0
    assert mail.turn(now + mail.LEASE + timedelta(seconds=1)) == 1


def test_nothing_due_costs_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        assert mail.turn() == 0


def test_whatever_sends_mail_in_django_goes_through_the_outbox() -> None:
    backend = Outbox()
    sent = backend.send_messages([EmailMessage("Reset", "link", to=["a@acme.example"])])
    assert sent == 1
    assert OutgoingMail.objects.get().text == "link"
