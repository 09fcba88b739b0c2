"""The company that a newcomer opens an account for."""

from zoneinfo import available_timezones

from django import forms

from flows.models import Region

# Not the names that countries have for theirs; a browser may say Asia/Calcutta, so those stay.
_NO_CITIES = {"Etc", "US", "Brazil", "Canada", "Chile", "Mexico"}
TIME_ZONES = sorted(
    name
    for name in available_timezones()
    if name == "UTC" or ("/" in name and name.partition("/")[0] not in _NO_CITIES)
)


def name_field() -> forms.CharField:
    return forms.CharField(
        label="Company",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={"required": "Enter the name of your company"},
    )


def region_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=Region.choices,
        initial=Region.IN,
        error_messages={"required": "Choose a region", "invalid_choice": "Choose a region"},
    )


def time_zone_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="Time zone",
        choices=[(name, name.replace("_", " ")) for name in TIME_ZONES],
        initial="Asia/Kolkata",
        widget=forms.Select(attrs={"data-own-time-zone": ""}),
        error_messages={
            "required": "Choose a time zone",
            "invalid_choice": "Choose a time zone from the list",
        },
    )


class CompanyForm(forms.Form):
    company = name_field()
    region = region_field()
    time_zone = time_zone_field()
