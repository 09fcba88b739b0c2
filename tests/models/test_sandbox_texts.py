"""A text that only the Sandbox has approved reaches no real carrier until people have seen it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.engine import usable
from flows.models import (
    Account,
    AssetStatus,
    Flow,
    KeyKind,
    Sender,
    Template,
    User,
    lifecycle,
    reviews,
)
from flows.placeholders import Channel
from tests import cast

WHY = "only the Sandbox has approved the text of Order update, and it approves anything"


@pytest.fixture
def played(account: Account, admin: User) -> Template:
    """Approved by the Sandbox, while the account had nothing else."""
    cast.make_connection(account)
    waits = {"status": AssetStatus.DRAFT, "version": 0}
    template = cast.make_template(account, Channel.SMS, **waits)
    reviews.submit_template(template, by=admin)
    reviews.settle_due(timezone.now() + timedelta(seconds=4))
    template.refresh_from_db()
    assert (template.status, template.version) == (AssetStatus.APPROVED, 1)
    return template


@pytest.fixture
def flow(account: Account, admin: User, played: Template) -> Flow:
    """Published with the Sandbox; then its SMS sender is one of a real carrier."""
    flow = cast.make_published_flow(account, by=admin)
    real = cast.make_connection(account, "twilio", config={})
    Sender.objects.filter(account=account, channel=Channel.SMS).update(connection=real)
    return flow


def obstacles(flow: Flow, kind: str = KeyKind.LIVE) -> dict[int, str]:
    assert flow.live_version is not None
    steps = flow.live_version.pinned.steps
    return usable.load(steps, now=timezone.now()).obstacles(steps, kind=kind)


def approve_again(template: Template, admin: User) -> None:
    review = reviews.submit_template(template, by=admin)
    assert review.settles_at is None  # people answer it
    reviews.approve(review, by=admin)
    template.refresh_from_db()


def test_a_real_carrier_is_not_given_it(flow: Flow) -> None:
    assert obstacles(flow) == {1: WHY}


def test_the_sandbox_plays_it_all_the_same(flow: Flow) -> None:
    assert obstacles(flow, KeyKind.TEST) == {}
    Sender.objects.update(connection=cast.make_connection(flow.account))
    assert obstacles(flow) == {}


def test_a_flow_with_it_is_not_published(flow: Flow, admin: User) -> None:
    definition = cast.make_definition(flow.account, "Another")
    another = lifecycle.create(flow.account, definition, by=admin)
    with pytest.raises(lifecycle.NotReady) as refused:
        lifecycle.publish(another, by=admin)
    assert [WHY in problem.message for problem in refused.value.problems] == [True]


def test_people_approve_the_same_text_and_the_published_flow_goes_on(
    flow: Flow, played: Template, admin: User
) -> None:
    approve_again(played, admin)
    assert played.version == 2
    assert obstacles(flow) == {}


def test_another_text_that_people_approved_heals_only_itself(
    flow: Flow, played: Template, admin: User
) -> None:
    """The flow goes on with the text that it was published with."""
    played.draft = {**played.content.to_json(), "body": "Order {#var#} for {#var#} is on its way."}
    played.save()
    approve_again(played, admin)
    assert obstacles(flow) == {1: WHY}
    lifecycle.publish(flow, by=admin)
    flow.refresh_from_db()
    assert obstacles(flow) == {}


def test_what_was_approved_before_approvals_were_kept_counts_as_seen(
    account: Account, admin: User
) -> None:
    real = cast.make_connection(account, "twilio", config={})
    flow = cast.make_published_flow(account, by=admin)
    Sender.objects.filter(account=account, channel=Channel.SMS).update(connection=real)
    assert obstacles(flow) == {}


def test_in_the_sandbox_there_is_nothing_to_hand_in_again(played: Template, admin: User) -> None:
    with pytest.raises(reviews.ReviewRefused, match="Nothing has changed"):
        reviews.submit_template(played, by=admin)


def test_its_page_says_so_until_people_have_seen_it(
    flow: Flow, played: Template, admin: User, as_admin: Client
) -> None:
    page = reverse("template-detail", args=[flow.account.sid, played.public_id])
    shown = as_admin.get(page).content.decode()
    assert "Only the Sandbox has approved this text" in shown and "Hand in for approval" in shown
    approve_again(played, admin)
    shown = as_admin.get(page).content.decode()
    assert "Only the Sandbox" not in shown and "Hand in for approval" not in shown
