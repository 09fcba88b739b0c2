"""How a person works a page: with a mouse, or by keyboard alone. The same verbs for both.

Things are found by what people see and hear: role and name, never by class or id.
"""

import re

from playwright.sync_api import Locator, Page, expect

MOST_TABS = 200


class Mouse:
    """Points and clicks; types where a click has put the cursor."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def follow(self, name: str) -> None:
        self._go(self._one("link", name))

    def press(self, name: str) -> None:
        self._go(self._one("button", name))

    def write(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)

    def choose(self, label: str, option: str) -> None:
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def choose_first(self, label: str) -> None:
        """Whatever is offered first, below the empty choice."""
        options = self.page.get_by_label(label, exact=True).locator("option")
        self.choose(label, options.nth(1).inner_text())

    def pick(self, name: str) -> None:
        """One of several radio buttons; `name` is how its label begins."""
        self.page.get_by_role("radio", name=name).check()

    def _one(self, role: str, name: str) -> Locator:
        main = self.page.get_by_role("main")
        return main.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]

    def _go(self, target: Locator) -> None:
        target.click()


class Keyboard(Mouse):
    """Tabs to everything; never touches a mouse."""

    def write(self, label: str, text: str) -> None:
        self._reach(self.page.get_by_label(label, exact=True))
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, option: str) -> None:
        """Typing into a closed list chooses the option that begins so."""
        field = self.page.get_by_label(label, exact=True)
        self._reach(field)
        self.page.keyboard.type(re.split(r"[^ -~]", option)[0].rstrip())
        expect(field.locator("option:checked")).to_have_text(option)

    def pick(self, name: str) -> None:
        radio = self.page.get_by_role("radio", name=name)
        group = self.page.locator(f'input[name="{radio.get_attribute("name")}"]')
        self._reach(group.and_(self.page.locator(":checked")))
        for _ in range(group.count()):
            if radio.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        expect(radio).to_be_checked()

    def _go(self, target: Locator) -> None:
        self._reach(target)
        self.page.keyboard.press("Enter")

    def _reach(self, target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(MOST_TABS):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached with the Tab key")
