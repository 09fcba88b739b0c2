"""The life of a sender: what may change when, and that every change is in the audit log."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from flows.models import (
    Account,
    AssetStatus,
    AuditEntry,
    Decision,
    Review,
    Sender,
    User,
    reviews,
    senders,
)
from flows.placeholders import Channel
from tests import cast


def sms(account: Account, **fields: Any) -> Sender:
    return cast.make_sender(account, Channel.SMS, **fields)


def actions(account: Account) -> list[str]:
    return list(
        AuditEntry.objects.filter(account=account).order_by("id").values_list("action", flat=True)
    )


def test_a_new_sender_is_a_draft_of_its_author(account: Account, admin: User) -> None:
    sender = senders.create(
        account,
        by=admin,
        channel="sms",
        identifier="ACMERT",
        connection=cast.make_connection(account),
        country="GB",
    )
    assert (sender.status, sender.created_by) == (AssetStatus.DRAFT, admin)
    assert actions(account) == ["sender.create"]


def test_a_number_is_taken_once_in_an_account(account: Account, admin: User) -> None:
    connection = cast.make_connection(account)
    sms(account)
    with pytest.raises(senders.SenderTaken, match="has a sender ACMERT already"):
        senders.create(account, by=admin, channel="sms", identifier="ACMERT", connection=connection)
    assert actions(account) == []


@pytest.mark.parametrize("status", [AssetStatus.DRAFT, AssetStatus.REJECTED])
def test_before_its_approval_everything_may_change(
    account: Account, admin: User, status: AssetStatus
) -> None:
    sender = sms(account, status=status)
    senders.change(sender, by=admin, identifier="ACMEXX", country="IN", dlt_entity_id="11")
    assert (sender.identifier, sender.country, sender.dlt_entity_id) == ("ACMEXX", "IN", "11")
    entry = AuditEntry.objects.get()
    found = (entry.before["identifier"], entry.after["identifier"])
    assert found == ("ACMERT", "ACMEXX")


@pytest.mark.parametrize("status", [AssetStatus.APPROVED, AssetStatus.PAUSED])
def test_what_was_approved_stays(account: Account, admin: User, status: AssetStatus) -> None:
    sender = sms(account, status=status, country="GB")
    senders.change(sender, by=admin, identifier="ACMEXX", country="IN", dlt_entity_id="11")
    assert (sender.identifier, sender.country, sender.dlt_entity_id) == ("ACMERT", "GB", "11")


def test_what_is_being_checked_stays(account: Account, admin: User) -> None:
    sender = sms(account, status=AssetStatus.PENDING)
    with pytest.raises(senders.SenderRefused, match="Take the request back"):
        senders.change(sender, by=admin, dlt_entity_id="11")


def test_a_change_that_changes_nothing_is_not_logged(account: Account, admin: User) -> None:
    senders.change(sms(account), by=admin, dlt_entity_id="")
    assert actions(account) == []


def test_an_approval_in_between_wins(account: Account, admin: User) -> None:
    sender = sms(account, status=AssetStatus.REJECTED)
    Sender.objects.update(status=AssetStatus.APPROVED)
    with pytest.raises(senders.SenderRefused, match="changed meanwhile"):
        senders.change(sender, by=admin, identifier="ACMEXX")
    assert Sender.objects.get().identifier == "ACMERT"


def test_pause_and_resume(account: Account, admin: User) -> None:
    sender = sms(account)
    senders.pause(sender, by=admin)
    assert sender.status == AssetStatus.PAUSED
    with pytest.raises(senders.SenderRefused):
        senders.pause(sender, by=admin)
    senders.resume(sender, by=admin)
    assert sender.status == AssetStatus.APPROVED
    assert actions(account) == ["sender.pause", "sender.resume"]


@pytest.mark.parametrize(
    "status", [AssetStatus.DRAFT, AssetStatus.PENDING, AssetStatus.REJECTED, AssetStatus.DISABLED]
)
def test_only_what_is_approved_can_be_paused_and_resumed(
    account: Account, admin: User, status: AssetStatus
) -> None:
    sender = sms(account, status=status)
    for verb in (senders.pause, senders.resume):
        with pytest.raises(senders.SenderRefused):
            verb(sender, by=admin)
    assert Sender.objects.get().status == status


def test_deleting_takes_the_open_request_back(account: Account, admin: User) -> None:
    sender = sms(account, status=AssetStatus.DRAFT)
    reviews.submit_sender(sender, by=admin)
    senders.delete(sender, by=admin)
    assert Review.objects.get().decision == Decision.WITHDRAWN
    assert (sender.status, sender.deleted_at is None) == (AssetStatus.DRAFT, False)
    assert actions(account) == ["sender.submit", "sender.withdraw", "sender.delete"]


def test_a_deleted_sender_comes_back_as_it_was(account: Account, admin: User) -> None:
    sender = sms(account)
    senders.delete(sender, by=admin)
    senders.restore(sender, by=admin)
    assert (sender.status, sender.deleted_at) == (AssetStatus.APPROVED, None)


def test_its_number_may_be_taken_meanwhile(account: Account, admin: User) -> None:
    sender = sms(account)
    senders.delete(sender, by=admin)
    sms(account)
    with pytest.raises(senders.SenderTaken):
        senders.restore(sender, by=admin)


def test_after_thirty_days_it_is_gone(account: Account, admin: User) -> None:
    sender = sms(account, deleted_at=timezone.now() - timedelta(days=31))
    with pytest.raises(senders.SenderRefused, match="more than 30 days ago"):
        senders.restore(sender, by=admin)


def test_deleting_twice_is_told(account: Account, admin: User) -> None:
    sender = sms(account)
    senders.delete(Sender.objects.get(pk=sender.pk), by=admin)
    with pytest.raises(senders.SenderRefused, match="changed meanwhile"):
        senders.delete(sender, by=admin)
    assert actions(account) == ["sender.delete"]


def test_a_request_answered_meanwhile_keeps_a_deleted_sender_deleted(
    account: Account, admin: User
) -> None:
    """Support has the page open while the admin deletes the sender."""
    sender = sms(account, status=AssetStatus.DRAFT)
    review = reviews.submit_sender(sender, by=admin)
    stale = Review.objects.get(pk=review.pk)
    senders.delete(sender, by=admin)
    with pytest.raises(reviews.ReviewRefused):
        reviews.approve(stale, by=admin)
    assert Sender.objects.get().status == AssetStatus.DRAFT


def test_india_needs_its_dlt_entity_before_it_is_handed_in(account: Account, admin: User) -> None:
    sender = sms(account, status=AssetStatus.DRAFT, country="IN")
    with pytest.raises(senders.SenderRefused, match="DLT entity ID first"):
        senders.submit(sender, by=admin)
    senders.change(sender, by=admin, dlt_entity_id="1101")
    assert senders.submit(sender, by=admin).sender == sender
