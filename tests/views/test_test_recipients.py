"""Test recipients: numbers in any usual spelling, once each, masked below admin, undo."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from flows.models import Account, AuditEntry, TestRecipient, User, test_recipients
from flows.recipients import RecipientError, parse_typed
from tests import cast

NUMBER = "919876540001"


def url(account: Account, name: str = "test-recipient-list", *args: object) -> str:
    return reverse(name, args=[account.sid, *args])


@pytest.mark.parametrize(
    "typed",
    ["919876540001", "+91 98765 40001", "0091-98765-40001", "(91) 98765.40001", "+91 98765–40001"],
)
def test_a_number_is_taken_however_it_is_written(
    as_admin: Client, account: Account, typed: str
) -> None:
    given = {"name": "Asha", "number": typed}
    assert as_admin.post(url(account, "test-recipient-create"), given).status_code == 302
    assert TestRecipient.objects.get().number == NUMBER
    assert AuditEntry.objects.get().action == "testrecipient.create"


@pytest.mark.parametrize("typed", ["", "98765", "+91 letters", "0 98765 40001", "+", "9" * 16])
def test_what_is_no_number_is_refused(as_admin: Client, account: Account, typed: str) -> None:
    given = {"name": "Asha", "number": typed}
    assert as_admin.post(url(account, "test-recipient-create"), given).status_code == 422
    assert not TestRecipient.objects.exists()


def test_parse_typed_says_what_is_wrong() -> None:
    with pytest.raises(RecipientError, match="country code"):
        parse_typed("098765 40001")


def test_a_number_stands_in_the_list_once(as_admin: Client, account: Account) -> None:
    cast.make_test_recipient(account, name="Asha", number=NUMBER)
    given = {"name": "Again", "number": NUMBER}
    answer = as_admin.post(url(account, "test-recipient-create"), given)
    assert answer.status_code == 422
    assert "“Asha” has this number already." in answer.content.decode()


def test_there_are_at_most_a_hundred(as_admin: Client, account: Account) -> None:
    TestRecipient.objects.bulk_create(
        TestRecipient(account=account, name=f"P{n}", number=f"9198765{n:05}") for n in range(100)
    )
    given = {"name": "One more", "number": NUMBER}
    answer = as_admin.post(url(account, "test-recipient-create"), given)
    assert answer.status_code == 422
    assert "at most 100" in answer.content.decode()


def test_both_fields_can_be_changed(as_admin: Client, account: Account) -> None:
    recipient = cast.make_test_recipient(account)
    given = {"name": "Mira", "number": f"+{NUMBER}"}
    where = url(account, "test-recipient-edit", recipient.public_id)
    assert as_admin.get(where).status_code == 200
    assert as_admin.post(where, given).status_code == 302
    recipient.refresh_from_db()
    assert (recipient.name, recipient.number) == ("Mira", NUMBER)
    assert AuditEntry.objects.get().before["name"] == "Asha, office phone"


def test_a_delete_can_be_undone(as_admin: Client, account: Account) -> None:
    recipient = cast.make_test_recipient(account)
    where = url(account, "test-recipient-delete", recipient.public_id)
    answer = as_admin.post(where, follow=True)
    undo = url(account, "test-recipient-restore", recipient.public_id)
    assert undo in answer.content.decode()
    assert not TestRecipient.objects.exists()
    as_admin.post(undo)
    back = TestRecipient.objects.get()
    assert (back.public_id, back.number) == (recipient.public_id, recipient.number)
    as_admin.post(undo)  # twice is once
    assert TestRecipient.objects.count() == 1


def test_undo_ends_after_an_hour(as_admin: Client, account: Account, admin: User) -> None:
    recipient = cast.make_test_recipient(account)
    test_recipients.delete(recipient, by=admin)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        undo = url(account, "test-recipient-restore", recipient.public_id)
        assert as_admin.post(undo).status_code == 404


def test_undo_says_when_the_number_was_taken(
    as_admin: Client, account: Account, admin: User
) -> None:
    recipient = cast.make_test_recipient(account, number=NUMBER)
    test_recipients.delete(recipient, by=admin)
    cast.make_test_recipient(account, name="Mira", number=NUMBER)
    undo = url(account, "test-recipient-restore", recipient.public_id)
    answer = as_admin.post(undo, follow=True)
    assert "“Mira” has this number already." in answer.content.decode()


def test_what_somebody_else_deleted_is_not_saved(account: Account, admin: User) -> None:
    recipient = cast.make_test_recipient(account)
    TestRecipient.objects.all().delete()
    with pytest.raises(test_recipients.RecipientRefused, match="deleted"):
        test_recipients.change(recipient, name="X", number=NUMBER, by=admin)
    with pytest.raises(test_recipients.RecipientRefused, match="already"):
        test_recipients.delete(recipient, by=admin)


def test_numbers_are_masked_below_admin(
    as_admin: Client, as_tester: Client, account: Account
) -> None:
    cast.make_test_recipient(account, number="919876540003")
    admins, testers = (
        client.get(url(account)).content.decode() for client in (as_admin, as_tester)
    )
    assert "919876540003" in admins
    assert "919876540003" not in testers
    assert "9198•••••03" in testers
    assert "Refused at once" in testers  # what its last digits do in the Sandbox
    assert "Delete" not in testers


def test_an_empty_list_teaches(as_admin: Client, as_tester: Client, account: Account) -> None:
    assert "Add the first one" in as_admin.get(url(account)).content.decode()
    assert "An admin of this account can add" in as_tester.get(url(account)).content.decode()


def test_the_list_costs_the_same_for_many(
    as_admin: Client, account: Account, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        cast.make_test_recipient(account)
    with django_assert_max_num_queries(8):
        as_admin.get(url(account))
