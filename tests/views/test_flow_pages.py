"""The pages of flows: list, flow page, verbs with their confirm pages, history, home."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from flows.models import Account, AssetStatus, Flow, KycStatus, Sender, Template, User, lifecycle
from flows.placeholders import Channel
from tests import cast
from tests.views.reading import words

pytestmark = pytest.mark.django_db


def url(name: str, flow: Flow, *args: object) -> str:
    return reverse(name, args=[flow.account.sid, flow.public_id, *args])


def rename(flow: Flow, title: str, by: User) -> None:
    changed = replace(flow.definition, title=title)
    lifecycle.save_draft(flow, changed, by=by, revision=flow.revision)


# --- List ----------------------------------------------------------------------------------------


def test_list_shows_title_status_and_workflow_id(
    as_viewer: Client, flow: Flow, published_flow: Flow
) -> None:
    answer = as_viewer.get(reverse("flow-list", args=[flow.account.sid]))
    assert answer.status_code == 200
    for expected in ("Order update", "Delivery notice", str(published_flow.workflow_id), "Draft"):
        assert expected in words(answer)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=ORDER", {"Order update"}),
        ("?q=notice", {"Delivery notice"}),
        ("?q=nothing", set()),
        ("?status=draft", {"Order update"}),
        ("?status=published", {"Delivery notice"}),
        ("?status=changed", set()),
        ("?status=nonsense&sort=nonsense&page=nonsense", {"Order update", "Delivery notice"}),
        ("?q=%00", {"Order update", "Delivery notice"}),
        ("?q=" + "x" * 300, {"Order update", "Delivery notice"}),
    ],
)
def test_list_filters_live_in_the_url(
    as_viewer: Client, flow: Flow, published_flow: Flow, query: str, expected: set[str]
) -> None:
    answer = as_viewer.get(reverse("flow-list", args=[flow.account.sid]) + query)
    assert {row["flow"].title for row in answer.context["rows"]} == expected


def test_list_is_searched_by_workflow_id(
    as_viewer: Client, flow: Flow, published_flow: Flow
) -> None:
    found = as_viewer.get(
        reverse("flow-list", args=[flow.account.sid]), {"q": str(published_flow.workflow_id)}
    )
    assert [row["flow"] for row in found.context["rows"]] == [published_flow]


def test_list_sorts_by_title(as_viewer: Client, flow: Flow, published_flow: Flow) -> None:
    found = as_viewer.get(reverse("flow-list", args=[flow.account.sid]), {"sort": "-title"})
    assert [row["flow"].title for row in found.context["rows"]] == [
        "Order update",
        "Delivery notice",
    ]


def test_list_asks_the_database_as_often_for_many_flows_as_for_one(
    account: Account,
    admin: User,
    as_viewer: Client,
    published_flow: Flow,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(12):
        made = cast.make_published_flow(account, by=admin, title=f"Flow {number}")
        cast.make_execution(made)
    with django_assert_max_num_queries(14):
        answer = as_viewer.get(reverse("flow-list", args=[account.sid]))
    assert {row["executions"] for row in answer.context["rows"]} == {0, 1}


def test_htmx_gets_the_list_alone(as_viewer: Client, flow: Flow) -> None:
    answer = as_viewer.get(
        reverse("flow-list", args=[flow.account.sid]), headers={"HX-Request": "true"}
    )
    assert b"<html" not in answer.content
    assert 'id="flows"' in answer.content.decode()
    assert "HX-Request" in answer["Vary"]


def test_empty_list_offers_a_sample_that_can_be_published(
    as_marketer: Client, account: Account, admin: User
) -> None:
    cast.make_definition(account)  # which makes senders and templates
    assert "Begin with a sample" in words(as_marketer.get(reverse("flow-list", args=[account.sid])))
    answer = as_marketer.post(reverse("flow-sample", args=[account.sid]), follow=True)
    assert answer.status_code == 200
    assert lifecycle.problems_of(Flow.objects.get()) == []


def test_row_warns_when_a_template_is_no_longer_approved(
    as_viewer: Client, published_flow: Flow
) -> None:
    Template.objects.filter(channel="whatsapp").update(status=AssetStatus.PAUSED)
    page = words(as_viewer.get(reverse("flow-list", args=[published_flow.account.sid])))
    assert "Step skipped" in page
    page = words(as_viewer.get(url("flow-detail", published_flow)))
    assert "is paused, so the step is skipped" in page


# --- Flow page -----------------------------------------------------------------------------------


def test_published_flow_shows_ready_calls_with_its_own_parameters(
    as_viewer: Client, published_flow: Flow, settings: Any
) -> None:
    settings.PUBLIC_BASE_URL = "https://fallback.example"
    answer = as_viewer.get(url("flow-detail", published_flow))
    sid, workflow_id = published_flow.account.sid, published_flow.workflow_id
    path = f"https://fallback.example/v1/{sid}/workflow/v1/instances/{workflow_id}/invoke"
    curl, python, javascript = (snippet.text for snippet in answer.context["snippets"])
    for text in (curl, python, javascript):
        assert path in text
        assert "FALLBACK_API_KEY" in text
        assert all(part in text for part in ("send1", "send2", '"3"'))
    assert "Call it" in words(answer)


def test_draft_has_no_call_yet(as_viewer: Client, flow: Flow) -> None:
    answer = as_viewer.get(url("flow-detail", flow))
    assert answer.context["snippets"] == []
    assert "it gets its Workflow ID with the first publication" in words(answer)


def test_page_shows_the_live_version_and_the_changes_in_words(
    as_viewer: Client, published_flow: Flow, admin: User
) -> None:
    rename(published_flow, "New name", admin)
    text = words(as_viewer.get(url("flow-detail", published_flow)))
    assert "Title changed from “Delivery notice” to “New name”." in text
    assert "Callers get version 1" in text


def test_flow_of_another_account_is_not_found(as_stranger: Client, flow: Flow) -> None:
    assert as_stranger.get(url("flow-detail", flow)).status_code == 404


# --- Verbs ---------------------------------------------------------------------------------------


def test_publish_creates_the_workflow_id(as_admin: Client, flow: Flow) -> None:
    answer = as_admin.post(url("flow-publish", flow), {"revision": 1, "note": "Go"}, follow=True)
    flow.refresh_from_db()
    assert flow.workflow_id is not None
    assert str(flow.workflow_id) in words(answer)
    assert flow.versions.get().note == "Go"


def test_publish_of_an_incomplete_flow_shows_every_problem_with_a_link(
    as_admin: Client, account: Account, admin: User
) -> None:
    cast.make_definition(account)
    flow = cast.make_flow(account, by=admin, title="Half", steps=())
    lifecycle.save_draft(
        flow, flow.definition.add_step().add_step(), by=admin, revision=flow.revision
    )
    answer = as_admin.post(url("flow-publish", flow), {"revision": flow.revision})
    assert answer.status_code == 422
    html = answer.content.decode()
    for number, name in ((1, "sender"), (1, "template"), (2, "sender"), (2, "template")):
        assert f'href="{url("flow-step", flow, number)}?check=1#id_{name}"' in html
    linked = as_admin.get(url("flow-step", flow, 2) + "?check=1")
    assert "Choose an SMS sender." in words(linked)


def test_publish_of_what_was_changed_meanwhile_asks_to_look_again(
    as_admin: Client, flow: Flow, marketer: User
) -> None:
    rename(Flow.objects.get(pk=flow.pk), "Changed under you", marketer)
    answer = as_admin.post(url("flow-publish", flow), {"revision": 1, "note": "Mine"})
    assert answer.status_code == 409
    assert "Mira changed this flow meanwhile." in words(answer)
    assert 'value="Mine"' in answer.content.decode()
    assert not flow.versions.exists()


def test_publish_of_texts_that_nobody_has_looked_at_asks_to_look_again(
    as_admin: Client, flow: Flow
) -> None:
    page = as_admin.get(url("flow-check", flow)).content.decode()
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]{32})"', page)
    typed = {"revision": flow.revision, "seen": seen, "note": "Mine"}
    template = Template.objects.get(account=flow.account, channel="sms")
    Template.objects.filter(pk=template.pk).update(body="Hi {#var#}, {#var#} is here.", version=2)
    answer = as_admin.post(url("flow-publish", flow), typed)
    assert answer.status_code == 409
    assert "A template or sender of this flow changed meanwhile." in words(answer)
    assert 'value="Mine"' in answer.content.decode()
    assert not flow.versions.exists()
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]{32})"', answer.content.decode())
    as_admin.post(url("flow-publish", flow), {**typed, "seen": seen})
    assert "is here" in flow.versions.get().pinned.steps[1].content.body


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 30, "\u0663", "\x00"])
def test_publish_with_an_unreadable_revision_publishes_nothing(
    as_admin: Client, flow: Flow, revision: str
) -> None:
    assert as_admin.post(url("flow-publish", flow), {"revision": revision}).status_code in {
        409,
        422,
    }
    assert not flow.versions.exists()


def test_marketer_asks_and_admins_see_it(as_marketer: Client, as_admin: Client, flow: Flow) -> None:
    check = words(as_marketer.get(url("flow-check", flow)))
    assert "Ask for publication" in check
    assert "Publish and create Workflow ID" not in check
    as_marketer.post(url("flow-request", flow), {"note": "For Diwali"})
    home = words(as_admin.get(reverse("account-home", args=[flow.account.sid])))
    assert "For Diwali" in home
    assert "asks for publication" in words(as_admin.get(url("flow-detail", flow)))


def test_marketer_may_not_publish(as_marketer: Client, flow: Flow) -> None:
    answer = as_marketer.post(url("flow-publish", flow), {"revision": 1})
    assert answer.status_code == 403
    assert not flow.versions.exists()


@pytest.mark.parametrize("name", ["flow-unpublish", "flow-delete"])
def test_dialog_says_how_many_executions_are_running(
    as_admin: Client, published_flow: Flow, name: str
) -> None:
    assert "No execution is running." in words(as_admin.get(url(name, published_flow)))
    cast.make_execution(published_flow, state="waiting")
    cast.make_execution(published_flow, state="waiting")
    text = words(as_admin.get(url(name, published_flow)))
    assert "2 executions are running and will finish." in text


def test_unpublish_and_publish_again(as_admin: Client, published_flow: Flow) -> None:
    text = words(as_admin.post(url("flow-unpublish", published_flow), follow=True))
    assert "cannot be called" in text
    again = as_admin.post(url("flow-publish", published_flow), {"revision": 1}, follow=True)
    assert "version 2" in words(again)


def test_delete_can_be_undone(as_admin: Client, flow: Flow) -> None:
    answer = as_admin.post(url("flow-delete", flow), follow=True)
    assert f'action="{url("flow-restore", flow)}"' in answer.content.decode()
    assert as_admin.get(url("flow-detail", flow)).status_code == 404
    assert "Order update" in words(
        as_admin.get(reverse("flow-deleted-list", args=[flow.account.sid]))
    )
    assert as_admin.post(url("flow-restore", flow), follow=True).status_code == 200
    assert as_admin.get(url("flow-detail", flow)).status_code == 200


def test_discard_brings_the_live_version_back(
    as_marketer: Client, published_flow: Flow, admin: User
) -> None:
    rename(published_flow, "New name", admin)
    assert as_marketer.get(url("flow-discard", published_flow)).status_code == 200
    as_marketer.post(url("flow-discard", published_flow))
    published_flow.refresh_from_db()
    assert not published_flow.has_changes


def test_duplicate_opens_the_copy(as_marketer: Client, flow: Flow) -> None:
    answer = as_marketer.post(url("flow-duplicate", flow), follow=True)
    assert "Order update (copy)" in answer.content.decode()


def test_history_tells_versions_in_words(
    as_admin: Client, published_flow: Flow, admin: User
) -> None:
    rename(published_flow, "New name", admin)
    lifecycle.publish(published_flow, by=admin, note="Renamed for the fair")
    text = words(as_admin.get(url("flow-history", published_flow)))
    assert "Renamed for the fair" in text
    assert "Title changed from “Delivery notice” to “New name”." in text
    page = as_admin.get(url("flow-version-restore", published_flow, 1))
    revision = page.context["form"].initial["revision"]
    as_admin.post(url("flow-version-restore", published_flow, 1), {"revision": revision})
    published_flow.refresh_from_db()
    assert published_flow.definition.title == "Delivery notice"
    assert as_admin.get(url("flow-version-restore", published_flow, 9)).status_code == 404


# --- Home and onboarding -------------------------------------------------------------------------


def test_home_lists_what_is_missing_until_all_is_there(as_admin: Client, account: Account) -> None:
    home = reverse("account-home", args=[account.sid])
    assert "Before you can create a flow" in words(as_admin.get(home))
    cast.make_definition(account)
    assert "Before you can create a flow" not in words(as_admin.get(home))


def _task_states(client: Client, account: Account) -> dict[str, str]:
    tasks = client.get(reverse("account-home", args=[account.sid])).context["onboarding"].tasks
    return {task.title: task.state for task in tasks}


def test_states_of_the_tasks_follow_the_rows(as_admin: Client, account: Account) -> None:
    Account.objects.update(
        kyc_status=KycStatus.IN_REVIEW, business_manager_id="", fallback_enabled_at=None
    )
    cast.make_sender(account, Channel.WHATSAPP, generation="V2")
    cast.make_sender(account, Channel.SMS, status=AssetStatus.PENDING)
    cast.make_template(account, Channel.SMS, status=AssetStatus.REJECTED)
    assert _task_states(as_admin, account) == {
        "Know your customer (KYC)": "in_review",
        "WhatsApp: Business Manager ID": "to_do",
        "WhatsApp: number": "blocked",
        "WhatsApp: template": "to_do",
        "SMS: Sender ID": "in_review",
        "SMS: template": "blocked",
        "Fallback for this account": "to_do",
    }
    Account.objects.update(
        kyc_status=KycStatus.APPROVED,
        business_manager_id="1",
        fallback_enabled_at=timezone.now(),
    )
    Sender.objects.update(generation="V1", status=AssetStatus.APPROVED)
    Template.objects.update(status=AssetStatus.APPROVED)
    cast.make_template(account, Channel.WHATSAPP)
    assert set(_task_states(as_admin, account).values()) == {"completed"}


def test_flow_cannot_be_created_before_onboarding_is_done(
    as_marketer: Client, account: Account
) -> None:
    new = reverse("flow-create", args=[account.sid])
    assert "a few things are missing" in words(as_marketer.get(new))
    assert as_marketer.post(new, {"title": "Early"}).status_code == 409
    as_marketer.post(reverse("flow-sample", args=[account.sid]))
    assert not Flow.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "tester", "marketer", "admin"])
def test_every_role_can_open_every_page_it_may(
    request: pytest.FixtureRequest, role: str, published_flow: Flow, flow: Flow
) -> None:
    client: Client = request.getfixturevalue(f"as_{role}")
    pages = ["flow-detail", "flow-history"]
    edit = ["flow-edit", "flow-steps", "flow-check", "flow-discard"]
    life = ["flow-unpublish", "flow-delete"]
    for name in [*pages, *edit, *life]:
        may = name in pages or (name in edit and role in {"marketer", "admin"}) or role == "admin"
        answer = client.get(url(name, published_flow))
        assert answer.status_code == (200 if may else 403), name


def test_home_says_that_a_callback_profile_was_switched_off(
    as_viewer: Client, account: Account
) -> None:
    profile = cast.make_callback_profile(account, title="Order system")
    home = reverse("account-home", args=[account.sid])
    assert "Order system" not in words(as_viewer.get(home))
    type(profile).objects.update(enabled=False, disabled_reason="The endpoint answered 410 Gone.")
    page = words(as_viewer.get(home))
    assert "no longer posted to “Order system”" in page
    assert "410 Gone" in page
