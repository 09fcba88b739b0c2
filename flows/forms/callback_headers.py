"""The rows of extra headers in a form: names and values, a few of them empty. Knows no model.

A value may be a secret: what is stored is never written into a page. A row whose value is left
empty keeps the stored value of that name; a row whose name is cleared goes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

MOST = 15
SPARE = 2
NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")
VALUE = re.compile(r"[\x20-\x7e]{1,1000}")
# Between two machines on the way, or said by us about the body and the connection.
REFUSED = frozenset(
    {
        "connection", "content-encoding", "content-length", "content-type", "expect", "host",
        "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
OURS = "webhook-"
_KEPT = "Stored. Empty keeps it."


@dataclass(frozen=True)
class HeaderRow:
    """One row as the page draws it."""

    name: BoundField
    value: BoundField


class HeaderRows:
    """Adds the rows to a form, and reads them. `stored` are the headers that are kept by name."""

    def __init__(self, form: forms.Form, stored: Mapping[str, str], *, more: int = 0) -> None:
        self.form, self.stored = form, stored
        needed = max(self._rows(filled=True), len(stored)) + SPARE
        self.count = min(max(needed, self._rows(filled=False) + more), MOST)
        names = list(stored)
        for index in range(self.count):
            self._add(index, names[index] if index < len(names) else "")

    def _rows(self, *, filled: bool) -> int:
        """How many rows were sent along, to the last one (that holds something)."""
        given = [self.form.data, self.form.initial]
        rows = [
            index + 1
            for index in range(MOST)
            if any(
                key in values and (values[key] or not filled)
                for values in given
                for key in _keys(index)
            )
        ]
        return max(rows, default=0)

    def _add(self, index: int, stored: str) -> None:
        name, value = _keys(index)
        plain = {"autocomplete": "off", "spellcheck": "false"}
        self.form.fields[name] = forms.CharField(
            label=f"Header {index + 1}",
            required=False,
            initial=stored,
            widget=forms.TextInput(attrs={**plain, "maxlength": 60}),
        )
        self.form.fields[value] = forms.CharField(
            label=f"Value {index + 1}",
            required=False,
            strip=False,
            widget=forms.TextInput(attrs={**plain, "placeholder": _KEPT if stored else ""}),
        )
        for key in (name, value):
            setattr(self.form.fields[key], "unmarked", True)  # noqa: B010  (no attribute of Django's)

    def __iter__(self) -> Any:
        for index in range(self.count):
            name, value = _keys(index)
            yield HeaderRow(self.form[name], self.form[value])

    @property
    def names(self) -> list[str]:
        """As typed so far, right or wrong."""
        typed = (str(row.name.value() or "").strip() for row in self)
        return [name for name in typed if name]

    def clean(self) -> dict[str, str]:
        """The headers; what is wrong with a row is added to the form's errors."""
        found: dict[str, str] = {}
        for index in range(self.count):
            name_key, value_key = _keys(index)
            name = self.form.cleaned_data.get(name_key, "")
            value = self.form.cleaned_data.get(value_key, "").strip(" ")
            if problem := _name_problem(name, value, taken=found):
                self.form.add_error(name_key, problem)
            elif name:
                value = value or self._stored(name)
                if problem := _value_problem(name, value):
                    self.form.add_error(value_key, problem)
                found[name] = value
        return found

    def _stored(self, name: str) -> str:
        return next((v for n, v in self.stored.items() if n.lower() == name.lower()), "")


def _keys(index: int) -> tuple[str, str]:
    return f"header-{index}-name", f"header-{index}-value"


def _name_problem(name: str, value: str, *, taken: Mapping[str, str]) -> str:
    if not name:
        return "Enter the name of this header, or clear its value." if value else ""
    if not NAME.fullmatch(name):
        return "Use letters, digits and - only, for example X-Api-Key."
    if name.lower() in REFUSED or name.lower().startswith(OURS):
        return f"{name} is set by Fallback itself. Choose another header."
    if name.lower() in {other.lower() for other in taken}:
        return f"{name} is there twice. Keep one of them."
    return ""


def _value_problem(name: str, value: str) -> str:
    if not value:
        return f"Enter a value for {name}, or clear its name."
    if not VALUE.fullmatch(value):
        return "Use plain characters of one line only: no accents, no line breaks."
    return ""
