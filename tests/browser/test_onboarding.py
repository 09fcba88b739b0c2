"""A new account in the browser: samples and the Sandbox's answers, company details, a document."""

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from flows.models import Role, connections
from flows.sample_pdf import sample_pdf

from .hands import Keyboard, Mouse
from .house import House

PATIENCE_MS = 15_000


@pytest.fixture
def new(house: House) -> House:
    """The demo's new account, with its Sandbox."""
    connections.use_sandbox(house.new_account, by=house.people[Role.ADMIN])
    return house


def home(house: House, page: Page) -> None:
    house.enter(page.context, Role.ADMIN)
    page.goto(house.url + reverse("account-home", args=[house.new_account.sid]))


def test_the_list_follows_the_sandbox_and_leaves_when_it_is_done(page: Page, new: House) -> None:
    home(new, page)
    expect(page.get_by_text("7 of 7 to go")).to_be_visible()
    Keyboard(page).press("Fill everything in with samples")
    expect(page.get_by_text("In review").first).to_be_visible()
    sample = page.get_by_role("button", name="Begin with a sample")
    expect(sample).to_be_visible(timeout=PATIENCE_MS)  # nobody has reloaded the page
    expect(page.get_by_text("Before you can create a flow")).to_have_count(0)


def test_without_javascript_one_looks_again(bare_page: Page, new: House) -> None:
    home(new, bare_page)
    Mouse(bare_page).press("Fill everything in with samples")
    for _ in range(20):
        if not bare_page.get_by_role("link", name="Look again").count():
            break
        Mouse(bare_page).follow("Look again")
        bare_page.wait_for_timeout(500)
    expect(bare_page.get_by_role("button", name="Begin with a sample")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_company_details_and_a_document_are_handed_in(
    page: Page, bare_page: Page, new: House, tmp_path: Path, script: bool
) -> None:
    page = page if script else bare_page
    hand = Mouse(page)
    home(new, page)
    page.get_by_role("link", name="Add company details").click()
    hand.write("Legal name", "Fresh Foods Pte Ltd")
    hand.press("Save company details")
    expect(page.get_by_role("alert")).to_contain_text("Enter the address")
    for label, text in (
        ("Street and number", "1 Raffles Place"),
        ("Postal code", "048616"),
        ("City", "Singapore"),
    ):
        hand.write(label, text)
    hand.choose("Country", "Singapore")
    hand.press("Save company details")
    hand.follow("Upload a document")
    program, register = tmp_path / "register.pdf", tmp_path / "real.pdf"
    program.write_bytes(b"MZ" + b"\0" * 100)
    register.write_bytes(sample_pdf(["Register of companies"]))
    hand.choose("What it proves", "Proof of identity")
    page.get_by_label("File", exact=True).set_input_files(program)
    hand.press("Upload")
    expect(page.get_by_role("alert")).to_contain_text("not a PDF, PNG or JPEG")
    page.get_by_label("File", exact=True).set_input_files(register)
    hand.press("Upload")
    with page.expect_download() as download:
        page.get_by_role("link", name="real.pdf (download)").click()
    assert download.value.path().read_bytes() == register.read_bytes()
    hand.press("Hand in for review")
    expect(page.get_by_role("listitem").filter(has_text="KYC")).to_contain_text("In review")
