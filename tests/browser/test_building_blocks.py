"""The building blocks in a real browser: sound, acting as docs/interface.md says, also bare."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

Faults = Callable[[Page], list[str]]
BOTH_THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


@pytest.fixture
def blocks(settings: Any, live_server: LiveServer) -> str:
    """Address of the page that has every block."""
    settings.ROOT_URLCONF = "tests.browser.building_blocks.urls"
    return str(live_server.url)


@pytest.fixture
def phone(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    screen = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**{**browser_context_args, **screen})
    yield context.new_page()
    context.close()


@BOTH_THEMES
@pytest.mark.parametrize("path", ["/?flash=1", "/confirm/", "/sign-in/"])
def test_pages_are_accessible(
    page: Page, blocks: str, faults: Faults, path: str, theme: str
) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto(blocks + path)
    assert faults(page) == []


@BOTH_THEMES
def test_a_phone_shows_everything_inside_its_width(
    phone: Page, blocks: str, faults: Faults, theme: str
) -> None:
    phone.emulate_media(color_scheme=theme)
    phone.goto(blocks)
    assert faults(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


def test_things_to_press_are_44_pixels_high_on_a_phone(phone: Page, blocks: str) -> None:
    phone.goto(blocks + "/?flash=1")
    low = phone.evaluate("""() =>
      [...document.querySelectorAll("button, .btn, select, summary, .chip, .fresh, .facts a")]
      .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 42)
      .map((element) => element.outerHTML.slice(0, 90))""")
    assert low == []


def test_the_preview_is_a_sheet_on_a_phone(phone: Page, blocks: str, faults: Faults) -> None:
    phone.goto(blocks)
    expect(phone.locator("#preview")).to_be_hidden()
    phone.get_by_role("button", name="Preview", exact=True).click()
    expect(phone.locator("#preview")).to_be_visible()
    assert faults(phone) == []
    phone.get_by_role("button", name="Close preview").click()
    expect(phone.locator("#preview")).to_be_hidden()


def test_the_navigation_opens_on_a_phone(phone: Page, blocks: str) -> None:
    phone.goto(blocks)
    expect(phone.get_by_role("link", name="Executions", exact=True)).to_be_hidden()
    phone.get_by_role("button", name="Menu", exact=True).click()
    expect(phone.get_by_role("link", name="Executions", exact=True)).to_be_visible()


def test_copy_says_so_in_words_and_copies(page: Page, blocks: str) -> None:
    page.goto(blocks)
    page.evaluate("""() => {
      navigator.clipboard.writeText = () => Promise.reject();  // as on http
      document.execCommand = () => { window.copied = String(getSelection()); return true; };
    }""")
    page.get_by_role("button", name="Copy Workflow ID").first.click()
    expect(page.get_by_text("Copied", exact=True).first).to_be_visible()
    assert page.evaluate("window.copied") == "0f6b2f4e-7a51-4b0e-9d5c-2a9b8f0c1d2e"


def test_the_theme_changes_at_once_and_is_kept(page: Page, blocks: str) -> None:
    page.goto(blocks)
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Theme: dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Theme: dark")).to_have_attribute("aria-pressed", "true")


def test_a_confirm_page_opens_as_a_dialog_and_gives_the_focus_back(
    page: Page, blocks: str, faults: Faults
) -> None:
    page.goto(blocks)
    page.get_by_role("link", name="Delete…").first.click()
    dialog = page.get_by_role("dialog", name="Delete “Order update”?")
    expect(dialog).to_be_visible()
    assert faults(page) == []
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Delete…").first).to_be_focused()
    assert page.url == blocks + "/"


def test_a_click_beside_the_dialog_closes_it(page: Page, blocks: str) -> None:
    page.goto(blocks)
    page.get_by_role("link", name="Delete…").first.click()
    expect(page.locator("dialog")).to_be_visible()
    page.mouse.click(5, 5)
    expect(page.locator("dialog")).to_be_hidden()


def test_errors_take_the_focus_and_lead_to_their_fields(page: Page, blocks: str) -> None:
    page.goto(blocks)
    page.get_by_role("button", name="Save and continue").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert page.title().startswith("Error: ")
    page.get_by_role("link", name="Choose a WhatsApp sender").click()
    expect(page.get_by_label("WhatsApp sender")).to_be_focused()
    expect(page.get_by_label("Title", exact=True)).to_have_accessible_description(
        re.compile("Enter a title")
    )


def test_tabs_show_one_panel_and_move_with_the_arrows(page: Page, blocks: str) -> None:
    page.goto(blocks)
    tabs = page.get_by_role("tablist", name="Language")
    expect(page.get_by_role("tabpanel", name="Python")).to_be_hidden()
    tabs.get_by_role("tab", name="curl").press("ArrowRight")
    expect(tabs.get_by_role("tab", name="Python")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Python")).to_be_visible()
    page.reload()
    expect(page.get_by_role("tabpanel", name="Python")).to_be_visible()


def test_keys_search_go_and_can_be_switched_off(page: Page, blocks: str) -> None:
    page.goto(blocks)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("searchbox").blur()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_text("Executions")).to_be_visible()
    dialog.get_by_label("Single-key shortcuts are on").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).not_to_be_focused()


def test_two_keys_lead_to_a_page(page: Page, blocks: str) -> None:
    page.goto(blocks)
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/executions/")


def test_control_enter_presses_the_primary_button(page: Page, blocks: str) -> None:
    page.goto(blocks)
    page.get_by_label("Title", exact=True).press("Control+Enter")
    expect(page.locator("#error-summary")).to_be_visible()


def test_a_preset_fills_in_number_and_unit(page: Page, blocks: str) -> None:
    page.goto(blocks)
    page.get_by_role("button", name="30 s").click()
    expect(page.get_by_label("Wait", exact=True)).to_have_value("30")
    expect(page.get_by_label("Unit")).to_have_value("s")
    expect(page.get_by_role("button", name="30 s")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="2 min")).to_have_attribute("aria-pressed", "false")


def test_times_are_relative_and_change_between_local_and_utc(page: Page, blocks: str) -> None:
    page.goto(blocks)
    expect(page.get_by_text("3 minutes ago").first).to_be_visible()
    clock = page.locator("time[data-time='clock']").first
    local = clock.text_content()
    page.get_by_role("button", name="Your menu: Asha Rao").click()
    page.get_by_role("button", name="Show times in UTC").click()
    expect(clock).not_to_have_text(str(local))
    expect(page.get_by_role("button", name="Show times in local time")).to_be_visible()


def test_a_countdown_counts_down(page: Page, blocks: str) -> None:
    page.clock.install()
    page.goto(blocks)
    countdown = page.locator("time[data-time='countdown']")
    expect(countdown).to_have_text(re.compile("in 1 min"))
    page.clock.run_for(60_000)
    expect(countdown).to_have_text(re.compile(r"in 1\d s"))


def test_leaving_asks_only_while_something_is_not_saved(page: Page, blocks: str) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(blocks)
    page.reload()
    assert asked == []
    page.get_by_label("Title", exact=True).fill("Order")
    page.reload()
    assert asked == ["beforeunload"]


def test_a_draft_that_was_saved_does_not_ask(page: Page, blocks: str) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(blocks)
    page.get_by_label("Title", exact=True).fill("Order")
    expect(page.locator("[data-autosave]")).to_contain_text("now")
    page.reload()
    assert asked == []


def test_a_request_that_fails_is_said(context: BrowserContext, blocks: str) -> None:
    page = context.new_page()  # not the fixture: the console says it too
    page.goto(blocks)
    page.route("**/autosave/", lambda route: route.abort())
    page.get_by_label("Title", exact=True).fill("Order")
    expect(page.get_by_text("No connection. Your work is still here; try again.")).to_be_visible()
    expect(page.get_by_text("Not saved.")).to_be_visible()


def test_the_focus_stays_where_it_was_after_a_swap(page: Page, blocks: str) -> None:
    page.goto(blocks)
    page.get_by_role("button", name="Swap me").click()
    expect(page.get_by_text("Swapped")).to_be_visible()
    expect(page.locator("#swap")).to_be_focused()


def test_the_tab_follows_a_run(page: Page, blocks: str) -> None:
    page.goto(blocks)
    expect(page).to_have_title("Waiting · Blocks · Fallback")
    icon = page.locator("link[rel='icon']")
    expect(icon).to_have_attribute("href", re.compile("favicon-running"))


def test_everything_is_there_without_javascript(
    browser: Browser, blocks: str, browser_context_args: dict[str, Any]
) -> None:
    context = browser.new_context(**{**browser_context_args, "java_script_enabled": False})
    page = context.new_page()
    page.goto(blocks)
    for panel in ("curl", "Python", "JavaScript"):
        expect(page.get_by_role("heading", name=panel, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Copy Workflow ID")).to_have_count(0)
    page.get_by_role("button", name="Actions for Order update a").click()
    expect(page.get_by_role("link", name="Delete…").nth(1)).to_be_visible()
    page.get_by_role("link", name="Delete…").nth(1).click()
    expect(page.get_by_role("heading", name="Delete “Order update”?")).to_be_visible()
    page.get_by_role("button", name="Theme: dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    context.close()


def test_a_page_weighs_little(page: Page, blocks: str) -> None:
    """Everything but htmx is ours: uncompressed, so that the test needs no built copy."""
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.update({response.url: len(response.body())}))
    page.goto(blocks, wait_until="networkidle")
    own = {url: size for url, size in sizes.items() if "/css/" in url or "/js/" in url}
    assert len(own) > 15
    assert sum(own.values()) < 90_000
    assert max(size for url, size in sizes.items() if ".woff2" in url) < 45_000
