"""The form of one test recipient: a name, and a number however people write it."""

from django import forms
from django.http import QueryDict

from flows.models import TestRecipient
from flows.recipients import RecipientError, parse_typed


class TestRecipientForm(forms.Form):
    use_required_attribute = False
    name = forms.CharField(
        max_length=60,
        help_text="Whose phone it is, for example Asha, office phone",
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 60}),
        error_messages={
            "required": "Enter a name",
            "max_length": "Shorten the name to 60 characters",
        },
    )
    number = forms.CharField(
        max_length=40,
        help_text="With its country code: +91 98765 40001, 0091 98765 40001 and 919876540001 are "
        "the same number",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={
            "required": "Enter a number with its country code",
            "max_length": "Enter one number, with its country code",
        },
    )

    def __init__(
        self, data: QueryDict | None = None, *, recipient: TestRecipient | None = None
    ) -> None:
        initial = {"name": recipient.name, "number": recipient.number} if recipient else {}
        super().__init__(data, initial=initial)

    def clean_number(self) -> str:
        try:
            return parse_typed(self.cleaned_data["number"])
        except RecipientError as problem:
            raise forms.ValidationError(str(problem)) from problem
