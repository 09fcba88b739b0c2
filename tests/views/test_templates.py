"""The pages of templates: list, editor, detail; with and without JavaScript nothing is lost."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from flows.definition.template_rules import problems, settled
from flows.demo.templates import TEMPLATES, DemoTemplate
from flows.models import (
    Account,
    AssetStatus,
    Flow,
    Template,
    TemplateVersion,
    User,
    lifecycle,
    reviews,
    templates,
)
from flows.placeholders import Channel, fields
from tests import cast
from tests.models.test_templates import FIRST, SECOND, approve, edit
from tests.views.reading import words

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def url(name: str, template: Template | Account) -> str:
    if isinstance(template, Account):
        return reverse(name, args=[template.sid])
    return reverse(name, args=[template.account.sid, template.public_id])


def typed(**fields: Any) -> dict[str, Any]:
    """What the WhatsApp form posts."""
    whole = {
        "revision": "1",
        "channel": "whatsapp",
        "name": "parcel",
        "language": "en",
        "kind": "text",
        "category": "utility",
        "header_kind": "none",
        "header_text": "",
        "body": "Hi {{1}}, your parcel is on its way.",
        "footer": "",
        "sample-1": "Priya",
    }
    return {**whole, **fields}


@pytest.fixture
def draft(account: Account, marketer: User) -> Template:
    cast.make_connection(account)
    return templates.create(account, FIRST, {"1": "Priya"}, by=marketer)


@pytest.fixture
def approved(draft: Template, marketer: User) -> Template:
    approve(draft, by=marketer)
    return draft


@pytest.fixture
def flow(account: Account, admin: User, approved: Template) -> Flow:
    """Published with version 1 of the template."""
    step = cast.make_step(account, Channel.WHATSAPP, template=str(approved.public_id))
    steps = (step, cast.make_step(account, Channel.SMS))
    return cast.make_published_flow(account, by=admin, title="Parcel notice", steps=steps)


# --- The list ------------------------------------------------------------------------------------


def test_empty_list_teaches_and_offers_both_channels(
    as_marketer: Client, as_viewer: Client, account: Account
) -> None:
    page = words(as_marketer.get(url("template-list", account)))
    assert "Write your first template" in page
    assert "WhatsApp template" in page
    assert "SMS template" in page
    assert "A marketer or an admin writes it" in words(as_viewer.get(url("template-list", account)))


def test_list_tells_status_version_use_and_what_is_under_way(
    as_viewer: Client, flow: Flow, approved: Template, marketer: User
) -> None:
    edit(approved, SECOND, by=marketer)
    page = words(as_viewer.get(url("template-list", approved.account)))
    assert "1 flow" in page
    assert "Draft changes" in page
    templates.submit(approved, by=marketer)
    page = words(as_viewer.get(url("template-list", approved.account)))
    assert "Version 2 in review" in page
    assert "Draft changes" not in page.split("Used by", 1)[1]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"parcel", "Notice"}),
        ("?q=PARC", {"parcel"}),
        ("?channel=sms", {"Notice"}),
        ("?status=draft", {"parcel"}),
        ("?status=approved&channel=whatsapp", set()),
        ("?status=nonsense&channel=nonsense", {"parcel", "Notice"}),
        ("?status=changed", set()),
        ("?status=in_review", set()),
    ],
)
def test_filters_live_in_the_url(
    as_viewer: Client, draft: Template, query: str, shown: set[str]
) -> None:
    cast.make_template(draft.account, Channel.SMS, name="Notice")
    answer = as_viewer.get(url("template-list", draft.account) + query)
    assert {row["template"].name for row in answer.context["rows"]} == shown
    fragment = as_viewer.get(url("template-list", draft.account) + query, headers=HTMX)
    assert "<html" not in fragment.content.decode()


def test_long_list_is_paged_by_key(as_viewer: Client, account: Account) -> None:
    for number in range(51):
        cast.make_template(account, Channel.SMS, name=f"Notice {number}")
    first = as_viewer.get(url("template-list", account))
    assert len(first.context["rows"]) == 50
    older = as_viewer.get(url("template-list", account) + f"?older={first.context['page'].older}")
    assert [row["template"].name for row in older.context["rows"]] == ["Notice 0"]


def test_list_costs_the_same_however_long_it_is(
    as_viewer: Client,
    account: Account,
    marketer: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    cast.make_connection(account)
    for number in range(12):
        name = cast.make_template(account, Channel.SMS, name=f"Notice {number}")
        templates.duplicate(name, by=marketer)
    with django_assert_max_num_queries(9):
        as_viewer.get(url("template-list", account))


# --- Writing -------------------------------------------------------------------------------------


def test_new_template_asks_for_its_channel_first(as_marketer: Client, account: Account) -> None:
    page = as_marketer.get(url("template-create", account)).content.decode()
    assert "?channel=whatsapp" in page
    assert "?channel=sms" in page


def test_draft_is_made_with_what_is_there(as_marketer: Client, account: Account) -> None:
    create = url("template-create", account) + "?channel=whatsapp"
    answer = as_marketer.post(create, typed(body="", do="draft"))
    template = Template.objects.get()
    assert answer["Location"] == url("template-detail", template)
    assert (template.status, template.body) == (AssetStatus.DRAFT, "")


def test_text_is_handed_in_and_the_sandbox_answers(as_marketer: Client, account: Account) -> None:
    cast.make_connection(account)
    create = url("template-create", account) + "?channel=whatsapp"
    as_marketer.post(create, typed(do="submit"))
    template = Template.objects.get()
    assert (template.status, template.samples) == (AssetStatus.PENDING, {"1": "Priya"})
    page = as_marketer.get(url("template-detail", template))
    assert "The Sandbox is checking version 1" in words(page)
    assert 'hx-trigger="every 1s"' in page.content.decode()


def test_sms_is_made_with_its_own_fields(as_marketer: Client, account: Account) -> None:
    create = url("template-create", account) + "?channel=sms"
    fields = {
        "name": "Parcel",
        "kind": "OTP",
        "body": "{#var#} is your code\r\nAcme",
        "unicode": "on",
        "dlt_template_id": "1107161234567890123",
        "category": "marketing",
    }
    as_marketer.post(create, {**fields, "do": "draft"})
    content = Template.objects.get().content
    assert (content.kind, content.unicode, content.body) == (
        "OTP",
        True,
        "{#var#} is your code\nAcme",
    )
    assert content.category == ""


def test_everything_wrong_is_named_at_once_and_at_its_field(
    as_marketer: Client, account: Account
) -> None:
    create = url("template-create", account) + "?channel=whatsapp"
    wrong = typed(name="Parcel!", body="{{1}}", footer="x" * 61, do="submit")
    wrong |= {"button-0-kind": "url", "button-0-text": "", "button-0-value": "shop"}
    answer = as_marketer.post(create, wrong)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert Template.objects.count() == 0
    for focus in ("id_name", "id_body", "id_footer", "id_button-0-text", "id_button-0-value"):
        assert f'href="#{focus}"' in html
        assert f'id="{focus}"' in html
        assert re.search(f'id="{focus}_error"[^>]*><svg', html)
    assert 'value="Parcel!"' in html
    assert 'value="shop"' in html


def test_draft_is_kept_however_wrong_its_text_is(as_marketer: Client, account: Account) -> None:
    create = url("template-create", account) + "?channel=whatsapp"
    as_marketer.post(create, typed(body="{{1}}", do="draft"))
    assert Template.objects.get().body == "{{1}}"


def test_taken_name_is_said_at_the_name(as_marketer: Client, draft: Template) -> None:
    create = url("template-create", draft.account) + "?channel=whatsapp"
    answer = as_marketer.post(create, typed(do="draft"))
    assert answer.status_code == 422
    assert "Another template is called “parcel” already." in words(answer)


@pytest.mark.parametrize(
    ("do", "found"),
    [
        ("add-quick_reply", ['name="button-1-kind" value="quick_reply"', 'value="Track"']),
        ("add-url", ['name="button-1-kind" value="url"']),
        ("add-phone", ['name="button-1-kind" value="phone"']),
        ("variable", ["on its way. {{2}}"]),
        ("show", ['value="Track"']),
    ],
)
def test_form_is_rearranged_without_javascript_and_keeps_every_word(
    as_marketer: Client, draft: Template, do: str, found: list[str]
) -> None:
    one = {"button-0-kind": "url", "button-0-text": "Track", "button-0-value": "https://a.example"}
    body = "Hi {{1}}, your parcel is on its way."
    answer = as_marketer.post(
        url("template-edit", draft), typed(**one, body=body, footer="Typed", do=do)
    )
    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="Typed"' in html
    for part in found:
        assert part in html
    draft.refresh_from_db()
    assert draft.content == FIRST


def test_button_is_removed(as_marketer: Client, draft: Template) -> None:
    two = {"button-0-kind": "quick_reply", "button-0-text": "Yes"}
    two |= {"button-1-kind": "quick_reply", "button-1-text": "No"}
    html = as_marketer.post(
        url("template-edit", draft), typed(**two, do="remove-0"), headers=HTMX
    ).content.decode()
    assert 'value="No"' in html
    assert 'value="Yes"' not in html
    assert "<html" not in html


def test_second_save_is_refused_with_both_texts_and_can_be_saved_over(
    as_marketer: Client, draft: Template, admin: User
) -> None:
    edit(draft, SECOND, by=admin)
    mine = typed(body="Hello {{1}}, mine comes.", footer="My footer", do="draft")
    answer = as_marketer.post(url("template-edit", draft), mine)
    assert answer.status_code == 409
    page = words(answer)
    assert "Asha changed this template meanwhile." in page
    assert SECOND.body in page
    assert "Hello {{1}}, mine comes." in page
    html = answer.content.decode()
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
    kept.pop("csrfmiddlewaretoken")
    as_marketer.post(url("template-edit", draft), kept)
    draft.refresh_from_db()
    assert (draft.body, draft.footer) == ("Hello {{1}}, mine comes.", "My footer")


def test_name_of_what_was_handed_in_cannot_be_typed(
    as_marketer: Client, approved: Template
) -> None:
    page = as_marketer.get(url("template-edit", approved))
    assert 'name="name"' not in page.content.decode()
    assert "Version 1 stays in force." in words(page)
    as_marketer.post(url("template-edit", approved), typed(name="other", footer="New", do="draft"))
    approved.refresh_from_db()
    assert (approved.name, approved.footer) == ("parcel", "")
    assert templates.working_copy(approved).footer == "New"


def test_characters_that_no_page_can_show_are_left_out(
    as_marketer: Client, account: Account
) -> None:
    create = url("template-create", account) + "?channel=whatsapp"
    nasty = typed(body="Hi\x00 {{1}}\x1b, ok.", **{"sample-1": "a\x00b"}, do="draft")
    as_marketer.post(create, nasty)
    template = Template.objects.get()
    assert (template.body, template.samples) == ("Hi {{1}}, ok.", {"1": "ab"})


# --- The preview ---------------------------------------------------------------------------------


def test_preview_shows_what_is_typed_with_its_samples(
    as_marketer: Client, account: Account
) -> None:
    shown = as_marketer.post(
        url("template-preview", account), typed(body="Hi {{1}}, {{2}} & *more*."), headers=HTMX
    )
    html = shown.content.decode()
    assert '<mark class="var">Priya</mark>' in html
    assert "Add a sample for <code>{{2}}</code>" in html
    assert "<strong>more</strong>" in html
    assert 'name="sample-2"' in html  # a new variable wants its field


def test_sample_fields_are_left_alone_while_the_variables_stay(
    as_marketer: Client, account: Account
) -> None:
    form = typed(sample_keys="1", **{"sample-1": "Ben"})
    answer = as_marketer.post(url("template-preview", account), form, headers=HTMX)
    assert "template-samples" not in answer.content.decode()


def test_sample_of_a_variable_that_is_gone_for_a_moment_is_carried(
    as_marketer: Client, account: Account
) -> None:
    form = typed(body="Hi {{1}, ok.", sample_keys="1")
    html = as_marketer.post(url("template-preview", account), form, headers=HTMX).content.decode()
    assert '<input type="hidden" name="sample-1" value="Priya">' in html
    assert "“{{1}” looks like a broken variable" in html


def test_sample_stays_when_its_key_gets_a_second_digit(
    as_marketer: Client, account: Account
) -> None:
    body = "Hi " + ", ".join(f"{{{{{n}}}}} and" for n in range(1, 11)) + " ok."
    html = as_marketer.post(
        url("template-preview", account), typed(body=body), headers=HTMX
    ).content.decode()
    assert re.search(r'name="sample-01" value="Priya"', html)


def test_sms_preview_has_its_meter(as_marketer: Client, account: Account) -> None:
    form = {"channel": "sms", "kind": "TXN", "body": "Hi {#var#} — ok", "sample-1": "Priya"}
    page = words(as_marketer.post(url("template-preview", account), form, headers=HTMX))
    assert "UCS-2" in page
    assert "— forces UCS-2" in page


# --- The page of one -----------------------------------------------------------------------------


def test_page_polls_only_while_the_sandbox_thinks(
    as_marketer: Client, draft: Template, marketer: User
) -> None:
    review = templates.submit(draft, by=marketer)
    path = url("template-detail", draft)
    state = as_marketer.get(path).context["state"]
    assert as_marketer.get(f"{path}?was={state}", headers=HTMX).status_code == 204
    reviews.approve(review, by=None)
    answer = as_marketer.get(f"{path}?was={state}", headers=HTMX)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "hx-trigger" not in html
    assert "Version 1 is in force" in words(answer)


def test_page_says_why_it_was_rejected(
    as_marketer: Client, draft: Template, admin: User, marketer: User
) -> None:
    reviews.reject(templates.submit(draft, by=marketer), by=admin, reason="Say who you are.")
    page = words(as_marketer.get(url("template-detail", draft)))
    assert "Say who you are." in page
    assert "Hand in for approval" in page


def test_page_shows_both_texts_and_what_callers_change_per_flow(
    as_viewer: Client, flow: Flow, approved: Template, marketer: User
) -> None:
    edit(approved, SECOND, by=marketer)
    answer = as_viewer.get(url("template-detail", approved))
    page = words(answer)
    assert "The text of the message changed." in page
    assert "<ins>parcel</ins>" in answer.content.decode()
    need = "Callers must now also send “2” in input.send1.templateParams."
    assert f"Parcel notice: {need}" in page
    approve(approved, by=marketer)
    page = words(as_viewer.get(url("template-detail", approved)))
    assert "These flows go on with an older text until they are published again" in page
    assert f"Parcel notice uses version 1. From then on: {need}" in page


def test_history_tells_each_version(
    as_viewer: Client, approved: Template, admin: User, marketer: User
) -> None:
    edit(approved, SECOND, by=marketer)
    reviews.reject(templates.submit(approved, by=marketer), by=admin, reason="Too vague.")
    page = words(as_viewer.get(url("template-detail", approved)))
    assert "Version 2 was rejected Too vague." in page
    assert TemplateVersion.objects.count() == 2
    assert "Version 1 In force Mira" in page


def test_page_costs_the_same_however_many_versions_there_are(
    as_viewer: Client,
    flow: Flow,
    approved: Template,
    marketer: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(6):
        edit(approved, SECOND.__class__(**{**vars(SECOND), "footer": f"No. {number}"}), by=marketer)
        approve(approved, by=marketer)
    with django_assert_max_num_queries(12):
        as_viewer.get(url("template-detail", approved))


@pytest.mark.parametrize("verb", ["pause", "delete"])
def test_flows_are_named_before_a_template_is_taken_from_them(
    as_marketer: Client, flow: Flow, approved: Template, verb: str
) -> None:
    page = words(as_marketer.get(url(f"template-{verb}", approved)))
    assert "These flows skip its step from then on: “Parcel notice”." in page


def test_deleting_can_be_undone(as_marketer: Client, approved: Template) -> None:
    answer = as_marketer.post(url("template-delete", approved), follow=True)
    assert "“parcel” was deleted." in words(answer)
    assert url("template-restore", approved) in answer.content.decode()
    as_marketer.post(url("template-restore", approved))
    approved.refresh_from_db()
    assert approved.deleted_at is None


def test_pause_resume_duplicate_withdraw(as_marketer: Client, approved: Template) -> None:
    as_marketer.post(url("template-pause", approved))
    assert Template.objects.get(pk=approved.pk).status == AssetStatus.PAUSED
    as_marketer.post(url("template-resume", approved))
    assert Template.objects.get(pk=approved.pk).status == AssetStatus.APPROVED
    answer = as_marketer.post(url("template-duplicate", approved))
    copy = Template.objects.get(name="parcel_copy")
    assert answer["Location"] == url("template-edit", copy)
    as_marketer.post(url("template-submit", copy))
    as_marketer.post(url("template-withdraw", copy))
    copy.refresh_from_db()
    assert copy.status == AssetStatus.DRAFT


def test_handing_in_an_unfinished_text_leads_to_what_is_missing(
    as_marketer: Client, draft: Template, marketer: User
) -> None:
    edit(draft, FIRST.__class__(**{**vars(FIRST), "body": ""}), by=marketer)
    answer = as_marketer.post(url("template-submit", draft), follow=True)
    page = words(answer)
    assert "Before it can be handed in" in page
    assert "Enter the text of the message." in page


# --- The pages of flows --------------------------------------------------------------------------

NEWER = "A newer version of parcel is approved. Publish to use it."


def test_flow_pages_say_that_a_newer_version_is_approved(
    as_admin: Client, flow: Flow, approved: Template, marketer: User
) -> None:
    pages = [
        reverse("flow-list", args=[flow.account.sid]),
        reverse("flow-detail", args=[flow.account.sid, flow.public_id]),
        reverse("flow-check", args=[flow.account.sid, flow.public_id]),
    ]
    for path in pages:
        assert NEWER not in words(as_admin.get(path))
    edit(approved, SECOND, by=marketer)
    approve(approved, by=marketer)
    for path in pages:
        assert NEWER in words(as_admin.get(path)), path
    need = "Callers must now also send “2” in input.send1.templateParams."
    assert need in words(as_admin.get(pages[1]))
    check = as_admin.get(pages[2])
    assert need in words(check)
    assert "Publish changes" in words(check)
    lifecycle.publish(flow, by=flow.created_by or User())
    for path in pages:
        assert NEWER not in words(as_admin.get(path))
    history = words(as_admin.get(reverse("flow-history", args=[flow.account.sid, flow.public_id])))
    assert "changed from version 1 to version 2" in history


@pytest.mark.parametrize("status", ["paused", "disabled", "rejected", "deleted"])
def test_flow_whose_template_cannot_be_used_is_warned_about_everywhere(
    as_admin: Client, flow: Flow, approved: Template, marketer: User, status: str
) -> None:
    if status == "deleted":
        templates.delete(approved, by=marketer)
    else:
        Template.objects.filter(pk=approved.pk).update(status=status)
    said = "gone" if status == "deleted" else status
    for name in ("flow-list", "account-home"):
        assert f"is {said}, so the step is skipped" in words(
            as_admin.get(reverse(name, args=[flow.account.sid]))
        )
    detail = reverse("flow-detail", args=[flow.account.sid, flow.public_id])
    assert f"is {said}, so the step is skipped" in words(as_admin.get(detail))


# --- The demo ------------------------------------------------------------------------------------


@pytest.mark.parametrize("demo", TEMPLATES, ids=lambda demo: demo.content.name)
def test_demo_keeps_the_rules_it_shows(demo: DemoTemplate) -> None:
    for content in (demo.content, *demo.earlier, *([demo.draft] if demo.draft else [])):
        assert problems(content) == []
        assert settled(content) == content
    assert set(demo.samples) == {field.key for field in fields(demo.content)}
