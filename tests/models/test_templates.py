"""The life of a template: versions that never change, and drafts beside the text in force."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from flows.models import (
    Account,
    AssetStatus,
    AuditEntry,
    Flow,
    Template,
    TemplateVersion,
    User,
    lifecycle,
    reviews,
    templates,
)
from flows.models.catalog import catalog_of, remember_samples
from flows.models.review import Decision, Review
from flows.placeholders import Channel, TemplateContent
from tests import cast

pytestmark = pytest.mark.django_db

FIRST = TemplateContent(
    Channel.WHATSAPP,
    "parcel",
    "text",
    "Hi {{1}}, your parcel is on its way.",
    language="en",
    category="utility",
)
SECOND = replace(FIRST, body="Hi {{1}}, parcel {{2}} is on its way.")


@pytest.fixture
def draft(account: Account, marketer: User) -> Template:
    cast.make_connection(account)
    return templates.create(account, FIRST, {"1": "Priya"}, by=marketer)


@pytest.fixture
def approved(draft: Template, marketer: User) -> Template:
    approve(draft, by=marketer)
    return draft


def approve(template: Template, *, by: User) -> None:
    reviews.approve(templates.submit(template, by=by), by=None)
    template.refresh_from_db()


def edit(template: Template, content: TemplateContent, *, by: User) -> None:
    templates.save(template, content, {}, by=by, revision=template.revision)


# --- Drafts --------------------------------------------------------------------------------------


def test_new_template_is_a_draft_that_no_flow_may_use(draft: Template, account: Account) -> None:
    assert (draft.status, draft.version, draft.content) == (AssetStatus.DRAFT, 0, FIRST)
    assert catalog_of(account).templates[str(draft.public_id)].status == "draft"
    assert AuditEntry.objects.get(action="template.create").after["body"] == FIRST.body


def test_name_is_free_once_per_channel_and_language(
    draft: Template, account: Account, marketer: User
) -> None:
    with pytest.raises(templates.NameTaken):
        templates.create(account, FIRST, {}, by=marketer)
    templates.create(account, replace(FIRST, language="hi"), {}, by=marketer)
    other = templates.create(account, replace(FIRST, name="other"), {}, by=marketer)
    with pytest.raises(templates.NameTaken):
        edit(other, FIRST, by=marketer)


def test_draft_may_be_renamed_and_left_unfinished(draft: Template, marketer: User) -> None:
    edit(draft, replace(FIRST, name="parcel_2", body=""), by=marketer)
    assert (draft.name, draft.body, draft.draft) == ("parcel_2", "", None)
    with pytest.raises(templates.TemplateNotReady):
        templates.submit(draft, by=marketer)


def test_what_the_kind_does_not_have_is_left_out(draft: Template, marketer: User) -> None:
    code = replace(FIRST, kind="authentication", body="{{1}} is your code.", header_kind="image")
    edit(draft, code, by=marketer)
    assert (draft.category, draft.header_kind) == ("authentication", "none")


def test_second_of_two_saves_is_refused_and_changes_nothing(
    draft: Template, admin: User, marketer: User
) -> None:
    mine = Template.objects.get(pk=draft.pk)
    edit(draft, SECOND, by=admin)
    with pytest.raises(templates.TemplateChanged) as refused:
        templates.save(mine, replace(FIRST, body="Mine."), {}, by=marketer, revision=mine.revision)
    assert "Asha" in refused.value.sentence
    assert refused.value.current.content == SECOND
    assert Template.objects.get().content == SECOND


def test_save_of_what_is_there_already_is_no_conflict(draft: Template, marketer: User) -> None:
    edit(draft, SECOND, by=marketer)
    templates.save(draft, SECOND, {}, by=marketer, revision=1)
    assert draft.revision == 2


def test_saves_of_one_sitting_are_one_entry(draft: Template, marketer: User) -> None:
    edit(draft, SECOND, by=marketer)
    edit(draft, replace(SECOND, footer="Acme"), by=marketer)
    entry = AuditEntry.objects.get(action="template.save")
    assert (entry.before["body"], entry.after["footer"]) == (FIRST.body, "Acme")


# --- Versions ------------------------------------------------------------------------------------


def test_approved_text_becomes_version_one(approved: Template) -> None:
    assert (approved.status, approved.version) == (AssetStatus.APPROVED, 1)


def test_edit_of_an_approved_template_leaves_the_text_in_force(
    approved: Template, marketer: User
) -> None:
    edit(approved, SECOND, by=marketer)
    assert approved.content == FIRST
    assert templates.working_copy(approved) == SECOND
    review = templates.submit(approved, by=marketer)
    assert (approved.content, approved.status) == (FIRST, AssetStatus.APPROVED)
    reviews.approve(review, by=None)
    approved.refresh_from_db()
    assert (approved.content, approved.version, approved.draft) == (SECOND, 2, None)
    texts = [v.content["body"] for v in TemplateVersion.objects.order_by("number")]
    assert texts == [FIRST.body, SECOND.body]


def test_name_and_language_stay_once_it_was_handed_in(approved: Template, marketer: User) -> None:
    edit(approved, replace(SECOND, name="other", language="hi"), by=marketer)
    working = templates.working_copy(approved)
    assert (working.name, working.language, working.body) == ("parcel", "en", SECOND.body)


def test_going_back_to_the_text_in_force_ends_the_changes(
    approved: Template, marketer: User
) -> None:
    edit(approved, SECOND, by=marketer)
    edit(approved, FIRST, by=marketer)
    assert approved.draft is None
    with pytest.raises(reviews.ReviewRefused):
        templates.submit(approved, by=marketer)


def test_rejected_version_leaves_the_one_in_force_and_the_draft(
    approved: Template, admin: User, marketer: User
) -> None:
    edit(approved, SECOND, by=marketer)
    reviews.reject(templates.submit(approved, by=marketer), by=admin, reason="Too vague.")
    approved.refresh_from_db()
    assert (approved.status, approved.version) == (AssetStatus.APPROVED, 1)
    assert templates.working_copy(approved) == SECOND


def test_rejected_first_text_can_be_renamed_and_handed_in_again(
    draft: Template, admin: User, marketer: User
) -> None:
    reviews.reject(templates.submit(draft, by=marketer), by=admin, reason="Too vague.")
    draft.refresh_from_db()
    assert (draft.status, draft.status_reason) == (AssetStatus.REJECTED, "Too vague.")
    edit(draft, replace(FIRST, name="parcel_news"), by=marketer)
    approve(draft, by=marketer)
    assert (draft.name, draft.version) == ("parcel_news", 2)


def test_what_is_written_while_a_text_is_checked_survives_the_approval(
    draft: Template, marketer: User
) -> None:
    review = templates.submit(draft, by=marketer)
    edit(draft, SECOND, by=marketer)
    reviews.approve(review, by=None)
    draft.refresh_from_db()
    assert (draft.content, templates.working_copy(draft)) == (FIRST, SECOND)


def test_save_that_was_read_before_the_approval_is_a_conflict(
    draft: Template, marketer: User
) -> None:
    review = templates.submit(draft, by=marketer)
    stale = Template.objects.get(pk=draft.pk)
    reviews.approve(review, by=None)
    with pytest.raises(templates.TemplateChanged):
        edit(stale, SECOND, by=marketer)
    draft.refresh_from_db()
    assert draft.content == FIRST


def test_one_text_is_checked_at_a_time(approved: Template, marketer: User) -> None:
    edit(approved, SECOND, by=marketer)
    templates.submit(approved, by=marketer)
    edit(approved, replace(SECOND, footer="Acme"), by=marketer)
    with pytest.raises(reviews.ReviewRefused):
        templates.submit(approved, by=marketer)


def test_request_can_be_taken_back(draft: Template, marketer: User) -> None:
    templates.submit(draft, by=marketer)
    templates.withdraw(draft, by=marketer)
    assert draft.status == AssetStatus.DRAFT
    with pytest.raises(templates.TemplateRefused):
        templates.withdraw(draft, by=marketer)


def test_sandbox_answers_by_itself_and_rejects_by_name(
    draft: Template, account: Account, marketer: User
) -> None:
    bad = templates.create(account, replace(FIRST, name="reject_me"), {}, by=marketer)
    templates.submit(draft, by=marketer)
    templates.submit(bad, by=marketer)
    assert reviews.settle_due(timezone.now() + timedelta(seconds=4)) == 2
    draft.refresh_from_db()
    bad.refresh_from_db()
    assert (draft.status, bad.status) == (AssetStatus.APPROVED, AssetStatus.REJECTED)


# --- Pausing, deleting, copying ------------------------------------------------------------------


def test_paused_template_stays_paused_when_a_version_is_approved(
    approved: Template, marketer: User
) -> None:
    edit(approved, SECOND, by=marketer)
    review = templates.submit(approved, by=marketer)
    templates.pause(approved, by=marketer)
    reviews.approve(review, by=None)
    approved.refresh_from_db()
    assert (approved.status, approved.version) == (AssetStatus.PAUSED, 2)
    templates.resume(approved, by=marketer)
    assert (approved.status, approved.status_reason) == (AssetStatus.APPROVED, "")
    with pytest.raises(templates.TemplateRefused):
        templates.resume(approved, by=marketer)


def test_deleting_frees_the_name_takes_the_request_back_and_can_be_undone(
    draft: Template, account: Account, marketer: User
) -> None:
    templates.submit(draft, by=marketer)
    templates.delete(draft, by=marketer)
    assert Review.objects.get().decision == Decision.WITHDRAWN
    assert str(draft.public_id) not in catalog_of(account).templates
    templates.restore(draft, by=marketer)
    assert (draft.deleted_at, draft.status) == (None, AssetStatus.DRAFT)


def test_restoring_is_refused_when_the_name_is_taken(
    draft: Template, account: Account, marketer: User
) -> None:
    templates.delete(draft, by=marketer)
    templates.create(account, FIRST, {}, by=marketer)
    with pytest.raises(templates.TemplateRefused, match="cannot come back"):
        templates.restore(draft, by=marketer)


def test_copy_is_a_draft_under_a_free_name(approved: Template, marketer: User) -> None:
    edit(approved, SECOND, by=marketer)
    first, second = (templates.duplicate(approved, by=marketer) for _ in range(2))
    assert (first.name, second.name) == ("parcel_copy", "parcel_copy_2")
    assert (first.content.body, first.status, first.version) == (SECOND.body, "draft", 0)
    assert first.samples == {"1": "Priya"}


# --- Samples -------------------------------------------------------------------------------------


def test_samples_of_both_texts_are_kept_and_others_dropped(
    approved: Template, marketer: User
) -> None:
    typed = {"2": "A-1", "name": "nobody", "x": "y"}
    templates.save(approved, SECOND, typed, by=marketer, revision=1)
    assert approved.samples == {"1": "Priya", "2": "A-1"}


def test_samples_typed_in_a_flow_reach_the_editor(approved: Template, marketer: User) -> None:
    remember_samples(approved.account, str(approved.public_id), {"1": "Ben"}, by=marketer)
    approved.refresh_from_db()
    edit(approved, SECOND, by=marketer)
    approved.refresh_from_db()
    assert approved.samples == {"1": "Ben"}


# --- Flows ---------------------------------------------------------------------------------------


@pytest.fixture
def flow(account: Account, admin: User, approved: Template) -> Flow:
    """Published with version 1."""
    step = cast.make_step(account, Channel.WHATSAPP, template=str(approved.public_id))
    steps = (step, cast.make_step(account, Channel.SMS))
    return cast.make_published_flow(account, by=admin, steps=steps)


def test_flow_keeps_its_text_until_it_is_published_again(
    flow: Flow, approved: Template, admin: User
) -> None:
    with pytest.raises(lifecycle.LifecycleError):
        lifecycle.publish(flow, by=admin)
    edit(approved, SECOND, by=admin)
    approve(approved, by=admin)
    assert flow.live_version and flow.live_version.pinned.steps[0].content == FIRST
    version = lifecycle.publish(flow, by=admin)
    step = version.pinned.steps[0]
    assert (version.number, step.content, step.template_version) == (2, SECOND, 2)
    with pytest.raises(lifecycle.LifecycleError, match="exactly this already"):
        lifecycle.publish(flow, by=admin)


def test_publishing_a_flow_with_a_template_that_is_not_approved_is_refused(
    flow: Flow, approved: Template, admin: User
) -> None:
    templates.pause(approved, by=admin)
    definition = replace(flow.definition, title="Renamed")
    lifecycle.save_draft(flow, definition, by=admin, revision=flow.revision)
    with pytest.raises(lifecycle.NotReady) as refused:
        lifecycle.publish(flow, by=admin)
    assert "is paused" in refused.value.problems[0].message
