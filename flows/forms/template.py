"""The form of the template editor: what was typed → a TemplateContent. Saves nothing.

The rules are those of flows.definition.template_rules. A form is drawn from a content, never from
what was posted, so that buttons can be added and removed without losing a word.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from django import forms

from flows.definition import Problem
from flows.definition.languages import LANGUAGES
from flows.definition.template_buttons import MAX_TEXT
from flows.definition.template_rules import (
    MAX_BODY,
    MAX_FOOTER,
    MAX_HEADER,
    MAX_NAME,
    draft_problems,
    problems,
    settled,
)
from flows.placeholders import Button, Channel, TemplateContent

from .flow import RevisionForm
from .test_send import unmark
from .widgets import ChoiceCards

Check = Literal["", "draft", "all"]
MOST_TYPED = 5000
KINDS = {
    "text": ("Text", "Words, media and buttons of your own."),
    "authentication": ("Authentication", "A code to sign in with, and nothing else."),
}
CATEGORIES = {
    "utility": ("Utility", "About something the person did: an order, a booking, a bill."),
    "marketing": ("Marketing", "Offers, news, invitations. People can opt out."),
}
HEADERS = {
    "none": "None", "text": "Text", "image": "Image", "video": "Video", "document": "Document"
}  # fmt: skip
SMS_KINDS = [
    ("TXN", "Transactional: orders, bookings, bills"),
    ("OTP", "OTP: a code to sign in or pay with"),
    ("MKT", "Marketing: offers and news"),
    ("DEFAULT", "Default: whatever the route allows"),
]
_BUTTON = re.compile(r"button-([0-9])-kind")
_TEXTS = ("name", "language", "kind", "category", "header_kind", "header_text", "body", "footer",
          "dlt_template_id")  # fmt: skip
_PLAIN = {"autocomplete": "off"}
_EXACT = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}


def blank(channel: Channel) -> TemplateContent:
    """What a new template begins with."""
    if channel is Channel.SMS:
        return TemplateContent(channel, "", "TXN", "")
    return TemplateContent(channel, "", "text", "", language="en", category="utility")


def typed_content(data: Mapping[str, Any], start: TemplateContent) -> TemplateContent:
    """What the fields say, right or wrong; a field that was not in the page says what it did."""
    texts: dict[str, Any] = {name: _text(data[name], name) for name in _TEXTS if name in data}
    if start.channel is Channel.SMS:
        return replace(start, unicode=bool(data.get("unicode")), **texts)
    found = sorted(match[1] for key in data if (match := _BUTTON.fullmatch(key)))
    return replace(start, buttons=tuple(_button(data, index) for index in found), **texts)


def _text(value: str, name: str) -> str:
    text = value.replace("\r\n", "\n").replace("\r", "\n")[:MOST_TYPED]
    return text if name == "body" else text.strip()


def _button(data: Mapping[str, Any], index: str) -> Button:
    kind = data[f"button-{index}-kind"]
    return Button(
        kind if kind in {"quick_reply", "phone", "url"} else "quick_reply",
        str(data.get(f"button-{index}-text", "")).strip()[:MOST_TYPED],
        str(data.get(f"button-{index}-value", "")).strip()[:MOST_TYPED],
    )


def rearranged(content: TemplateContent, do: str) -> TemplateContent:
    """`add-url`, `remove-1` and `variable` as buttons of the form ask for; else as it is."""
    verb, _, what = do.partition("-")
    if verb == "add" and what in {"quick_reply", "phone", "url"} and len(content.buttons) < 10:
        return replace(content, buttons=(*content.buttons, Button(what, "")))
    if verb == "remove" and what.isascii() and what.isdigit():
        kept = (b for index, b in enumerate(content.buttons) if index != int(what[:2]))
        return replace(content, buttons=tuple(kept))
    if verb == "variable":
        gap = "" if not content.body or content.body[-1].isspace() else " "
        return replace(content, body=f"{content.body}{gap}{next_variable(content)}")
    return content


def next_variable(content: TemplateContent) -> str:
    """What the next variable of this body looks like, in the style that it has already."""
    if content.channel is Channel.SMS and ("{#var#}" in content.body or "{" not in content.body):
        return "{#var#}"
    numbers = [int(number) for number in re.findall(r"\{\{\$?([0-9]{1,2})\}\}", content.body)]
    return f"{{{{{max(numbers, default=0) + 1}}}}}"


class TemplateForm(RevisionForm):
    """One channel's fields. `check`: nothing, what a draft needs, or all that approval needs."""

    def __init__(
        self,
        content: TemplateContent,
        *,
        revision: int,
        may_rename: bool,
        check: Check = "",
        focus_last: bool = False,
    ) -> None:
        """`focus_last`: the newest button has just been added."""
        values = {**_values(content), "revision": revision}
        super().__init__(values if check else None, initial=values)
        self.content, self.check = content, check
        self.fields.update(_name_fields(content) if may_rename else {})
        make = _sms_fields if content.channel is Channel.SMS else _whatsapp_fields
        self.fields.update(make())
        for index, button in enumerate(content.buttons):
            self.fields.update(_button_fields(index, button))
            if focus_last and index == len(content.buttons) - 1:
                self.fields[f"button-{index}-text"].widget.attrs["autofocus"] = True
        unmark(self, *(name for name in self.fields if name not in {"footer", "dlt_template_id"}))

    def clean(self) -> None:
        found = {"draft": draft_problems, "all": problems}.get(self.check)
        for problem in found(settled(self.content)) if found else ():
            self.add_problem(problem)

    def add_problem(self, problem: Problem) -> None:
        parts = problem.field.split(".")
        name = f"button-{parts[1]}-{parts[2]}" if len(parts) == 3 else problem.field
        self.add_error(name if name in self.fields else None, problem.message)

    button_kinds = (("quick_reply", "Quick reply"), ("url", "Link"), ("phone", "Phone number"))

    @property
    def button_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "index": index,
                "kind": button.kind,
                "hidden": self[f"button-{index}-kind"],
                "text": self[f"button-{index}-text"],
                "value": self[f"button-{index}-value"] if button.kind != "quick_reply" else None,
            }
            for index, button in enumerate(self.content.buttons)
        ]


