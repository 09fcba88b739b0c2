"""A real browser for tests: Debian's Chromium, on this machine only, strict about errors."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Route
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.running import running_engine

from .house import House, furnish

# Sync Playwright keeps an event loop in this thread; Django's async guard would refuse the ORM.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

PATIENCE_MS = 8_000
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
OUTSIDE = """() => [...document.querySelectorAll("body *")]
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([element, box]) => box.width && box.right > innerWidth + 1 && element.checkVisibility()
    && !element.closest(".scroll, pre, .wizard, .tablist, .vh, [popover]"))
  .map(([element, box]) => `${element.tagName}.${element.className} ends at ${box.right}`)"""


def _chromium() -> str | None:
    return (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if _chromium() is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    args = ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"]
    return {**browser_type_launch_args, "args": args, "executable_path": _chromium()}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "viewport": {"width": 1280, "height": 900},
        "locale": "en-GB",
        "timezone_id": "Asia/Kolkata",
        "reduced_motion": "reduce",
    }


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """Fails on script errors, errors in the console, and requests that leave the machine."""
    watch(page, bad := [])
    yield page
    assert not bad, bad


def watch(page: Page, bad: list[str]) -> None:
    """Collect what goes wrong on a page into `bad`; be impatient."""
    page.set_default_timeout(PATIENCE_MS)

    def on_console(message: ConsoleMessage) -> None:
        # A wrong form is answered with 422, one that somebody else has overtaken with 409.
        expected = "status of 422" in message.text or "status of 409" in message.text
        if message.type == "error" and not expected:
            bad.append(message.text)

    def stay_here(route: Route) -> None:
        if route.request.url.startswith(("http://localhost", "http://127.0.0.1", "data:")):
            route.continue_()
        else:
            bad.append(f"left the machine: {route.request.url}")
            route.abort()

    page.on("pageerror", lambda error: bad.append(str(error)))
    page.on("console", on_console)
    page.route("**/*", stay_here)


@pytest.fixture
def faults() -> Callable[[Page], list[str]]:
    """What axe finds wrong, and what sticks out of the window: `assert faults(page) == []`."""

    def find(page: Page, *, only: str = "") -> list[str]:
        rules = {"type": "rule", "values": [only]} if only else RULES
        found = Axe().run(page, options={"runOnly": rules}).response["violations"]
        said = [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found]
        return said + page.evaluate(OUTSIDE)

    return find


@pytest.fixture
def house(live_server: LiveServer, settings: Settings) -> Iterator[House]:
    """The demo behind a live server, with the engine running."""
    settings.PUBLIC_BASE_URL = settings.TEST_SEND_BASE_URL = live_server.url
    settings.CALLBACK_ALLOW_PRIVATE = True
    built = furnish(live_server.url)
    with running_engine():
        yield built


@pytest.fixture
def bare_page(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A browser with JavaScript switched off."""
    context = browser.new_context(**{**browser_context_args, "java_script_enabled": False})
    page = context.new_page()
    watch(page, bad := [])
    yield page
    context.close()
    assert not bad, bad


@pytest.fixture
def phone(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A phone, 390 pixels wide."""
    screen = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**{**browser_context_args, **screen})
    page = context.new_page()
    watch(page, bad := [])
    yield page
    context.close()
    assert not bad, bad
