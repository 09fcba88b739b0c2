"""What JavaScript adds to the template editor, and that it is not needed; nothing typed is lost."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from flows.models import Role, Template, templates
from tests import cast
from tests.browser.conftest import OUTSIDE
from tests.browser.hands import Keyboard
from tests.browser.house import House
from tests.models.test_templates import FIRST, SECOND, edit
from tests.running import running_engine

pytestmark = pytest.mark.django_db(transaction=True)
BODY = "Hello {{1}}, your parcel is here."


@pytest.fixture
def home(live_server: LiveServer, settings: Settings) -> House:
    """A ready account in the Sandbox."""
    settings.PUBLIC_BASE_URL = live_server.url
    account = cast.make_account()
    people = {role: cast.make_person(account, role) for role in Role}
    cast.make_definition(account)
    return House(live_server.url, account, cast.make_bare_account(), people, {})


@pytest.fixture
def draft(home: House) -> Template:
    return templates.create(home.account, FIRST, {}, by=home.people[Role.MARKETER])


def open_new(page: Page, home: House, channel: str = "whatsapp") -> None:
    home.enter(page.context, Role.MARKETER)
    page.goto(home.at(f"templates/new/?channel={channel}"))


def test_message_is_written_and_watched_by_keyboard_alone(page: Page, home: House) -> None:
    open_new(page, home)
    hands = Keyboard(page)
    hands.write("Name", "parcel_here")
    hands.write("Message text", BODY)
    phone = page.get_by_role("group", name="WhatsApp preview")
    expect(phone).to_contain_text("Hello {{1}}, your parcel is here.")
    expect(page.get_by_text("Add a sample for {{1}} to see the final message.")).to_be_visible()
    hands.write("{{1}}", "Ben & Co")
    expect(phone).to_contain_text("Hello Ben & Co, your parcel is here.")
    hands.press("Save as draft")
    expect(page.get_by_text("The draft of “parcel_here” is saved.")).to_be_visible()
    assert Template.objects.get(name="parcel_here").samples == {"1": "Ben & Co"}


def test_toolbar_and_buttons_help_at_the_cursor(page: Page, home: House) -> None:
    open_new(page, home)
    text = page.get_by_label("Message text")
    text.fill("Hello , your parcel is here.")
    text.evaluate("field => field.setSelectionRange(6, 6)")
    page.get_by_role("button", name="Variable").click()
    expect(text).to_have_value(BODY)
    text.evaluate("field => field.setSelectionRange(20, 26)")
    page.get_by_role("button", name="Bold").click()
    expect(text).to_have_value("Hello {{1}}, your pa*rcel i*s here.")
    expect(page.locator("#id_body_count")).to_have_text("35 of 1,024")
    page.get_by_role("button", name="Link").click()
    words = page.get_by_label("Words on the button")
    expect(words).to_be_focused()
    words.fill("Track")
    phone = page.get_by_role("group", name="WhatsApp preview")
    expect(phone.get_by_role("listitem")).to_have_text("Track")
    page.get_by_role("button", name="Remove button 1").click()
    expect(words).to_have_count(0)
    expect(phone.get_by_role("listitem")).to_have_count(0)
    expect(text).to_have_value("Hello {{1}}, your pa*rcel i*s here.")


def test_kind_and_header_show_their_own_fields(page: Page, home: House) -> None:
    open_new(page, home)
    expect(page.get_by_label("Header text")).to_be_hidden()
    page.get_by_role("radio", name="Text", exact=True).check()
    expect(page.get_by_label("Header text")).to_be_visible()
    page.get_by_role("radio", name="Image").check()
    expect(page.get_by_text("Each flow says where the file is")).to_be_visible()
    page.get_by_role("radio", name="Authentication").check()
    expect(page.get_by_role("radio", name="Image")).to_be_hidden()
    expect(page.get_by_role("heading", name="Buttons")).to_be_hidden()


def test_sample_survives_a_variable_that_is_broken_for_a_moment(page: Page, home: House) -> None:
    open_new(page, home)
    page.get_by_label("Message text").fill(BODY)
    page.get_by_label("{{1}}").fill("Ben")
    page.get_by_label("Message text").fill("Hello {{1}, your parcel is here.")
    expect(page.get_by_text("looks like a broken variable")).to_be_visible()
    expect(page.get_by_label("{{1}}")).to_have_count(0)
    page.get_by_label("Message text").fill(BODY)
    expect(page.get_by_label("{{1}}")).to_have_value("Ben")


def test_leaving_asks_only_while_something_is_not_saved(page: Page, home: House) -> None:
    open_new(page, home)
    page.get_by_label("Message text").fill(BODY)
    asked: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", on_dialog)
    page.get_by_role("main").get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", name="Templates")).to_be_visible()
    assert asked == ["beforeunload"]


def test_wrong_text_is_told_at_once_and_stays(page: Page, home: House) -> None:
    open_new(page, home)
    page.get_by_label("Message text").fill("{{1}}")
    page.get_by_role("button", name="Hand in for approval").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_label("Message text")).to_have_value("{{1}}")
    summary.get_by_role("link", name="Enter a name.").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()


def test_page_follows_the_sandboxes_answer_by_itself(page: Page, home: House) -> None:
    open_new(page, home)
    page.get_by_label("Name", exact=True).fill("parcel_here")
    page.get_by_label("Message text").fill(BODY)
    with running_engine():
        page.get_by_role("button", name="Hand in for approval").click()
        expect(page.get_by_text("The Sandbox is checking version 1")).to_be_visible()
        expect(page.get_by_text("Version 1 is in force")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-poll]")).to_have_count(0)


def test_both_texts_are_shown_when_somebody_was_faster(
    page: Page, home: House, draft: Template
) -> None:
    home.enter(page.context, Role.MARKETER)
    page.goto(home.at(f"templates/{draft.public_id}/edit/"))
    edit(draft, SECOND, by=home.people[Role.ADMIN])
    page.get_by_label("Message text").fill("Hello {{1}}, this is mine.")
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("Admin changed this template meanwhile.")).to_be_visible()
    expect(page.get_by_text("Hello {{1}}, this is mine.", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_text("The draft of “parcel” is saved.")).to_be_visible()


def test_editor_works_without_javascript(bare_page: Page, home: House) -> None:
    open_new(bare_page, home)
    bare_page.get_by_label("Name", exact=True).fill("parcel_here")
    bare_page.get_by_label("Message text").fill("Hello")
    bare_page.get_by_role("button", name="Variable").click()
    expect(bare_page.get_by_label("Message text")).to_have_value("Hello {{1}}")
    bare_page.get_by_role("button", name="Quick reply").click()
    bare_page.get_by_label("Words on the button").fill("Call me")
    bare_page.get_by_label("Message text").fill(BODY)
    bare_page.get_by_role("button", name="Update preview").click()
    phone = bare_page.get_by_role("group", name="WhatsApp preview")
    expect(phone).to_contain_text("Call me")
    bare_page.get_by_role("radio", name="Text", exact=True).check()
    bare_page.get_by_label("Header text").fill("News")
    bare_page.get_by_role("button", name="Hand in for approval").click()
    expect(bare_page.get_by_text("The Sandbox is checking version 1")).to_be_visible()
    expect(bare_page.get_by_role("link", name="Look again")).to_be_visible()
    content = Template.objects.get(name="parcel_here").content
    assert (content.header_text, content.buttons[0].text) == ("News", "Call me")


def test_preview_is_a_sheet_on_phones_and_nothing_sticks_out(phone: Page, home: House) -> None:
    open_new(phone, home)
    phone.get_by_label("Message text").fill(BODY)
    phone.get_by_role("button", name="Preview", exact=True).tap()
    expect(phone.get_by_role("heading", name="Preview")).to_be_visible()
    expect(phone.get_by_role("group", name="WhatsApp preview")).to_contain_text("your parcel")
    phone.get_by_role("button", name="Close preview").tap()
    assert phone.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_have_no_fault(page: Page, home: House, draft: Template, faults, theme: str) -> None:  # type: ignore[no-untyped-def]
    home.enter(page.context, Role.MARKETER)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": home.url}])
    edit(draft, SECOND, by=home.people[Role.MARKETER])
    for path in ("", "new/", f"{draft.public_id}/", f"{draft.public_id}/edit/?check=1"):
        page.goto(home.at(f"templates/{path}"))
        assert faults(page) == [], path
    page.goto(home.at("templates/new/?channel=sms"))
    page.get_by_label("Message text").fill("Hi {#var#} — ok")
    expect(page.get_by_text("UCS-2", exact=True)).to_be_visible()
    assert faults(page) == []