def _values(content: TemplateContent) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(content, name) for name in _TEXTS}
    for index, button in enumerate(content.buttons):
        values |= {f"button-{index}-{key}": text for key, text in button.to_json().items()}
    return values | {"unicode": content.unicode}


def _name_fields(content: TemplateContent) -> dict[str, forms.Field]:
    if content.channel is Channel.SMS:
        title = _line("Title", most=MAX_NAME, help_text="For you and your team; it is not sent.")
        return {"name": title}
    name = _line(
        "Name",
        most=MAX_NAME,
        help_text="Lower-case letters, digits and _, for example order_update.",
        attrs=_EXACT,
    )
    languages = [(code, f"{label} ({code})") for code, label in LANGUAGES.items()]
    if content.language and content.language not in LANGUAGES:
        languages.append((content.language, content.language))
    return {"name": name, "language": _select("Language", languages)}


def _whatsapp_fields() -> dict[str, forms.Field]:
    return {
        "kind": _cards("Kind", KINDS),
        "category": _cards("Category", CATEGORIES),
        "header_kind": _cards("Header", {key: (words, "") for key, words in HEADERS.items()}),
        "header_text": _line(
            "Header text", most=MAX_HEADER, help_text="Up to 60 characters, one variable at most."
        ),
        "body": _body("Message text", rows=6),
        "footer": _line("Footer", most=MAX_FOOTER, help_text="Small print, without variables."),
    }


def _sms_fields() -> dict[str, forms.Field]:
    return {
        "kind": _select("Kind", SMS_KINDS),
        "body": _body("Message text", rows=5),
        "unicode": forms.BooleanField(
            label="Send as Unicode",
            required=False,
            help_text="For other alphabets and emoji: a part then holds 70 characters, not 160.",
        ),
        "dlt_template_id": _line(
            "DLT template ID",
            most=40,
            help_text="For India: the ID under which the operators know this text.",
            attrs={**_EXACT, "inputmode": "numeric"},
        ),
    }


def _button_fields(index: int, button: Button) -> dict[str, forms.Field]:
    value = {
        "quick_reply": forms.CharField(required=False, widget=forms.HiddenInput),
        "phone": _line("Phone number", most=20, attrs={**_EXACT, "inputmode": "tel"}),
        "url": _line(
            "Link",
            most=2000,
            help_text="It may end in {{1}}: callers then send the ending.",
            attrs={**_EXACT, "inputmode": "url", "placeholder": "https://…"},
        ),
    }[button.kind]
    return {
        f"button-{index}-kind": forms.CharField(required=False, widget=forms.HiddenInput),
        f"button-{index}-text": _line("Words on the button", most=MAX_TEXT),
        f"button-{index}-value": value,
    }


# No field judges what was typed: the rules do, all at once and with sentences of their own.


def _line(
    label: str, *, most: int, help_text: str = "", attrs: Mapping[str, str] = _PLAIN
) -> forms.CharField:
    widget = forms.TextInput(attrs={**attrs, "data-most": str(most)})
    return forms.CharField(label=label, required=False, help_text=help_text, widget=widget)


def _body(label: str, *, rows: int) -> forms.CharField:
    described = "id_body_helptext id_body_error"
    attrs = {"rows": str(rows), "data-most": str(MAX_BODY), "aria-describedby": described}
    return forms.CharField(
        label=label, required=False, strip=False, widget=forms.Textarea(attrs=attrs)
    )


def _select(label: str, choices: list[tuple[str, str]]) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=forms.Select(choices=choices))


def _cards(label: str, cards: Mapping[str, tuple[str, str]]) -> forms.CharField:
    hints = {key: hint for key, (_, hint) in cards.items()}
    widget = ChoiceCards(hints=hints, choices=[(key, words) for key, (words, _) in cards.items()])
    return forms.CharField(label=label, required=False, widget=widget)
