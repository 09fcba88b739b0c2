"""What JavaScript adds to the wizard, the list and the flow page."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from flows.definition import Definition
from flows.models import Flow, Role, lifecycle
from tests import cast
from tests.browser.house import House

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(live_server: LiveServer, settings: Settings) -> House:
    """A ready account with its people; no engine is needed here."""
    settings.PUBLIC_BASE_URL = live_server.url
    account = cast.make_account()
    people = {role: cast.make_person(account, role) for role in Role}
    cast.make_definition(account)
    return House(live_server.url, account, cast.make_bare_account(), people, {})


@pytest.fixture
def draft(home: House) -> Flow:
    definition = Definition(title="Parcel").add_step().add_step()
    return lifecycle.create(home.account, definition, by=home.people[Role.MARKETER])


def open_step(page: Page, home: House, flow: Flow, number: int = 1, *, role: Role) -> None:
    home.enter(page.context, role)
    page.goto(home.at(f"flows/{flow.public_id}/edit/steps/{number}/"))


def fill_in(page: Page) -> None:
    page.get_by_label("From", exact=True).select_option(index=1)
    page.get_by_label("Template", exact=True).select_option(index=1)


def test_choices_follow_the_channel_and_the_focus_stays(
    page: Page, home: House, draft: Flow
) -> None:
    open_step(page, home, draft, role=Role.MARKETER)
    page.get_by_label("Wait", exact=True).fill("77")
    page.get_by_role("radio", name="SMS").check()
    expect(page.get_by_label("Template", exact=True)).to_contain_text("Choose an SMS template")
    expect(page.get_by_role("radio", name="SMS")).to_be_focused()
    expect(page.get_by_label("Wait", exact=True)).to_have_value("77")
    expect(page.get_by_role("radio", name="Read")).to_have_count(0)


def test_what_is_chosen_while_the_fields_are_drawn_anew_stays(
    page: Page, home: House, draft: Flow
) -> None:
    open_step(page, home, draft, role=Role.MARKETER)
    held: list[Route] = []
    page.route(re.compile(r"/edit/steps/1/$"), lambda route: held.append(route))
    with page.expect_request(re.compile(r"/edit/steps/1/$")):
        page.get_by_label("Template", exact=True).select_option(index=1)
    page.get_by_label("From", exact=True).select_option(index=1)
    chosen = page.get_by_label("From", exact=True).input_value()
    page.wait_for_timeout(50)
    held[0].continue_()
    expect(page.get_by_label("{{1}}")).to_be_visible()
    expect(page.get_by_label("From", exact=True)).to_have_value(chosen)


def test_focus_follows_a_step_that_is_moved(page: Page, home: House, draft: Flow) -> None:
    home.enter(page.context, Role.MARKETER)
    page.goto(home.at(f"flows/{draft.public_id}/edit/steps/"))
    page.get_by_role("button", name="Move step 1 down").click()
    expect(page.get_by_text("Step 1 was moved down.")).to_be_visible()
    expect(page.locator("#step-2")).to_be_focused()


def test_preview_follows_what_is_typed(page: Page, home: House, draft: Flow) -> None:
    open_step(page, home, draft, role=Role.MARKETER)
    fill_in(page)
    page.get_by_label("{{1}}").fill("Ben & Co")
    phone = page.get_by_role("group", name="WhatsApp preview")
    expect(phone).to_contain_text("Hi Ben & Co, your order")
    page.get_by_label("{{3}}").fill("")
    expect(page.get_by_text("Add a sample for {{3}} to see the final message.")).to_be_visible()


def test_draft_is_saved_while_it_is_typed_and_the_button_is_no_conflict(
    page: Page, home: House, draft: Flow
) -> None:
    open_step(page, home, draft, role=Role.MARKETER)
    fill_in(page)
    expect(page.locator("#id_revision")).to_have_value("2")
    expect(page.get_by_text(re.compile(r"Draft saved at \d\d:\d\d:\d\d"))).to_be_visible()
    page.get_by_role("button", name="2 min").click()
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Step 2 of 2")).to_be_visible()
    draft.refresh_from_db()
    assert draft.definition.steps[0].wait_s == 120


def test_button_waits_for_the_autosave_that_is_under_way(
    page: Page, home: House, draft: Flow
) -> None:
    open_step(page, home, draft, role=Role.MARKETER)
    fill_in(page)
    expect(page.locator("#id_revision")).to_have_value("2")
    page.get_by_label("Wait", exact=True).fill("50")
    with page.expect_request("**/*autosave=1"):
        pass
    page.get_by_label("Wait", exact=True).fill("7")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Step 2 of 2")).to_be_visible()


def test_other_persons_save_is_told_and_both_versions_are_shown(
    page: Page, context: BrowserContext, home: House, draft: Flow
) -> None:
    open_step(page, home, draft, role=Role.MARKETER)
    fill_in(page)
    expect(page.locator("#id_revision")).to_have_value("2")
    draft.refresh_from_db()
    theirs = draft.definition.remove_step(1).add_step()
    changed = theirs.with_step(0, cast.make_step(home.account, theirs.steps[0].channel, wait_s=45))
    lifecycle.save_draft(draft, changed, by=home.people[Role.ADMIN], revision=2)
    page.get_by_label("Wait", exact=True).fill("3")
    expect(page.get_by_text("Not saved yet. Admin changed this flow meanwhile.")).to_be_visible()


def test_filters_of_the_list_live_in_the_url(page: Page, home: House, draft: Flow) -> None:
    cast.make_published_flow(home.account, by=home.people[Role.ADMIN], title="Delivery notice")
    home.enter(page.context, Role.VIEWER)
    page.goto(home.at("flows/"))
    page.keyboard.press("/")
    page.keyboard.type("Parc")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(home.at("flows/?q=Parc"))
    expect(page.get_by_label("Title or Workflow ID")).to_be_focused()
    page.get_by_label("Title or Workflow ID").fill("")
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_label("Status").select_option(label="Published")
    expect(page).to_have_url(home.at("flows/?status=published"))
    page.go_back()
    expect(page.get_by_role("row")).to_have_count(3)


def test_delete_asks_in_a_dialog_and_can_be_undone(page: Page, home: House, draft: Flow) -> None:
    home.enter(page.context, Role.ADMIN)
    page.goto(home.at("flows/"))
    page.get_by_role("button", name="Actions for Parcel").click()
    page.get_by_role("link", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("No execution is running.")
    dialog.get_by_role("button", name="Delete flow").click()
    expect(page.get_by_text("“Parcel” was deleted.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Parcel", exact=True)).to_be_visible()
