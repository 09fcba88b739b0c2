"""The form of an account's settings; it carries what the person has seen, so that a save can tell
what they changed from what somebody else changed meanwhile."""

import json
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import QueryDict

from flows.models import Account, Region
from flows.models.account import check_time_zone
from flows.models.accounts import settings_of

KEEP_MOST_DAYS = 3650
_ZONES = {name.casefold(): name for name in available_timezones()}
_CITIES = {
    name.rpartition("/")[2].replace("_", " ").casefold(): name
    for name in sorted(_ZONES.values())
    if name.count("/") == 1
}


def zones() -> list[str]:
    """The names to choose from; others that are known are taken as well."""
    odd = ("Etc/", "SystemV/", "US/", "posix/", "right/")
    named = (name for name in _ZONES.values() if "/" in name and not name.startswith(odd))
    return ["UTC", *sorted(named)]


class AccountSettingsForm(forms.Form):
    use_required_attribute = False
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=2000)
    name = forms.CharField(
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "maxlength": 100}),
        error_messages={
            "required": "Enter a name",
            "max_length": "Shorten the name to 100 characters",
        },
    )
    time_zone = forms.CharField(
        max_length=64,
        help_text="Type a city, for example Kolkata. Days in filters and times in lists follow it.",
        widget=forms.TextInput(
            attrs={"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={"required": "Choose a time zone, for example Asia/Kolkata"},
    )
    region = forms.ChoiceField(
        label="Pod (region)",
        choices=[(value, f"{label} ({value})") for value, label in Region.choices],
        help_text="New callback profiles carry it in their ids. Everything that is there keeps "
        "its id, SID and host.",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose a pod from the list"),
    )
    retention_days = forms.IntegerField(
        label="Keep executions for",
        min_value=1,
        max_value=KEEP_MOST_DAYS,
        help_text="In days, 1 to 3,650. Older executions are deleted with their messages, receipts "
        "and callbacks, and so are rejected calls. Their request IDs can be used again then.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            **dict.fromkeys(("required", "invalid"), "Enter a number of days, for example 90"),
            **dict.fromkeys(("min_value", "max_value"), "Enter a number from 1 to 3650"),
        },
    )
    needs_second_factor = forms.BooleanField(
        label="Everybody needs a second factor",
        required=False,
        help_text="Members without one are led to setting it up before they can go on.",
    )
    needs_other_publisher = forms.BooleanField(
        label="The publisher must not be the last editor",
        required=False,
        help_text="Whoever edited a flow last asks another admin to publish it.",
    )

    def __init__(self, data: QueryDict | None = None, *, account: Account) -> None:
        current = settings_of(account)
        super().__init__(data, initial={**current, "seen": json.dumps(current)})

    def clean_time_zone(self) -> str:
        """Any spelling of a zone, or its city alone."""
        typed = " ".join(self.cleaned_data["time_zone"].split()).casefold()
        name = _ZONES.get(typed.replace(" ", "_")) or _CITIES.get(typed, "")
        check_time_zone(name)
        return name

    @property
    def wanted(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}

    @property
    def based_on(self) -> dict[str, Any]:
        """What the person saw. Unreadable: what is there now, so that nothing counts as changed by
        others."""
        try:
            seen = json.loads(self.data.get("seen") or "")
        except ValueError:
            seen = None
        return seen if isinstance(seen, dict) else json.loads(self.initial["seen"])

    def overtaken(self, fields: list[str], now: Account) -> None:
        """Name what somebody else changed; the next save is based on that."""
        for name in fields:
            field, value = self.fields[name], getattr(now, name)
            words = dict(getattr(field, "choices", ())).get(value, value)
            if isinstance(value, bool):
                words = "on" if value else "off"
            self.add_error(name, f"Somebody set this to “{words}” meanwhile. Save again for yours")
        self.data = {**self.data.dict(), "seen": json.dumps(settings_of(now))}  # type: ignore[attr-defined]
