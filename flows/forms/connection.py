"""The form of a connection, made from what its connector declares. Saves nothing.

Nothing that is secret is put into a page again: an empty field keeps what is stored, and what was
typed into one is typed again when the form comes back.
"""

import re
from typing import Any

from django import forms
from django.http import QueryDict

from flows.connectors.base import ConfigField, Connector
from flows.models import Account, Connection, connections
from flows.models.connections import Wanted

from .widgets import ChoiceCards

MAX_VALUE = 4000
MOST_CARDS = 3
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
STORED = "Stored, and never shown again. Leave it empty to keep it."
AGAIN = "Secrets are not kept in the page: enter it again."
_SECRET = {"autocomplete": "new-password", "spellcheck": "false"}
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class RevisionForm(forms.Form):
    """What the person has seen, so that nothing is done to something else."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


class ConnectionForm(forms.Form):
    """`stored`: the connection that is edited."""

    use_required_attribute = False
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(
        label="Name",
        max_length=60,
        help_text="What people see where a sender is registered, for example “Kaleyra India”.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 60}),
        error_messages={"required": "Enter a name.", "max_length": "Use at most 60 characters."},
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        account: Account,
        connector: Connector,
        stored: Connection | None = None,
    ) -> None:
        self.account, self.connector, self.stored = account, connector, stored
        self.config: dict[str, str] = stored.config if stored else {}
        super().__init__(data, initial=self._initial())
        for declared in connector.config_fields:
            self._add(declared)
        if stored:
            self.fields["name"].help_text = ""

    def _initial(self) -> dict[str, Any]:
        public = [one for one in self.connector.config_fields if not one.is_secret]
        known = {
            name_of(one): self.config.get(one.name, "" if self.stored else one.default)
            for one in public
        }
        if self.stored:
            return {**known, "name": self.stored.name, "revision": self.stored.revision}
        return {**known, "name": free_name(self.account, self.connector.label)}

    def _add(self, declared: ConfigField) -> None:
        name, is_stored = name_of(declared), bool(self.config.get(declared.name))
        self.fields[name] = _field(declared, is_kept=declared.is_secret and is_stored)
        if declared.is_secret and is_stored:
            self.fields[name].unmarked = True  # type: ignore[attr-defined]
            if not declared.is_required:
                self.fields[f"remove-{declared.name}"] = forms.BooleanField(
                    label=f"Remove the stored {in_sentence(declared.label)}", required=False
                )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if _CONTROL.search(name):
            raise forms.ValidationError("Use one line.")
        return name

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = self.cleaned_data
        for declared in self.connector.config_fields:
            name, value = name_of(declared), given.get(name_of(declared), "")
            if name in self.errors or not value:
                continue
            if _CONTROL.search(value):
                self.add_error(name, "Enter it in one line, without special characters.")
            elif declared.pattern and not re.fullmatch(declared.pattern, value):
                fault = declared.fault or f"This is no {in_sentence(declared.label)}."
                self.add_error(name, fault)
            elif given.get(f"remove-{declared.name}"):
                self.add_error(name, "Leave it empty to remove it, or clear “Remove”.")
        return given

    def ask_secrets_again(self) -> None:
        """Say it at each field whose value the page does not bring back."""
        for declared in self.connector.config_fields:
            if declared.is_secret and self.data.get(name_of(declared)):
                field = self[name_of(declared)]
                field.help_text = f"{AGAIN} {field.help_text}".strip()

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        values = {one.name: given.get(name_of(one), "") for one in self.connector.config_fields}
        removed = {
            one.name for one in self.connector.config_fields if given.get(f"remove-{one.name}")
        }
        filled = {name: value for name, value in values.items() if value}
        return Wanted(given["name"], filled, frozenset(removed))


def name_of(declared: ConfigField) -> str:
    """The field of the form for what a connector declares; its name is free of ours."""
    return f"config-{declared.name}"


def in_sentence(label: str) -> str:
    """“Access token” inside a sentence: “access token”; “API key” and “WhatsApp …” stay."""
    first = label.partition(" ")[0]
    return label if first[1:] != first[1:].lower() else label[:1].lower() + label[1:]


def free_name(account: Account, label: str) -> str:
    """What a new connection is called when nobody says otherwise."""
    names = connections.of(account).values_list("name", flat=True)
    taken = {name.casefold() for name in names}
    numbered = (f"{label} {number}" for number in range(2, len(taken) + 3))
    return next(name for name in (label, *numbered) if name.casefold() not in taken)


def _field(declared: ConfigField, *, is_kept: bool) -> forms.Field:
    label = in_sentence(declared.label)
    shared: dict[str, Any] = {
        "label": declared.label,
        "required": declared.is_required and not is_kept,
        "help_text": f"{STORED} {declared.help}".strip() if is_kept else declared.help,
    }
    if declared.choices:
        offered = [(choice.value, choice.label) for choice in declared.choices]
        choose = dict.fromkeys(("required", "invalid_choice"), f"Choose the {label}.")
        is_short = len(offered) <= MOST_CARDS and declared.is_required
        if not declared.is_required:
            offered.insert(0, ("", "None"))
        widget = ChoiceCards() if is_short else forms.Select()
        return forms.ChoiceField(choices=offered, widget=widget, error_messages=choose, **shared)
    widget_of = forms.PasswordInput if declared.is_secret else forms.TextInput
    return forms.CharField(
        max_length=MAX_VALUE,
        widget=widget_of(attrs=_SECRET if declared.is_secret else _PLAIN),
        error_messages={
            "required": f"Enter the {label}.",
            "max_length": f"Use at most {MAX_VALUE:,} characters.",
        },
        **shared,
    )
