"""A newcomer, from signing up to the first simulated test of a flow built in a fresh account.

Nothing is prepared: no demo, no documentation, only what the pages say.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from flows.models import Account, Execution, Flow, Outcome
from tests.running import running_engine

from .hands import Keyboard, Mouse

TITLE = "Parcel is here"
PATIENCE_MS = 20_000


@pytest.fixture
def front_door(live_server: LiveServer, settings: Settings) -> Iterator[str]:
    """A fresh installation with the engine running."""
    settings.PUBLIC_BASE_URL = settings.TEST_SEND_BASE_URL = live_server.url
    with running_engine():
        yield live_server.url


def sign_up(hands: Mouse, front_door: str) -> None:
    hands.page.goto(front_door)
    hands.follow("Create an account")
    hands.write("Your name", "Noor Haddad")
    hands.write("Work email", "noor@blossom.example")
    hands.write("Password", "correct horse battery staple")
    hands.write("Company", "Blossom Flowers")
    hands.press("Create account")
    expect(hands.page.get_by_role("heading", level=1)).to_contain_text("Blossom Flowers")


def build(hands: Mouse) -> None:
    hands.write("Title", TITLE)
    hands.press("Save and continue")
    for number in (1, 2):
        expect(hands.page.get_by_role("heading", level=1)).to_contain_text(f"Step {number}")
        hands.choose_first("From")
        hands.choose_first("Template")
        hands.press("Save and continue")
    expect(hands.page.get_by_role("heading", name="Check answers")).to_be_visible()
    hands.press("Publish and create Workflow ID")
    expect(hands.page.get_by_role("main")).to_contain_text("is published")


def send_test(hands: Mouse) -> None:
    hands.follow("Test")
    hands.choose("What happens on WhatsApp", "Refused at once: not on this channel (…0003)")
    hands.press("Send the test")
    expect(hands.page.get_by_role("heading", name=f"Test of {TITLE}")).to_be_visible()


def check_what_happened() -> None:
    account = Account.objects.get(name="Blossom Flowers")
    flow = Flow.objects.get(account=account, title=TITLE)
    execution = Execution.objects.get(flow=flow)
    assert (execution.outcome, execution.outcome_step) == (Outcome.DELIVERED, 1)
    assert execution.is_test_send


@pytest.mark.parametrize("kind", [Mouse, Keyboard], ids=["mouse", "keyboard"])
def test_a_newcomer_signs_up_and_tests_a_first_flow(
    page: Page, front_door: str, kind: type[Mouse]
) -> None:
    hands = kind(page)
    sign_up(hands, front_door)
    expect(page.get_by_role("main")).to_contain_text("Before you can create a flow")
    hands.press("Fill everything in with samples")
    expect(page.get_by_role("main")).to_contain_text("first flow", timeout=PATIENCE_MS)
    hands.follow("New flow")
    build(hands)
    send_test(hands)
    main = page.get_by_role("main")
    expect(main).to_contain_text("Ended: Delivered by SMS", timeout=PATIENCE_MS)
    check_what_happened()


def test_the_same_without_javascript(bare_page: Page, front_door: str) -> None:
    hands = Mouse(bare_page)
    sign_up(hands, front_door)
    hands.press("Fill everything in with samples")
    for _ in range(60):
        if not bare_page.get_by_role("link", name="Look again").count():
            break
        bare_page.wait_for_timeout(250)
        hands.follow("Look again")
    hands.follow("New flow")
    build(hands)
    send_test(hands)
    for _ in range(60):
        if bare_page.get_by_text("Ended: Delivered by SMS").count():
            break
        bare_page.wait_for_timeout(250)
        hands.follow("Refresh")
    check_what_happened()
