"""Asking for publication, the answers, and the rule that somebody else publishes."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from flows.models import (
    Account,
    AuditEntry,
    Flow,
    Membership,
    OutgoingMail,
    Role,
    User,
    lifecycle,
    publication,
)
from tests import cast
from tests.views.reading import unescaped as words


@pytest.fixture
def url() -> Callable[..., str]:
    return lambda name, flow: reverse(name, args=[flow.account.sid, flow.public_id])


@pytest.fixture
def asked(flow: Flow, marketer: User) -> Flow:
    publication.ask(flow, by=marketer, note="For Diwali")
    OutgoingMail.objects.all().delete()
    return flow


@pytest.fixture
def strict(account: Account) -> Account:
    account.needs_other_publisher = True
    account.save()
    return account


def mails() -> dict[str, str]:
    return {mail.to: f"{mail.subject}\n{mail.text}" for mail in OutgoingMail.objects.all()}


def edit(flow: Flow, by: User, title: str = "Another title") -> None:
    changed = replace(flow.definition, title=title)
    lifecycle.save_draft(flow, changed, by=by, revision=flow.revision)


# --- Asking and answering ------------------------------------------------------------------------


def test_admins_are_told_in_the_app_and_by_email(
    as_marketer: Client, as_admin: Client, url: Callable[..., str], flow: Flow, admin: User
) -> None:
    gone = cast.make_person(flow.account, Role.ADMIN, name="Gone", is_active=False)
    as_marketer.post(url("flow-request", flow), {"note": "For Diwali"})
    assert "For Diwali" in mails()[admin.email] and gone.email not in mails()
    home = words(as_admin.get(f"/a/{flow.account.sid}/"))
    assert "Publication asked for" in home and "For Diwali" in home
    assert "Decline…" in words(as_admin.get(url("flow-detail", flow)))


def test_declining_needs_a_reason(as_admin: Client, url: Callable[..., str], asked: Flow) -> None:
    path = url("flow-request-decline", asked)
    assert "Decline to publish" in words(as_admin.get(path))
    for reason in ("", "   ", "x" * 301):
        assert as_admin.post(path, {"reason": reason}).status_code == 422
    asked.refresh_from_db()
    assert asked.requested_at


def test_the_asker_learns_why_until_asking_again(
    as_admin: Client,
    as_marketer: Client,
    url: Callable[..., str],
    asked: Flow,
    admin: User,
    marketer: User,
) -> None:
    as_admin.post(url("flow-request-decline", asked), {"reason": "Name the shop"})
    assert "Reason: Name the shop" in mails()[marketer.email]
    for page in ("flow-detail", "flow-check"):
        assert "Asha declined to publish this" in words(as_marketer.get(url(page, asked)))
    entry = AuditEntry.objects.get(action="flow.decline")
    assert (entry.actor, entry.after) == (admin, {"reason": "Name the shop"})
    as_marketer.post(url("flow-request", asked), {"note": "Done"})
    assert "declined to publish" not in words(as_marketer.get(url("flow-detail", asked)))


def test_publishing_clears_what_was_declined_and_tells_the_asker(
    as_admin: Client, url: Callable[..., str], asked: Flow, admin: User, marketer: User
) -> None:
    publication.decline(asked, by=admin, reason="Not yet")
    publication.ask(asked, by=marketer)
    OutgoingMail.objects.all().delete()
    as_admin.post(url("flow-publish", asked), {"revision": asked.revision})
    asked.refresh_from_db()
    assert (asked.requested_at, asked.declined_at, asked.decline_reason) == (None, None, "")
    assert "Asha published “Order update”, as you asked." in mails()[marketer.email]


def test_who_has_left_the_account_hears_nothing(asked: Flow, admin: User, marketer: User) -> None:
    Membership.objects.filter(user=marketer).delete()
    publication.decline(asked, by=admin, reason="Not yet")
    assert not mails()


def test_the_asker_withdraws_and_nobody_else(
    as_admin: Client, as_marketer: Client, url: Callable[..., str], asked: Flow
) -> None:
    path = url("flow-request-withdraw", asked)
    assert "Only Mira can take this request back." in words(as_admin.post(path, follow=True))
    assert "You no longer ask" in words(as_marketer.post(path, follow=True))
    asked.refresh_from_db()
    assert asked.requested_at is None
    assert "Nobody asks for the publication" in words(as_marketer.post(path, follow=True))


def test_an_answer_to_an_old_request_does_not_hit_a_new_one(
    asked: Flow, admin: User, marketer: User
) -> None:
    stale = Flow.objects.select_related("account", "requested_by").get(pk=asked.pk)
    publication.withdraw(asked, by=marketer)
    publication.ask(asked, by=marketer, note="Better now")
    with pytest.raises(lifecycle.ChangedMeanwhile):
        publication.decline(stale, by=admin, reason="Not yet")
    asked.refresh_from_db()
    assert asked.request_note == "Better now" and not asked.declined_at


@pytest.mark.parametrize("page", ["flow-detail", "flow-check"])
def test_a_draft_that_changed_since_is_said_to(
    as_admin: Client, url: Callable[..., str], asked: Flow, marketer: User, page: str
) -> None:
    sentence = "The draft was changed since then."
    assert sentence not in words(as_admin.get(url(page, asked)))
    edit(asked, marketer)
    assert sentence in words(as_admin.get(url(page, asked)))
    publication.ask(asked, by=marketer)
    assert sentence not in words(as_admin.get(url(page, asked)))


def test_a_change_and_its_email_stand_or_fall_together(
    flow: Flow, marketer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(publication.letters, "post", fail)
    with pytest.raises(RuntimeError):
        publication.ask(flow, by=marketer)
    assert Flow.objects.get(pk=flow.pk).requested_at is None
    assert not AuditEntry.objects.filter(action="flow.request").exists()


# --- The second pair of eyes ---------------------------------------------------------------------


def test_the_last_editor_cannot_publish(strict: Account, flow: Flow, admin: User) -> None:
    with pytest.raises(lifecycle.AnotherPublisherNeeded, match="This account has no other admin"):
        lifecycle.publish(flow, by=admin)
    ben = cast.make_person(strict, Role.ADMIN, name="Ben")
    with pytest.raises(lifecycle.AnotherPublisherNeeded, match="Ask Ben"):
        lifecycle.publish(flow, by=admin)
    lifecycle.publish(flow, by=ben)
    assert flow.is_published


def test_it_holds_for_changes_and_for_old_versions_taken_back(
    strict: Account, flow: Flow, admin: User, marketer: User
) -> None:
    ben = cast.make_person(strict, Role.ADMIN, name="Ben")
    first = lifecycle.publish(flow, by=ben)
    edit(flow, ben)
    with pytest.raises(lifecycle.AnotherPublisherNeeded):
        lifecycle.publish(flow, by=ben)
    lifecycle.publish(flow, by=admin)
    lifecycle.restore_version(flow, first, by=admin, revision=flow.revision)
    with pytest.raises(lifecycle.AnotherPublisherNeeded):
        lifecycle.publish(flow, by=admin)
    lifecycle.publish(flow, by=ben)


def test_throwing_changes_away_is_an_edit_too(strict: Account, flow: Flow, admin: User) -> None:
    """Else the own old text could be brought back under somebody else's last edit."""
    ben = cast.make_person(strict, Role.ADMIN, name="Ben")
    lifecycle.publish(flow, by=ben)
    lifecycle.unpublish(flow, by=ben)
    edit(flow, admin)
    lifecycle.discard(flow, by=ben)
    with pytest.raises(lifecycle.AnotherPublisherNeeded):
        lifecycle.publish(flow, by=ben)


def test_a_rule_set_while_the_page_was_open_counts(flow: Flow, admin: User) -> None:
    Account.objects.update(needs_other_publisher=True)
    assert not flow.account.needs_other_publisher  # as it was read
    with pytest.raises(lifecycle.AnotherPublisherNeeded):
        lifecycle.publish(flow, by=admin)


def test_the_page_says_it_before_the_button(
    strict: Account, as_admin: Client, url: Callable[..., str], flow: Flow, admin: User
) -> None:
    ben = cast.make_person(strict, Role.ADMIN, name="Ben")
    page = words(as_admin.get(url("flow-check", flow)))
    assert "You changed this flow last, so another admin publishes it. Ask Ben." in page
    assert "Publish and create Workflow ID" not in page and "Ask for publication" in page
    as_admin.post(url("flow-request", flow), {"note": "Please look"})
    assert list(mails()) == [ben.email]
    refused = as_admin.post(url("flow-publish", flow), {"revision": flow.revision}, follow=True)
    assert "another admin publishes it" in words(refused)
    flow.refresh_from_db()
    assert not flow.is_published


def test_without_the_rule_the_last_editor_publishes(flow: Flow, admin: User) -> None:
    lifecycle.publish(flow, by=admin)
    assert flow.is_published
