"""Asks for a name to be typed before something that cannot be undone."""

from django import forms
from django.http import QueryDict


class TypedNameForm(forms.Form):
    """`name` is what must be typed; spaces around it and case do not count."""

    use_required_attribute = False
    typed = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: QueryDict | None = None, *, name: str, what: str) -> None:
        super().__init__(data)
        self.name = name
        field = self.fields["typed"]
        field.label = f"Type the {what} to go on: {name}"
        field.error_messages["required"] = f"Type the {what}: {name}"

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if " ".join(typed.split()).casefold() != " ".join(self.name.split()).casefold():
            raise forms.ValidationError(f"That is not the same. Type exactly: {self.name}")
        return typed
