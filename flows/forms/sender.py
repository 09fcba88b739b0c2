"""The forms of a sender: a WhatsApp number, or an SMS Sender ID. Save nothing."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from flows.connectors.base import Connector
from flows.countries import choices as countries
from flows.models import Account, ChannelChoice, Connection, Generation, Sender, connections
from flows.models.connections import known_connector
from flows.models.senders import FIELDS, is_open_to_change
from flows.placeholders import Channel
from flows.recipients import RecipientError, parse_recipient

from .connection import in_sentence
from .widgets import ChoiceCards

# What people put between the digits of a number when they copy it from somewhere.
_BETWEEN_DIGITS = re.compile(r"[\s()./\u2010-\u2015\u00a0-]+")
_SENDER_ID = re.compile(r"[0-9A-Za-z]{3,11}")
_NUMBER = re.compile(r"[0-9]{3,15}")
INDIA = "IN"
GENERATIONS: dict[str, str] = {
    Generation.V1: "Can be used in flows.",
    Generation.V2: "Cannot be used in flows: only V1 numbers can.",
}


class SenderForm(forms.Form):
    """What both channels need. What was approved is fixed: those fields are not in the form."""

    use_required_attribute = False
    channel: ChannelChoice
    connection = forms.ModelChoiceField(
        queryset=Connection.objects.none(),
        label="Connection",
        empty_label="Choose a connection",
        help_text="The account's credentials at the carrier that knows this sender.",
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose the connection that it is registered at."
        ),
    )

    carrier_id = forms.CharField(
        label="ID at the carrier",
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"max_length": "Enter at most 64 characters."},
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        account: Account,
        sender: Sender | None = None,
        begin: Mapping[str, Any] | None = None,
    ) -> None:
        """`begin`: what a new sender starts with."""
        known = {name: getattr(sender, name) for name in FIELDS} if sender else dict(begin or {})
        super().__init__(data, initial=known)
        self.account, self.sender = account, sender
        offered = connections.of(account).order_by("name", "pk")
        self._offer(offered)
        self._explain_carrier_id(offered)
        if sender and not is_open_to_change(sender):
            for name in set(self.fields) & set(_FIXED):
                del self.fields[name]

    def _offer(self, connections: "QuerySet[Connection]") -> None:
        """Those that serve the channel are shown; with another one `clean` says what is wrong."""
        field: Any = self.fields["connection"]
        field.queryset = connections
        kept = self.sender.connection_id if self.sender else None
        fitting = [one for one in connections if one.pk == kept or self._serves(one)]
        if len(fitting) != len(connections):
            shown = [(one.pk, field.label_from_instance(one)) for one in fitting]
            field.widget.choices = [("", field.empty_label), *shown]
        elif len(connections) == 1:
            field.empty_label = None

    def _serves(self, connection: Connection) -> bool:
        connector = known_connector(connection)
        return connector is not None and Channel(self.channel) in connector.channels

    def _explain_carrier_id(self, offered: "QuerySet[Connection]") -> None:
        """Which of the connections need it, and what it is there; none of them: no field."""
        needing = [
            (one, found)
            for one in offered
            if (found := _names_senders(one)) and Channel(self.channel) in found.channels
        ]
        if not needing:
            del self.fields["carrier_id"]
            return
        field = self.fields["carrier_id"]
        field.unmarked = True  # type: ignore[attr-defined]
        labels = {found.sender_id_label for _, found in needing}
        if len(labels) == 1:
            field.label = labels.pop()
        hints = [f"{one.name}: {_hint(found)}" for one, found in needing]
        if len(needing) == len(offered) == 1:
            hints = [_hint(needing[0][1])]
        field.help_text = " ".join(hints)

    def clean_carrier_id(self) -> str:
        typed: str = self.cleaned_data["carrier_id"]
        if not typed.isprintable():
            raise forms.ValidationError("Enter it in one line, without special characters.")
        return typed

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = self.cleaned_data
        chosen: Connection | None = given.get("connection")
        connector = known_connector(chosen) if chosen else None
        if chosen and connector is None:
            self.add_error("connection", "This installation does not have its connector any more.")
        if chosen is None or connector is None:
            return given
        if Channel(self.channel) not in connector.channels:
            channel = ChannelChoice(self.channel).label
            self.add_error(
                "connection",
                f"{connector.label} does not send {channel} here. Choose another connection.",
            )
        elif connector.sender_id_label and not given.get("carrier_id"):
            if "carrier_id" not in self.errors:
                label = in_sentence(connector.sender_id_label)
                self.add_error("carrier_id", f"Enter the {label}: {connector.label} needs it.")
        elif not connector.sender_id_label and "carrier_id" in given:
            given["carrier_id"] = ""  # nothing there is called by it
        return given

    def refuse_taken(self, identifier: str) -> str:
        """Two people may still do it at once: the verb has the last word."""
        others = Sender.objects.filter(
            account=self.account, channel=self.channel, identifier=identifier, deleted_at=None
        )
        if self.sender:
            others = others.exclude(pk=self.sender.pk)
        if others.exists():
            raise forms.ValidationError("This account has this sender already. Enter another one.")
        return identifier

    @property
    def values(self) -> dict[str, Any]:
        """What the verbs take."""
        return {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}


def _names_senders(connection: Connection) -> Connector | None:
    """Its connector, when that calls senders by a name of its own."""
    found = known_connector(connection)
    return found if found and found.sender_id_label else None


def _hint(connector: Connector) -> str:
    return connector.sender_id_help or f"the {in_sentence(connector.sender_id_label)}."


_FIXED = ("identifier", "connection", "carrier_id", "generation", "country")


class WhatsAppSenderForm(SenderForm):
    channel = ChannelChoice.WHATSAPP
    identifier = forms.CharField(
        label="Number",
        max_length=40,
        help_text="With country code, for example +91 80 4718 2200.",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={
            "required": "Enter the number with its country code.",
            "max_length": "Enter a number of at most 15 digits.",
        },
    )
    display_name = forms.CharField(
        label="Display name",
        max_length=60,
        help_text="What people see above the chat, as Meta has it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Enter the name that people see above the chat.",
            "max_length": "Use at most 60 characters.",
        },
    )
    generation = forms.ChoiceField(
        label="Generation",
        choices=Generation.choices,
        initial=Generation.V1,
        widget=ChoiceCards(hints=GENERATIONS),
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose V1 or V2; only V1 can be used in flows."
        ),
    )
    field_order = ("identifier", "display_name", "generation", "connection", "carrier_id")

    def clean_identifier(self) -> str:
        """E.164 digits; a leading + or 00 is how people write that it has a country code."""
        typed = _BETWEEN_DIGITS.sub("", self.cleaned_data["identifier"]).removeprefix("+")
        try:
            return self.refuse_taken(parse_recipient(typed.removeprefix("00")))
        except RecipientError as error:
            raise forms.ValidationError(str(error)) from error


class SmsSenderForm(SenderForm):
    channel = ChannelChoice.SMS
    identifier = forms.CharField(
        label="Sender ID",
        max_length=40,
        help_text="3 to 11 letters and digits, for example ACMERT, or a number.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages=dict.fromkeys(
            ("required", "max_length"), "Enter 3 to 11 letters and digits, or a number."
        ),
    )
    country = forms.ChoiceField(
        label="Country",
        choices=countries(),
        help_text="Where it is registered and its messages go.",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose a country."),
    )
    dlt_entity_id = forms.CharField(
        label="DLT entity ID",
        required=False,
        max_length=40,
        help_text="Needed in India: the number that the DLT platform gave your company.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"max_length": "Enter at most 40 digits."},
    )
    field_order = ("identifier", "country", "dlt_entity_id", "connection", "carrier_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dlt_entity_id"].unmarked = True  # type: ignore[attr-defined]

    def clean_identifier(self) -> str:
        typed: str = self.cleaned_data["identifier"]
        if _SENDER_ID.fullmatch(typed):
            return self.refuse_taken(typed)
        number = _BETWEEN_DIGITS.sub("", typed).removeprefix("+")
        if not _NUMBER.fullmatch(number):
            raise forms.ValidationError("Enter 3 to 11 letters and digits, or a number.")
        return self.refuse_taken(number)

    def clean_dlt_entity_id(self) -> str:
        typed: str = self.cleaned_data["dlt_entity_id"]
        if typed and not (typed.isascii() and typed.isdigit()):
            raise forms.ValidationError("Enter the DLT entity ID as digits only.")
        return typed

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        country = given.get("country") or (self.sender.country if self.sender else "")
        if (
            country == INDIA
            and not given.get("dlt_entity_id")
            and "dlt_entity_id" not in self.errors
        ):
            self.add_error(
                "dlt_entity_id", "Enter the DLT entity ID: India takes no message without it."
            )
        return given


FORMS: dict[str, type[SenderForm]] = {
    ChannelChoice.WHATSAPP: WhatsAppSenderForm,
    ChannelChoice.SMS: SmsSenderForm,
}
