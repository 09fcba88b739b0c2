"""Which flows use an asset: in what callers get, in the working copy, or nowhere."""

from dataclasses import replace
from typing import Any

from flows.models import Account, Flow, Sender, Template, User, lifecycle
from flows.models.usage import flows_using
from flows.placeholders import Channel
from tests import cast


def other_sms_sender(account: Account) -> Sender:
    return cast.make_sender(account, Channel.SMS, identifier="ACMEXX")


def with_sms_sender(flow: Flow, sender: Sender) -> Any:
    definition = flow.definition
    return definition.with_step(1, replace(definition.steps[1], sender=str(sender.public_id)))


def uses(account: Account, thing: Sender | Template) -> list[tuple[str, bool, bool]]:
    found = flows_using(account).get(str(thing.public_id), [])
    return [(use.title, use.is_live, use.is_in_draft) for use in found]


def test_a_draft_uses_what_its_steps_name(account: Account, flow: Flow) -> None:
    for thing in (*account.senders.all(), *account.templates.all()):
        assert uses(account, thing) == [("Order update", False, True)]


def test_a_published_flow_uses_what_callers_get(account: Account, published_flow: Flow) -> None:
    assert uses(account, account.senders.get(channel="sms")) == [("Delivery notice", True, True)]


def test_an_edit_uses_the_new_one_and_callers_still_the_old_one(
    account: Account, admin: User, published_flow: Flow
) -> None:
    old, new = account.senders.get(channel="sms"), other_sms_sender(account)
    changed = with_sms_sender(published_flow, new)
    lifecycle.save_draft(published_flow, changed, by=admin, revision=published_flow.revision)
    assert uses(account, old) == [("Delivery notice", True, False)]
    assert uses(account, new) == [("Delivery notice", False, True)]


def test_an_unpublished_flow_uses_only_its_working_copy(
    account: Account, admin: User, published_flow: Flow
) -> None:
    old, new = account.senders.get(channel="sms"), other_sms_sender(account)
    lifecycle.unpublish(published_flow, by=admin)
    assert uses(account, old) == [("Delivery notice", False, True)]
    changed = with_sms_sender(published_flow, new)
    lifecycle.save_draft(published_flow, changed, by=admin, revision=published_flow.revision)
    assert uses(account, old) == []
    assert uses(account, new) == [("Delivery notice", False, True)]


def test_callback_profiles_count_too(account: Account, admin: User) -> None:
    profile = cast.make_callback_profile(account)
    cast.make_flow(account, by=admin, callback_profile=profile.public_id)
    assert [use.title for use in flows_using(account)[profile.public_id]] == ["Order update"]


def test_deleted_flows_and_flows_of_others_do_not_count(
    account: Account, admin: User, flow: Flow
) -> None:
    other = cast.make_account("Globex")
    assert flows_using(other) == {}
    lifecycle.delete(flow, by=admin)
    assert flows_using(account) == {}


def test_an_empty_draft_uses_nothing(account: Account, admin: User) -> None:
    cast.make_flow(account, by=admin, steps=())
    assert flows_using(account) == {}


def test_one_query_for_the_whole_account(
    account: Account, admin: User, django_assert_num_queries: Any
) -> None:
    for number in range(4):
        cast.make_published_flow(account, by=admin, title=f"Flow {number}")
    with django_assert_num_queries(1):
        found = flows_using(account)
    assert {len(uses) for uses in found.values()} == {4}
