"""Why a request is rejected: a ready reason, own words, or both."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from flows.models import ReviewKind

MAX_REASON = 300
READY: Mapping[str, Sequence[str]] = {
    ReviewKind.KYC: (
        "A document cannot be read. Upload a clear copy.",
        "A document has expired. Upload a current one.",
        "The address of the document is not that of the company.",
        "The name of the document is not that of the company.",
        "The tax registration is missing.",
    ),
    ReviewKind.SENDER: (
        "The sender is not registered to your company.",
        "The display name does not fit your company.",
        "The DLT entity ID is not that of your company.",
        "The number is in use elsewhere.",
    ),
    ReviewKind.TEMPLATE: (
        "The text does not say who it comes from.",
        "The category does not fit the text.",
        "The text is not the one registered on DLT.",
        "Marketing needs a way to opt out.",
        "A sample value for each variable is missing.",
    ),
    ReviewKind.FALLBACK: (
        "Finish the other tasks of the list first.",
        "Your contract does not include Fallback yet. Talk to your account manager.",
    ),
}


class RejectForm(forms.Form):
    use_required_attribute = False
    ready = forms.ChoiceField(
        label="Reason",
        required=False,
        error_messages={"invalid_choice": "Choose a reason from the list, or write your own."},
    )
    words = forms.CharField(
        label="In your own words",
        required=False,
        max_length=MAX_REASON,
        help_text="The account reads this: say what to put right.",
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_REASON}),
        error_messages={"max_length": f"Use at most {MAX_REASON} characters."},
    )

    def __init__(self, data: QueryDict | None = None, *, kind: str) -> None:
        super().__init__(data)
        choices = [("", "Choose a reason, or write one"), *((r, r) for r in READY[kind])]
        self.fields["ready"].choices = choices  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.unmarked = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = self.cleaned_data
        if not self.errors and not self.reason:
            self.add_error("ready", "Choose a reason or write one, so that it can be put right.")
        elif len(self.reason) > MAX_REASON:
            self.add_error("words", f"Use at most {MAX_REASON} characters together.")
        return given

    @property
    def reason(self) -> str:
        """What the account reads."""
        ready = self.cleaned_data.get("ready", "")
        return f"{ready} {self.cleaned_data.get('words', '').strip()}".strip()
