"""The forms of the API keys: a new one, a changed one, and the filter of the list."""

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from flows.models import ApiKey, KeyKind

from .filters import ListFilter, choice
from .ip_ranges import IpRangesField
from .widgets import ChoiceCards

KINDS = {
    KeyKind.LIVE: "Sends for real, to anybody. For your own systems.",
    KeyKind.TEAM: "Sends for real, but only to the account's test recipients. Every other call is "
    "rejected.",
    KeyKind.TEST: "Nothing leaves this installation: the Sandbox plays every step. For trying out.",
}
STATES = {"active": "Active", "revoked": "Revoked"}


class ApiKeyForm(forms.Form):
    """Name and addresses of a key."""

    use_required_attribute = False
    name = forms.CharField(
        max_length=60,
        help_text="What calls with it, for example Shop checkout. Each working key has its own.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 60}),
        error_messages={
            "required": "Enter a name",
            "max_length": "Shorten the name to 60 characters",
        },
    )
    ip_ranges = IpRangesField(
        label="Allowed IP ranges",
        required=False,
        max_length=4000,
        widget=forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "placeholder": "203.0.113.0/24"}
        ),
        error_messages={"max_length": "Enter fewer ranges: at most 20"},
    )

    def __init__(
        self, data: QueryDict | None = None, *, key: ApiKey | None = None, own_address: str = ""
    ) -> None:
        initial = {"name": key.name, "ip_ranges": "\n".join(key.ip_ranges)} if key else {}
        super().__init__(data, initial=initial)
        own = f" Your own address is {own_address} now." if own_address else ""
        self.fields["ip_ranges"].help_text = (
            "One a line. Calls from any other address are refused. Empty: from anywhere." + own
        )


class NewApiKeyForm(ApiKeyForm):
    kind = forms.ChoiceField(
        choices=KeyKind.choices,
        widget=ChoiceCards(hints={kind.value: words for kind, words in KINDS.items()}),
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose what the key may do: live, team or test"
        ),
    )
    field_order = ("name", "kind", "ip_ranges")


class ApiKeyFilter(ListFilter):
    state = choice("Any status", STATES.items(), label="Status")
    kind = choice("Any kind", KeyKind.choices)

    def rows(self, keys: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        if state := self.value("state"):
            keys = keys.filter(revoked_at__isnull=state == "active")
        if kind := self.value("kind"):
            keys = keys.filter(kind=kind)
        return keys
