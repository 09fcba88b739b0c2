"""The wizard: one URL per page, without JavaScript and with it; nothing typed is ever lost."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.definition import Definition
from flows.models import Account, AssetStatus, AuditEntry, Flow, Template, User, lifecycle
from flows.placeholders import Channel
from tests import cast
from tests.views.reading import words

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def url(name: str, flow: Flow, *args: object) -> str:
    return reverse(name, args=[flow.account.sid, flow.public_id, *args])


@pytest.fixture
def draft(account: Account, marketer: User) -> Flow:
    """As the wizard makes it: two empty steps; senders and templates are there to choose."""
    cast.make_definition(account)
    definition = Definition(title="Parcel").add_step().add_step()
    return lifecycle.create(account, definition, by=marketer)


def typed(flow: Flow, channel: Channel = Channel.WHATSAPP, **fields: object) -> dict[str, Any]:
    """What the form of a complete step posts."""
    step = cast.make_step(flow.account, channel)
    whole = {
        "revision": flow.revision,
        "number": 1,
        "shown_channel": channel.value,
        "channel": channel.value,
        "sender": step.sender,
        "template": step.template,
        "wait_s_0": "30",
        "wait_s_1": "s",
        "counts_as": "delivered",
    }
    return {**whole, **fields}


# --- From the first page to the last -------------------------------------------------------------


def test_flow_is_built_page_by_page_and_published(
    as_marketer: Client, as_admin: Client, account: Account
) -> None:
    cast.make_definition(account)
    answer = as_marketer.post(
        reverse("flow-create", args=[account.sid]), {"title": "  Parcel  ", "callback_profile": ""}
    )
    flow = Flow.objects.get(title="Parcel")
    assert answer["Location"] == url("flow-step", flow, 1)
    answer = as_marketer.post(url("flow-step", flow, 1), typed(flow))
    assert answer["Location"] == url("flow-step", flow, 2)
    flow.refresh_from_db()
    second = typed(flow, Channel.SMS, wait_s_0="2", wait_s_1="min")
    answer = as_marketer.post(url("flow-step", flow, 2), second)
    assert answer["Location"] == url("flow-check", flow)
    flow.refresh_from_db()
    assert [step.wait_s for step in flow.definition.steps] == [30, 120]
    check = as_admin.get(url("flow-check", flow))
    assert check.context["problems"] == []
    assert "Publish and create Workflow ID" in words(check)


def test_save_as_draft_takes_an_incomplete_step(as_marketer: Client, draft: Flow) -> None:
    form = typed(draft, sender="", template="", wait_s_0="", do="draft")
    answer = as_marketer.post(url("flow-step", draft, 1), form)
    assert answer["Location"] == url("flow-detail", draft)
    draft.refresh_from_db()
    assert draft.definition.steps[0].wait_s is None


def test_continue_names_all_that_is_missing_with_links(as_marketer: Client, draft: Flow) -> None:
    form = typed(draft, sender="", template="", wait_s_0="")
    answer = as_marketer.post(url("flow-step", draft, 1), form)
    assert answer.status_code == 422
    html = answer.content.decode()
    for sentence in ("Choose a WhatsApp sender.", "Choose a WhatsApp template.", "Enter a wait"):
        assert sentence in html
    for focus in ("id_sender", "id_template", "id_wait_s_0"):
        assert f'href="#{focus}"' in html
        assert f'id="{focus}"' in html


@pytest.mark.parametrize(("number", "unit"), [("4", "s"), ("901", "s"), ("16", "min"), ("-5", "s")])
def test_wait_outside_its_limits_is_refused_and_kept_in_the_form(
    as_marketer: Client, draft: Flow, number: str, unit: str
) -> None:
    form = typed(draft, wait_s_0=number, wait_s_1=unit, do="draft")
    answer = as_marketer.post(url("flow-step", draft, 1), form)
    assert answer.status_code == 422
    assert "Enter a wait from 5 seconds to 15 minutes." in words(answer)
    assert f'value="{number}"' in answer.content.decode()


@pytest.mark.parametrize(
    ("number", "unit", "wait_s"), [("5", "s", 5), ("900", "s", 900), ("15", "min", 900)]
)
def test_both_ends_of_the_wait_are_allowed(
    as_marketer: Client, draft: Flow, number: str, unit: str, wait_s: int
) -> None:
    as_marketer.post(url("flow-step", draft, 1), typed(draft, wait_s_0=number, wait_s_1=unit))
    draft.refresh_from_db()
    assert draft.definition.steps[0].wait_s == wait_s


def test_wait_of_the_last_step_says_what_it_means_there(as_marketer: Client, draft: Flow) -> None:
    assert "Wait before the next step" in words(as_marketer.get(url("flow-step", draft, 1)))
    last = words(as_marketer.get(url("flow-step", draft, 2)))
    assert "Wait until the flow ends" in last
    assert "no longer counts" in last


def test_title_of_another_flow_is_refused_at_its_field(
    as_marketer: Client, draft: Flow, flow: Flow
) -> None:
    form = {"revision": draft.revision, "title": "ORDER UPDATE", "callback_profile": ""}
    answer = as_marketer.post(url("flow-edit", draft), form)
    assert answer.status_code == 422
    assert answer.content.decode().count("Another flow is called “ORDER UPDATE” already.") == 2
    assert 'value="ORDER UPDATE"' in answer.content.decode()


# --- Channel, template, media --------------------------------------------------------------------


def test_other_channel_shows_its_own_choices_without_javascript(
    as_marketer: Client, draft: Flow
) -> None:
    answer = as_marketer.post(
        url("flow-step", draft, 1), {**typed(draft, wait_s_0="77"), "channel": "sms"}
    )
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "ACMERT" in html
    assert "Choose an SMS template" in html
    assert 'value="77"' in html
    draft.refresh_from_db()
    assert draft.definition.steps[0].channel is Channel.WHATSAPP  # nothing is saved by looking


def test_untouched_second_step_follows_to_the_other_channel(
    as_marketer: Client, draft: Flow
) -> None:
    as_marketer.post(url("flow-step", draft, 1), typed(draft, Channel.SMS))
    draft.refresh_from_db()
    assert [step.channel.value for step in draft.definition.steps] == ["sms", "whatsapp"]


def test_read_can_only_be_chosen_for_whatsapp(as_marketer: Client, draft: Flow) -> None:
    assert 'value="read"' in as_marketer.get(url("flow-step", draft, 1)).content.decode()
    assert 'value="read"' not in as_marketer.get(url("flow-step", draft, 2)).content.decode()
    answer = as_marketer.post(
        url("flow-step", draft, 2), typed(draft, Channel.SMS, counts_as="read")
    )
    assert answer.status_code == 422
    assert "an SMS does not report that it was read" in words(answer)


def test_media_url_is_asked_for_only_when_the_template_needs_it(
    as_marketer: Client, draft: Flow, account: Account
) -> None:
    picture = cast.make_template(account, Channel.WHATSAPP, name="picture", header_kind="image")
    assert 'name="media_url"' not in as_marketer.get(url("flow-step", draft, 1)).content.decode()
    form = typed(draft, template=str(picture.public_id))
    shown = as_marketer.post(url("flow-step", draft, 1), {**form, "do": "show"}, headers=HTMX)
    assert 'name="media_url"' in shown.content.decode()
    answer = as_marketer.post(url("flow-step", draft, 1), form)
    assert answer.status_code == 422
    assert "Enter a media URL: the template begins with an image." in words(answer)
    bad = as_marketer.post(url("flow-step", draft, 1), {**form, "media_url": "http://a.example/x"})
    assert "starts with https://" in words(bad)
    good = as_marketer.post(
        url("flow-step", draft, 1), {**form, "media_url": "https://a.example/x"}
    )
    assert good.status_code == 302


def test_media_url_of_an_earlier_template_is_left_out(as_marketer: Client, draft: Flow) -> None:
    form = typed(draft, media_url="https://a.example/x.png")
    assert as_marketer.post(url("flow-step", draft, 1), form).status_code == 302
    draft.refresh_from_db()
    assert draft.definition.steps[0].media_url == ""


def test_chosen_template_stays_in_the_list_when_it_is_no_longer_approved(
    as_marketer: Client, draft: Flow
) -> None:
    as_marketer.post(url("flow-step", draft, 1), typed(draft))
    Template.objects.filter(channel="whatsapp").update(status=AssetStatus.PAUSED)
    text = words(as_marketer.get(url("flow-step", draft, 1)))
    assert "cannot be used: paused" in text
    assert "that is approved" in words(as_marketer.get(url("flow-check", draft)))


def test_senders_of_several_connections_are_told_apart(
    as_marketer: Client, account: Account, draft: Flow
) -> None:
    """Who played in the Sandbox and means to send for real would else choose the wrong one."""

    def offered() -> list[str]:
        html = as_marketer.get(url("flow-step", draft, 1)).content.decode()
        return sorted(re.findall(r"<option[^>]*>(Acme Retail[^<]*)<", html))

    assert offered() == ["Acme Retail · +918047182200"]
    meta = cast.make_connection(account, "whatsapp_cloud", name="Meta")
    cast.make_sender(account, Channel.WHATSAPP, connection=meta, identifier="918047182277")
    assert offered() == [
        "Acme Retail · +918047182200 at Sandbox",
        "Acme Retail · +918047182277 at Meta",
    ]


def test_template_of_another_account_cannot_be_chosen(
    as_marketer: Client, draft: Flow, stranger: User
) -> None:
    foreign = cast.make_template(stranger.memberships.get().account, Channel.WHATSAPP)
    answer = as_marketer.post(
        url("flow-step", draft, 1), typed(draft, template=str(foreign.public_id), do="draft")
    )
    assert answer.status_code == 422


# --- Steps ---------------------------------------------------------------------------------------


def rearrange(client: Client, flow: Flow, do: str) -> list[str]:
    flow.refresh_from_db()
    answer = client.post(
        url("flow-steps", flow), {"revision": flow.revision, "do": do}, follow=True
    )
    assert answer.status_code == 200
    flow.refresh_from_db()
    return [step.channel.value for step in flow.definition.steps]


def test_steps_are_added_moved_and_removed(as_marketer: Client, draft: Flow) -> None:
    assert rearrange(as_marketer, draft, "add-sms") == ["whatsapp", "sms", "sms"]
    assert rearrange(as_marketer, draft, "add-whatsapp") == ["whatsapp", "sms", "sms", "whatsapp"]
    assert rearrange(as_marketer, draft, "up-4") == ["whatsapp", "sms", "whatsapp", "sms"]
    assert rearrange(as_marketer, draft, "down-1") == ["sms", "whatsapp", "whatsapp", "sms"]
    assert rearrange(as_marketer, draft, "remove-2") == ["sms", "whatsapp", "sms"]


@pytest.mark.parametrize(
    ("do", "place"), [("down-1", "#step-2"), ("add-sms", "#step-3"), ("remove-2", "#step-1")]
)
def test_moved_step_is_where_the_page_comes_back(
    as_marketer: Client, draft: Flow, do: str, place: str
) -> None:
    answer = as_marketer.post(url("flow-steps", draft), {"revision": draft.revision, "do": do})
    assert answer.headers["Location"] == url("flow-steps", draft) + place
    assert f'id="{place[1:]}"' in as_marketer.get(url("flow-steps", draft)).content.decode()


@pytest.mark.parametrize(
    "do",
    [
        "",
        "add-fax",
        "up-1",
        "down-2",
        "remove-9",
        "remove-0",
        "remove--1",
        "up-x",
        "\x00",
        "9" * 50,
    ],
)
def test_impossible_moves_change_nothing(as_marketer: Client, draft: Flow, do: str) -> None:
    assert rearrange(as_marketer, draft, do) == ["whatsapp", "sms"]


def test_sixth_step_is_refused_with_a_sentence(as_marketer: Client, draft: Flow) -> None:
    for _ in range(3):
        rearrange(as_marketer, draft, "add-sms")
    answer = as_marketer.post(
        url("flow-steps", draft), {"revision": draft.revision, "do": "add-sms"}, follow=True
    )
    assert "at most 5" in words(answer)
    draft.refresh_from_db()
    assert len(draft.definition.steps) == 5


def test_page_of_a_step_that_is_gone_leads_to_the_steps(as_marketer: Client, draft: Flow) -> None:
    answer = as_marketer.get(url("flow-step", draft, 3), follow=True)
    assert "There is no step 3 any more." in words(answer)
    assert as_marketer.get(url("flow-step", draft, 6)).status_code == 404
    assert as_marketer.get(url("flow-step", draft, 0)).status_code == 404


# --- Two people ----------------------------------------------------------------------------------


def test_second_save_shows_both_versions_and_either_can_be_kept(
    as_marketer: Client, as_admin: Client, draft: Flow
) -> None:
    theirs, mine = typed(draft, wait_s_0="45"), typed(draft, wait_s_0="99")
    assert as_admin.post(url("flow-step", draft, 1), theirs).status_code == 302
    refused = as_marketer.post(url("flow-step", draft, 1), mine)
    assert refused.status_code == 409
    text = words(refused)
    assert "Asha changed this flow meanwhile." in text
    assert "45 s" in text
    assert "1 min 39 s" in text
    draft.refresh_from_db()
    assert draft.definition.steps[0].wait_s == 45
    again = dict(refused.context["kept"]) | {"revision": draft.revision}
    assert as_marketer.post(url("flow-step", draft, 1), again).status_code == 302
    draft.refresh_from_db()
    assert draft.definition.steps[0].wait_s == 99


def test_values_for_a_step_that_somebody_removed_are_not_lost(
    as_marketer: Client, as_admin: Client, draft: Flow
) -> None:
    mine = typed(draft, Channel.SMS, wait_s_0="99")
    rearrange(as_admin, draft, "remove-2")
    refused = as_marketer.post(url("flow-step", draft, 2), mine)
    assert refused.status_code == 409
    assert "Removed" in words(refused)
    again = dict(refused.context["kept"]) | {"revision": draft.revision}
    as_marketer.post(url("flow-step", draft, 2), again)
    draft.refresh_from_db()
    assert [step.wait_s for step in draft.definition.steps] == [60, 99]


def test_second_rename_shows_both_titles(
    as_marketer: Client, as_admin: Client, draft: Flow
) -> None:
    form = {"revision": draft.revision, "callback_profile": ""}
    as_admin.post(url("flow-edit", draft), {**form, "title": "Theirs"})
    refused = as_marketer.post(url("flow-edit", draft), {**form, "title": "Mine"})
    assert refused.status_code == 409
    assert "Title changed from “Theirs” to “Mine”." in words(refused)


# --- Autosave and preview ------------------------------------------------------------------------


def autosave(client: Client, flow: Flow, form: dict[str, Any]) -> Any:
    return client.post(url("flow-step", flow, 1) + "?autosave=1", form, headers=HTMX)


def test_autosave_keeps_the_draft_and_hands_out_the_next_revision(
    as_marketer: Client, draft: Flow
) -> None:
    answer = autosave(as_marketer, draft, typed(draft, sender=""))
    assert re.match(r"Draft saved at \d\d:\d\d:\d\d", words(answer).strip())
    assert 'name="revision" value="2"' in answer.content.decode()
    assert 'hx-swap-oob="true"' in answer.content.decode()
    draft.refresh_from_db()
    assert draft.definition.steps[0].wait_s == 30


def test_autosave_keeps_the_rest_and_says_what_is_wrong(as_marketer: Client, draft: Flow) -> None:
    answer = autosave(as_marketer, draft, typed(draft, wait_s_0="4", counts_as="read"))
    assert answer.status_code == 422
    assert "but for one thing. Enter a wait from 5 seconds to 15 minutes." in words(answer)
    assert 'name="revision" value="2"' in answer.content.decode()
    draft.refresh_from_db()
    kept = draft.definition.steps[0]
    assert (kept.counts_as, kept.wait_s) == ("read", 60)


def test_autosave_that_can_keep_nothing_says_so(as_marketer: Client, draft: Flow) -> None:
    answer = autosave(as_marketer, draft, {**typed(draft), "channel": "pigeon"})
    assert words(answer).strip() == "Not saved yet. Choose WhatsApp or SMS."


def test_autosave_never_writes_over_somebody_else(
    as_marketer: Client, as_admin: Client, draft: Flow
) -> None:
    autosave(as_admin, draft, typed(draft, wait_s_0="45"))
    answer = autosave(as_marketer, draft, typed(draft, wait_s_0="99"))
    assert answer.status_code == 422
    assert "Asha changed this flow meanwhile." in words(answer)
    draft.refresh_from_db()
    assert draft.definition.steps[0].wait_s == 45


def test_preview_shows_what_is_typed_and_saves_nothing(as_marketer: Client, draft: Flow) -> None:
    form = {**typed(draft), "sample-1": "<b>Ben</b>", "sample-3": ""}
    answer = as_marketer.post(url("flow-preview", draft), form, headers=HTMX)
    html = answer.content.decode()
    assert "&lt;b&gt;Ben&lt;/b&gt;" in html
    assert "Add a sample for <code>{{3}}</code>" in html
    assert "<strong>" in html
    draft.refresh_from_db()
    assert draft.revision == 1


def test_preview_measures_the_sms(as_marketer: Client, draft: Flow) -> None:
    form = typed(draft, Channel.SMS, number="2") | {"sample-1": "Žofie"}
    html = as_marketer.post(url("flow-preview", draft), form, headers=HTMX).content.decode()
    assert "UCS-2" in html
    assert "<code>Ž</code>" in html


def test_sample_values_are_kept_with_the_template(as_marketer: Client, draft: Flow) -> None:
    form = {**typed(draft), "sample-1": "Ben", "sample-nonsense": "x", "sample-2": "1\x002"}
    as_marketer.post(url("flow-step", draft, 1), form)
    template = Template.objects.get(channel="whatsapp")
    assert template.samples == {"1": "Ben", "2": "12", "3": "Friday"}
    assert AuditEntry.objects.filter(action="template.samples").count() == 1


# --- Whatever is typed ---------------------------------------------------------------------------

NASTY = [
    "", " ", "\x00", "\n", "\u202e", "\u200b", "null", "-1", "1e9", "9" * 5000, "٣", "½", "NaN",
    "<script>alert(1)</script>", "{{ 7 }}", "{% now %}", "' OR 1=1 --", "https://", "https://[",
    "https://a.example:99999/", "javascript:alert(1)", "\U0001f600" * 300, "a" * 20000,
    "00000000-0000-0000-0000-000000000000", "whatsapp", "sms", "\ud7ff\uffff",
]  # fmt: skip
FIELDS = (
    "revision", "number", "shown_channel", "channel", "sender", "template", "media_url", "wait_s_0",
    "wait_s_1", "counts_as", "do", "sample-1", "sample-", "unknown",
)  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_nasty_value_in_any_field_gets_a_clean_answer(
    as_marketer: Client, draft: Flow, name: str
) -> None:
    step, preview = url("flow-step", draft, 1), url("flow-preview", draft)
    for index, value in enumerate(NASTY[FIELDS.index(name) % 2 :: 2]):
        draft.refresh_from_db()
        form = {**typed(draft), name: value}
        answers = [as_marketer.post(step, form)]
        if index % 4 == 0:
            answers.append(as_marketer.post(f"{step}?autosave=1", form, headers=HTMX))
            answers.append(as_marketer.post(preview, form, headers=HTMX))
        for answer in answers:
            assert answer.status_code in {200, 302, 409, 422}, (name, value[:40])
    assert as_marketer.get(url("flow-check", draft)).status_code == 200


@pytest.mark.parametrize("value", NASTY)
def test_nasty_title_gets_a_clean_answer(as_marketer: Client, draft: Flow, value: str) -> None:
    form = {"revision": draft.revision, "title": value, "callback_profile": value}
    for name in ("title", "callback_profile"):
        one = {**form, "title": "Fine", "callback_profile": "", name: value}
        answer = as_marketer.post(url("flow-edit", draft), one)
        assert answer.status_code in {302, 422, 409}
        draft.refresh_from_db()
        form["revision"] = draft.revision
        assert as_marketer.get(url("flow-detail", draft)).status_code == 200
    new = reverse("flow-create", args=[draft.account.sid])
    assert as_marketer.post(new, {"title": value}).status_code in {302, 422}


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(form=st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(NASTY) | st.text(max_size=40)))
def test_any_form_at_all_gets_a_clean_answer_and_a_draft_that_can_be_read(
    as_marketer: Client, draft: Flow, form: dict[str, str]
) -> None:
    sent = {key: value.encode("utf-8", "replace").decode() for key, value in form.items()}
    answer = as_marketer.post(url("flow-step", draft, 1), sent)
    assert answer.status_code in {200, 302, 409, 422}
    assert Flow.objects.get(pk=draft.pk).definition.steps
