"""The life of a flow: product.md section 5, verb by verb."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from flows.definition import Definition, Step
from flows.models import (
    Account,
    AuditEntry,
    CallbackProfile,
    Flow,
    FlowState,
    Template,
    User,
    lifecycle,
    publication,
)
from flows.placeholders import Channel
from tests import cast

pytestmark = pytest.mark.django_db


def actions(flow: Flow) -> list[str]:
    entries = AuditEntry.objects.filter(object_id=str(flow.public_id))
    return list(entries.order_by("id").values_list("action", flat=True))


def edit(flow: Flow, by: User, **changes: object) -> None:
    definition = replace(flow.definition, **changes)
    lifecycle.save_draft(flow, definition, by=by, revision=flow.revision)


# --- Draft ---------------------------------------------------------------------------------------


def test_incomplete_flow_is_kept_as_draft_when_its_title_is_valid(
    account: Account, admin: User
) -> None:
    flow = lifecycle.create(account, Definition(title="Half done"), by=admin)
    assert flow.state == FlowState.DRAFT
    assert flow.workflow_id is None
    assert flow.definition == Definition(title="Half done")
    assert actions(flow) == ["flow.create"]


@pytest.mark.parametrize("title", ["", "   ", "x" * 101, "two\nlines", "\u200b"])
def test_draft_needs_a_valid_title(account: Account, admin: User, title: str) -> None:
    with pytest.raises(lifecycle.NotReady) as refused:
        lifecycle.create(account, Definition(title=title), by=admin)
    assert [problem.field for problem in refused.value.problems] == ["title"]
    assert not Flow.objects.exists()


@pytest.mark.parametrize("title", ["Order update", "ORDER UPDATE"])
def test_title_is_unique_whatever_its_case(
    flow: Flow, account: Account, admin: User, title: str
) -> None:
    with pytest.raises(lifecycle.TitleTaken) as refused:
        lifecycle.create(account, Definition(title=title), by=admin)
    assert title in refused.value.sentence
    assert Flow.objects.count() == 1


def test_title_is_unique_whichever_way_its_accents_are_written(
    account: Account, admin: User
) -> None:
    lifecycle.create(account, Definition(title="Caf\u00e9"), by=admin)
    with pytest.raises(lifecycle.TitleTaken):
        lifecycle.create(account, Definition(title="CAFE\u0301"), by=admin)


def test_two_accounts_may_use_the_same_title(flow: Flow, stranger: User) -> None:
    other = stranger.memberships.get().account
    assert lifecycle.create(other, Definition(title=flow.title), by=stranger).title == flow.title


def test_title_is_free_again_after_delete(flow: Flow, account: Account, admin: User) -> None:
    lifecycle.delete(flow, by=admin)
    assert lifecycle.create(account, Definition(title=flow.title), by=admin).pk != flow.pk


def test_save_of_a_draft_renames_it_and_counts_the_revision(flow: Flow, marketer: User) -> None:
    edit(flow, marketer, title="Parcel update")
    flow.refresh_from_db()
    assert (flow.title, flow.revision, flow.updated_by) == ("Parcel update", 2, marketer)
    entry = AuditEntry.objects.get(action="flow.save")
    assert entry.before["title"] == "Order update"
    assert entry.after["title"] == "Parcel update"


def test_saves_of_one_sitting_are_one_entry(flow: Flow, marketer: User) -> None:
    edit(flow, marketer, title="Parcel")
    edit(flow, marketer, title="Parcel update")
    entry = AuditEntry.objects.get(action="flow.save")
    assert (entry.before["title"], entry.after["title"]) == ("Order update", "Parcel update")
    assert entry.object_label == "Parcel update"


def test_a_save_by_somebody_else_or_much_later_is_its_own_entry(
    flow: Flow, marketer: User, admin: User
) -> None:
    edit(flow, marketer, title="Parcel")
    edit(flow, admin, title="Parcel update")
    AuditEntry.objects.update(at=timezone.now() - timedelta(minutes=16))
    edit(flow, admin, title="Parcel news")
    assert actions(flow) == ["flow.create", "flow.save", "flow.save", "flow.save"]


def test_save_without_a_change_leaves_no_trace(flow: Flow, marketer: User) -> None:
    edit(flow, marketer)
    flow.refresh_from_db()
    assert flow.revision == 1
    assert actions(flow) == ["flow.create"]


def test_second_save_on_the_same_revision_is_refused_and_changes_nothing(
    flow: Flow, admin: User, marketer: User
) -> None:
    mine, theirs = Flow.objects.get(pk=flow.pk), Flow.objects.get(pk=flow.pk)
    edit(theirs, marketer, title="Theirs")
    with pytest.raises(lifecycle.ChangedMeanwhile) as refused:
        edit(mine, admin, title="Mine")
    assert refused.value.current.definition.title == "Theirs"
    assert "Mira" in refused.value.sentence
    assert Flow.objects.get(pk=flow.pk).title == "Theirs"
    assert actions(flow) == ["flow.create", "flow.save"]


def test_stale_save_is_refused_even_when_the_flow_was_read_after_the_other_save(
    flow: Flow, admin: User, marketer: User
) -> None:
    edit(flow, marketer, title="Theirs")
    fresh = Flow.objects.get(pk=flow.pk)
    with pytest.raises(lifecycle.ChangedMeanwhile):
        lifecycle.save_draft(fresh, replace(fresh.definition, title="Mine"), by=admin, revision=1)


def test_same_save_twice_is_no_conflict(flow: Flow, admin: User) -> None:
    """Autosave and the button may carry the same content at the same moment."""
    autosave, button = Flow.objects.get(pk=flow.pk), Flow.objects.get(pk=flow.pk)
    edit(autosave, admin, title="Same")
    edit(button, admin, title="Same")
    assert (button.title, button.revision) == ("Same", 2)
    assert actions(flow) == ["flow.create", "flow.save"]


def test_own_change_in_another_window_is_called_so(flow: Flow, admin: User) -> None:
    first, second = Flow.objects.get(pk=flow.pk), Flow.objects.get(pk=flow.pk)
    edit(first, admin, title="One")
    with pytest.raises(lifecycle.ChangedMeanwhile, match="You changed this flow in another window"):
        edit(second, admin, title="Two")


# --- Publish -------------------------------------------------------------------------------------


def test_first_publish_creates_the_workflow_id_and_version_one(flow: Flow, admin: User) -> None:
    version = lifecycle.publish(flow, by=admin, note="First")
    flow.refresh_from_db()
    assert flow.state == FlowState.PUBLISHED
    assert flow.workflow_id is not None
    assert flow.live_version == version
    assert flow.draft is None
    assert (version.number, version.note, version.published_by) == (1, "First", admin)
    assert actions(flow) == ["flow.create", "flow.publish"]


def test_later_publish_keeps_the_workflow_id(published_flow: Flow, admin: User) -> None:
    workflow_id = published_flow.workflow_id
    edit(published_flow, admin, title="Renamed")
    assert lifecycle.publish(published_flow, by=admin).number == 2
    assert published_flow.workflow_id == workflow_id
    assert published_flow.title == "Renamed"


def test_publish_names_all_problems_at_once(account: Account, admin: User) -> None:
    flow = lifecycle.create(
        account, Definition("Half", steps=(Step(Channel.WHATSAPP), Step(Channel.SMS))), by=admin
    )
    with pytest.raises(lifecycle.NotReady) as refused:
        lifecycle.publish(flow, by=admin)
    fields = {problem.field for problem in refused.value.problems}
    assert fields >= {
        f"steps.{step}.{name}" for step in (0, 1) for name in ("sender", "template", "wait_s")
    }
    flow.refresh_from_db()
    assert flow.state == FlowState.DRAFT


def test_version_keeps_the_template_text_it_was_published_with(published_flow: Flow) -> None:
    Template.objects.update(body="Something else")
    version = published_flow.versions.get()
    assert version.pinned.steps[0].content.body.startswith("Hi {{1}}")


def test_publish_pins_the_callback_profile(account: Account, admin: User) -> None:
    profile = CallbackProfile.objects.create(account=account, title="Shop", url="https://e.example")
    flow = cast.make_flow(account, by=admin, callback_profile=profile.public_id)
    assert lifecycle.publish(flow, by=admin).callback_profile == profile


def test_foreign_callback_profile_is_a_problem(
    account: Account, admin: User, stranger: User
) -> None:
    other = stranger.memberships.get().account
    foreign = CallbackProfile.objects.create(account=other, title="Theirs", url="https://e.example")
    flow = cast.make_flow(account, by=admin, callback_profile=foreign.public_id)
    assert [p.field for p in lifecycle.problems_of(flow)] == ["callback_profile"]


def test_publish_of_a_revision_that_is_not_the_latest_is_refused(
    flow: Flow, admin: User, marketer: User
) -> None:
    edit(Flow.objects.get(pk=flow.pk), marketer, title="Changed under you")
    with pytest.raises(lifecycle.ChangedMeanwhile):
        lifecycle.publish(flow, by=admin)
    assert not flow.versions.exists()


def test_second_of_two_simultaneous_publishes_is_refused(flow: Flow, admin: User) -> None:
    first, second = Flow.objects.get(pk=flow.pk), Flow.objects.get(pk=flow.pk)
    lifecycle.publish(first, by=admin)
    with pytest.raises(lifecycle.LifecycleError):
        lifecycle.publish(second, by=admin)
    assert flow.versions.count() == 1


def test_publish_without_changes_is_refused(published_flow: Flow, admin: User) -> None:
    with pytest.raises(lifecycle.LifecycleError, match="Nothing to publish"):
        lifecycle.publish(published_flow, by=admin)


# --- Working copy --------------------------------------------------------------------------------


def test_edit_of_a_published_flow_leaves_the_live_version_alone(
    published_flow: Flow, marketer: User
) -> None:
    edit(published_flow, marketer, title="New title")
    assert published_flow.has_changes
    assert published_flow.title == "Delivery notice"
    assert published_flow.live_version is not None
    assert published_flow.live_version.pinned.title == "Delivery notice"


def test_edit_back_to_what_is_live_ends_the_changes(published_flow: Flow, marketer: User) -> None:
    edit(published_flow, marketer, title="New title")
    edit(published_flow, marketer, title="Delivery notice")
    assert not published_flow.has_changes


def test_working_copy_cannot_take_the_title_of_another_flow(
    flow: Flow, published_flow: Flow, marketer: User
) -> None:
    with pytest.raises(lifecycle.TitleTaken):
        edit(published_flow, marketer, title=flow.title.upper())


def test_title_that_was_taken_since_the_save_is_a_problem_at_publish(
    account: Account, published_flow: Flow, admin: User
) -> None:
    edit(published_flow, admin, title="Wanted")
    lifecycle.create(account, Definition(title="wanted"), by=admin)
    with pytest.raises(lifecycle.NotReady) as refused:
        lifecycle.publish(published_flow, by=admin)
    assert [p.field for p in refused.value.problems] == ["title"]


def test_discard_throws_the_working_copy_away(published_flow: Flow, admin: User) -> None:
    edit(published_flow, admin, title="New title")
    lifecycle.discard(published_flow, by=admin)
    assert not published_flow.has_changes
    assert published_flow.definition.title == "Delivery notice"
    assert published_flow.revision == 3


def test_discard_needs_something_to_go_back_to(
    flow: Flow, published_flow: Flow, admin: User
) -> None:
    for subject in (flow, published_flow):
        with pytest.raises(lifecycle.LifecycleError):
            lifecycle.discard(subject, by=admin)


# --- Unpublish, delete, restore ------------------------------------------------------------------


def test_unpublish_keeps_the_workflow_id(published_flow: Flow, admin: User) -> None:
    workflow_id = published_flow.workflow_id
    lifecycle.unpublish(published_flow, by=admin)
    assert published_flow.state == FlowState.DRAFT
    assert published_flow.workflow_id == workflow_id
    with pytest.raises(lifecycle.LifecycleError):
        lifecycle.unpublish(published_flow, by=admin)


def test_unpublished_flow_can_be_published_again_as_the_next_version(
    published_flow: Flow, admin: User
) -> None:
    lifecycle.unpublish(published_flow, by=admin)
    assert lifecycle.publish(published_flow, by=admin).number == 2


def test_restore_brings_a_deleted_flow_back_as_it_was(published_flow: Flow, admin: User) -> None:
    workflow_id = published_flow.workflow_id
    lifecycle.delete(published_flow, by=admin)
    assert published_flow.deleted_at is not None
    lifecycle.restore(published_flow, by=admin)
    assert published_flow.deleted_at is None
    assert (published_flow.state, published_flow.workflow_id) == ("published", workflow_id)
    assert actions(published_flow)[-2:] == ["flow.delete", "flow.restore"]


def test_restore_says_when_the_title_was_taken_meanwhile(
    flow: Flow, account: Account, admin: User
) -> None:
    lifecycle.delete(flow, by=admin)
    lifecycle.create(account, Definition(title=flow.title), by=admin)
    with pytest.raises(lifecycle.LifecycleError, match="Rename that one"):
        lifecycle.restore(flow, by=admin)
    flow.refresh_from_db()
    assert flow.deleted_at is not None


def test_restore_ends_after_thirty_days(flow: Flow, admin: User) -> None:
    lifecycle.delete(flow, by=admin)
    Flow.objects.update(deleted_at=timezone.now() - timedelta(days=30, minutes=1))
    flow.refresh_from_db()
    with pytest.raises(lifecycle.LifecycleError, match="30 days"):
        lifecycle.restore(flow, by=admin)


@pytest.mark.parametrize("verb", ["publish", "delete", "unpublish", "discard"])
def test_nothing_happens_to_a_flow_that_was_deleted_meanwhile(
    published_flow: Flow, admin: User, verb: str
) -> None:
    edit(published_flow, admin, title="New title")
    stale = Flow.objects.get(pk=published_flow.pk)
    lifecycle.delete(published_flow, by=admin)
    before = Flow.objects.filter(pk=stale.pk).values().get()
    with pytest.raises(lifecycle.ChangedMeanwhile):
        getattr(lifecycle, verb)(stale, by=admin)
    assert Flow.objects.filter(pk=stale.pk).values().get() == before


# --- Duplicate, history, request -----------------------------------------------------------------


def test_duplicate_is_a_new_draft_under_a_free_title(published_flow: Flow, marketer: User) -> None:
    first = lifecycle.duplicate(published_flow, by=marketer)
    second = lifecycle.duplicate(published_flow, by=marketer)
    assert (first.title, second.title) == ("Delivery notice (copy)", "Delivery notice (copy 2)")
    assert first.workflow_id is None
    assert first.definition.steps == published_flow.definition.steps


def test_duplicate_of_the_longest_title_still_fits(account: Account, admin: User) -> None:
    flow = cast.make_flow(account, by=admin, title="x" * 100)
    assert len(lifecycle.duplicate(flow, by=admin).title) == 100


def test_old_version_becomes_the_working_copy_again(published_flow: Flow, admin: User) -> None:
    first = published_flow.versions.get()
    edit(published_flow, admin, steps=tuple(reversed(published_flow.definition.steps)))
    lifecycle.publish(published_flow, by=admin)
    lifecycle.restore_version(published_flow, first, by=admin, revision=published_flow.revision)
    assert published_flow.has_changes
    assert published_flow.definition == first.pinned.editable()


def test_request_is_seen_until_the_flow_is_published(
    flow: Flow, marketer: User, admin: User
) -> None:
    publication.ask(flow, by=marketer, note="For Diwali")
    assert (flow.requested_by, flow.request_note) == (marketer, "For Diwali")
    lifecycle.publish(flow, by=admin)
    assert (flow.requested_by, flow.requested_at, flow.request_note) == (None, None, "")


def test_request_for_an_incomplete_flow_names_its_problems(
    account: Account, marketer: User
) -> None:
    flow = lifecycle.create(account, Definition(title="Half"), by=marketer)
    with pytest.raises(lifecycle.NotReady):
        publication.ask(flow, by=marketer)


def test_change_and_audit_entry_stand_or_fall_together(
    flow: Flow, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(lifecycle.audit, "record", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        lifecycle.delete(flow, by=admin)
    assert Flow.objects.get(pk=flow.pk).deleted_at is None
