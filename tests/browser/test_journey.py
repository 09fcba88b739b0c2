"""The main journey, end to end: build a flow, publish it, test it, watch it fall back."""

import pytest
from playwright.sync_api import Page, expect

from flows.models import Execution, Flow, Outcome, Role

from .hands import Keyboard, Mouse
from .house import PASSWORD, House

TITLE = "Parcel arrived"
WHATSAPP_TEMPLATE = "order_update · Utility · en"
SMS_TEMPLATE = "Order update · Transactional"


def sign_in(hands: Mouse, house: House, role: Role) -> None:
    hands.page.context.clear_cookies()
    hands.page.goto(house.url)
    hands.write("Email", house.email(role))
    hands.write("Password", PASSWORD)
    hands.press("Sign in")
    expect(hands.page.get_by_role("heading", level=1)).to_contain_text("Acme Retail")


def build(hands: Mouse, house: House) -> None:
    """The marketer: basic information, one page a step, check answers, ask for publication."""
    sign_in(hands, house, Role.MARKETER)
    hands.page.goto(house.at("flows/"))
    hands.follow("New flow")
    hands.write("Title", TITLE)
    hands.choose("Callback profile (optional)", "Order system")
    hands.press("Save and continue")
    fill_step(hands, number=1, sender="Acme Retail · +918047182200", template=WHATSAPP_TEMPLATE)
    fill_step(hands, number=2, sender="ACMERT", template=SMS_TEMPLATE)
    expect(hands.page.get_by_role("heading", name="Check answers")).to_be_visible()
    hands.press("Ask for publication")
    expect(hands.page.get_by_role("main")).to_contain_text("asks for publication")


def fill_step(hands: Mouse, *, number: int, sender: str, template: str) -> None:
    expect(hands.page.get_by_role("heading", level=1)).to_contain_text(f"Step {number}")
    hands.choose("From", sender)
    hands.choose("Template", template)
    hands.press("Save and continue")


def publish(hands: Mouse, house: House) -> Flow:
    """The admin: finds the request, checks, publishes; the Workflow ID is there."""
    sign_in(hands, house, Role.ADMIN)
    hands.page.goto(house.at("flows/"))
    hands.follow(TITLE)
    hands.follow("Check and publish")
    hands.press("Publish and create Workflow ID")
    expect(hands.page.get_by_role("main")).to_contain_text("api-key: $FALLBACK_API_KEY")
    flow = Flow.objects.get(title=TITLE)
    expect(hands.page.get_by_role("main")).to_contain_text(str(flow.workflow_id))
    return flow


def send_test(hands: Mouse, house: House, flow: Flow) -> None:
    """The tester: WhatsApp stays silent, SMS is delivered."""
    sign_in(hands, house, Role.TESTER)
    hands.page.goto(house.at(f"flows/{flow.public_id}/"))
    hands.follow("Test")
    hands.choose("What happens on WhatsApp", "Accepted, then silence (…0005)")
    hands.choose("What happens on SMS", "Delivered (…0001)")
    hands.press("Send the test")
    expect(hands.page.get_by_role("heading", name=f"Test of {TITLE}")).to_be_visible()


def check_what_happened(page: Page) -> None:
    main = page.get_by_role("main")
    expect(main).to_contain_text("WhatsApp gave no final receipt in time")
    expect(main).to_contain_text("No receipt within 60 s, moved on to SMS")
    expect(main).to_contain_text("Ended: Delivered by SMS, step 2")
    execution = Execution.objects.get()
    assert (execution.outcome, execution.outcome_step) == (Outcome.DELIVERED, 1)
    assert execution.is_test_send


@pytest.mark.parametrize("kind", [Mouse, Keyboard], ids=["mouse", "keyboard"])
def test_a_flow_is_built_published_tested_and_seen_to_fall_back(
    page: Page, house: House, kind: type[Mouse]
) -> None:
    hands = kind(page)
    build(hands, house)
    flow = publish(hands, house)
    send_test(hands, house, flow)
    expect(page.get_by_role("main")).to_contain_text("Ended: Delivered by SMS", timeout=15_000)
    check_what_happened(page)


def test_the_same_journey_without_javascript(bare_page: Page, house: House) -> None:
    """The timeline does not move by itself then: a link refreshes it."""
    hands = Mouse(bare_page)
    build(hands, house)
    flow = publish(hands, house)
    send_test(hands, house, flow)
    for _ in range(40):
        if bare_page.get_by_text("Ended: Delivered by SMS").count():
            break
        bare_page.wait_for_timeout(250)
        hands.follow("Refresh")
    check_what_happened(bare_page)
