"""The rules for the buttons under a WhatsApp message, one sentence per broken one."""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from flows.definition.values import Problem
from flows.placeholders import Button, Channel, find_variables

MOST_BUTTONS = 6
MOST = {"quick_reply": 3, "phone": 1, "url": 2}
KINDS = {"quick_reply": "quick reply", "phone": "phone button", "url": "link button"}
MAX_TEXT, MAX_URL, MAX_PHONE = 25, 2000, 20
_PHONE = re.compile(r"\+?[1-9][0-9]{6,14}")


def storable_problems(buttons: tuple[Button, ...]) -> Iterator[Problem]:
    """What keeps the buttons from being kept at all."""
    if len(buttons) > MOST_BUTTONS:
        yield Problem("buttons", f"Remove a button: a template has at most {MOST_BUTTONS}.")
    for index, button in enumerate(buttons):
        if len(button.text) > MAX_TEXT:
            yield Problem(f"buttons.{index}.text", f"Shorten the text to {MAX_TEXT} characters.")
        if len(button.value) > MAX_URL:
            yield Problem(f"buttons.{index}.value", f"Shorten the link to {MAX_URL:,} characters.")


def button_problems(buttons: tuple[Button, ...]) -> Iterator[Problem]:
    """What WhatsApp refuses, or what callers could not fill."""
    counts = Counter(button.kind for button in buttons)
    for kind, most in MOST.items():
        if counts[kind] > most:
            noun = KINDS[kind] if most == 1 else _plural(KINDS[kind])
            yield Problem(
                "buttons", f"Remove a {KINDS[kind]}: WhatsApp shows at most {most} {noun}."
            )
    if sum(button.is_dynamic for button in buttons) > 1:
        yield Problem("buttons", "Only one link may end in a variable: callers send one value.")
    texts = Counter(button.text.strip().casefold() for button in buttons)
    for index, button in enumerate(buttons):
        if message := _text_problem(button, texts):
            yield Problem(f"buttons.{index}.text", message)
        if message := _value_problem(button):
            yield Problem(f"buttons.{index}.value", message)


def _plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun + "s"


def _text_problem(button: Button, texts: Counter[str]) -> str:
    if not button.text.strip():
        return "Enter the words on the button."
    if find_variables(button.text, channel=Channel.WHATSAPP):
        return "Remove the variable: the words on a button are always the same."
    if "\n" in button.text:
        return "Write the words on one line."
    if texts[button.text.strip().casefold()] > 1:
        return "Give each button its own words."
    return ""


def _value_problem(button: Button) -> str:
    if button.kind == "phone":
        number = re.sub(r"[\s().-]", "", button.value)
        if not number:
            return "Enter the phone number that is called."
        return "" if _PHONE.fullmatch(number) else "Enter a number like +919876543210."
    return _url_problem(button.value.strip()) if button.kind == "url" else ""


def _url_problem(url: str) -> str:
    if not url:
        return "Enter the address that the button opens."
    found = find_variables(url, channel=Channel.WHATSAPP)
    if len(found) > 1:
        return "Use one variable at most, at the end of the link."
    if found and found[0].end != len(url):
        return f"Move {found[0].token} to the end of the link: WhatsApp fills only its ending."
    fixed = url[: found[0].start] if found else url
    if not _is_link(fixed):
        return "Enter a link that starts with https://, for example https://shop.example/orders."
    return ""


def _is_link(url: str) -> bool:
    if not url.isprintable() or " " in url or {"{", "}"} & set(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
