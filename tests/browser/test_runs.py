"""Watching runs in a real browser: live lines, news, filters without a reload, the tab."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from flows.models import Execution, Role
from tests import cast

from .hands import Mouse
from .house import House


@pytest.fixture
def watcher(page: Page, house: House) -> Page:
    house.enter(page.context, Role.TESTER)
    return page


def send_test(page: Page, house: House, *, outcome: str, pace: str) -> None:
    page.goto(house.at(f"flows/{house.flows['Order update'].public_id}/test/"))
    hands = Mouse(page)
    hands.choose("Pace of a simulated test", pace)
    hands.choose("What happens on WhatsApp", outcome)
    hands.press("Send the test")


def test_lines_are_added_below_what_is_open_and_the_tab_follows(
    watcher: Page, house: House, faults: Callable[[Page], list[str]]
) -> None:
    send_test(watcher, house, outcome="Accepted, then silence (…0005)", pace="10 times faster")
    expect(watcher.locator("#run-now")).to_contain_text("without one, SMS takes over in")
    expect(watcher).to_have_title("Waiting · Test of Order update · Fallback")
    assert faults(watcher) == []
    watcher.get_by_text("Request, word for word").first.click()
    lines = watcher.locator("#run-lines > li")
    before = lines.count()

    expect(watcher.locator("#run-lines")).to_contain_text("Ended: Delivered by SMS", timeout=15_000)
    assert lines.count() > before
    assert watcher.locator("#run-lines details[open]").count() == 1, "what was open stays open"
    expect(watcher).to_have_title("Delivered by SMS, step 2 · Test of Order update · Fallback")
    expect(watcher.locator("link[rel=icon]")).to_have_attribute(
        "href", "/static/img/favicon-ok.svg"
    )
    expect(watcher.locator("#run-result")).to_contain_text('"statusCode": "TIMEOUT"')
    assert faults(watcher) == []


def test_an_ended_run_asks_no_more(watcher: Page, house: House) -> None:
    send_test(watcher, house, outcome="Delivered (…0001)", pace="60 times faster")
    expect(watcher.locator("#run-lines")).to_contain_text("Ended:")
    expect(watcher.locator("#run-poller[hx-get]")).to_have_count(0)
    asked: list[str] = []
    watcher.on("request", lambda request: asked.append(request.url))
    watcher.wait_for_timeout(2500)
    assert asked == []


def test_the_list_filters_in_place_and_leaves_a_clean_url(
    watcher: Page, house: House, faults: Callable[[Page], list[str]]
) -> None:
    flow = house.flows["Order update"]
    wanted = cast.make_execution(flow, outcome="not_delivered", outcome_channel="")
    other = cast.make_execution(flow)
    watcher.goto(house.at("executions/"))
    expect(watcher.get_by_text(other.public_id)).to_be_visible()
    watcher.evaluate("document.body.dataset.here = 'still'")
    Mouse(watcher).choose("Outcome", "Not delivered")
    expect(watcher.get_by_text(other.public_id)).to_have_count(0)
    expect(watcher.get_by_text(wanted.public_id)).to_be_visible()
    expect(watcher).to_have_url(house.at("executions/?outcome=not_delivered"))
    assert watcher.evaluate("document.body.dataset.here") == "still", "no reload"
    assert faults(watcher) == []

    watcher.get_by_role("link", name="Remove the filter Outcome: Not delivered").click()
    expect(watcher).to_have_url(house.at("executions/"))
    expect(watcher.get_by_text(other.public_id)).to_be_visible()


def test_new_executions_are_announced_and_shown_when_asked_for(watcher: Page, house: House) -> None:
    flow = house.flows["Order update"]
    cast.make_execution(flow)
    watcher.goto(house.at("executions/"))
    rows = watcher.locator("tbody tr")
    expect(rows).to_have_count(1)
    fresh = [cast.make_execution(flow), cast.make_execution(flow)]
    expect(watcher.get_by_role("link", name="2 new, show")).to_be_visible(timeout=9000)
    expect(rows).to_have_count(1)
    watcher.get_by_role("link", name="2 new, show").click()
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text(fresh[1].public_id)


def test_cancelling_asks_in_a_dialog_and_stops_the_chain(page: Page, house: House) -> None:
    house.enter(page.context, Role.ADMIN)
    send_test(page, house, outcome="Accepted, then silence (…0005)", pace="Real time")
    execution = Execution.objects.get()
    page.goto(house.at(f"executions/{execution.public_id}/"))
    Mouse(page).follow("Cancel execution")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("No further channel is tried")
    dialog.get_by_role("button", name="Cancel the execution").click()
    expect(page.locator("#run-lines")).to_contain_text("Ended: Cancelled")
    assert "SMS message handed" not in page.locator("#run-lines").inner_text()


def test_a_real_test_is_confirmed_on_a_phone(
    phone: Page, house: House, faults: Callable[[Page], list[str]]
) -> None:
    house.enter(phone.context, Role.TESTER)
    phone.goto(house.at(f"flows/{house.flows['Order update'].public_id}/test/"))
    Mouse(phone).pick("Real")
    expect(phone.get_by_label("Pace of a simulated test")).to_be_hidden()
    assert faults(phone) == []
    Mouse(phone).press("Send the test")
    expect(phone.get_by_role("heading", name="Send for real?")).to_be_visible()
    assert faults(phone) == []
    Mouse(phone).press("Back to the form")
    expect(phone.get_by_role("radio", name="Real")).to_be_checked()
    assert not Execution.objects.exists()


def test_nobody_asks_while_the_tab_is_hidden(watcher: Page, house: House) -> None:
    send_test(watcher, house, outcome="Accepted, then silence (…0005)", pace="Real time")
    expect(watcher.locator("#run-now")).to_contain_text("SMS takes over")
    hide = "value => Object.defineProperty(document, 'hidden', {configurable: true, value})"
    watcher.evaluate(hide, True)
    watcher.wait_for_timeout(1200)
    asked: list[str] = []
    watcher.on("request", lambda request: asked.append(request.url))
    watcher.wait_for_timeout(3000)
    assert asked == []
    watcher.evaluate(hide, False)
    with watcher.expect_request("**/timeline/*"):
        watcher.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
