"""Inputs that Django does not bring: choice cards and a wait with a unit. No rules of flows."""

from collections.abc import Mapping
from typing import Any

from django import forms

PRESETS_S = (30, 60, 120, 300, 900)


class ChoiceCards(forms.RadioSelect):
    """Radio buttons as cards, each with a sentence: `ChoiceCards(hints={"sms": "…"})`."""

    template_name = "components/_choice_cards.html"
    option_template_name = "components/_choice_card.html"

    def __init__(self, *args: Any, hints: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hints = dict(hints or {})

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """One card: the option that Django makes, with its hint."""
        option = super().create_option(name, value, *args, **kwargs)
        return {**option, "hint": self.hints.get(str(value), "")}


class WaitInput(forms.MultiWidget):
    """A number and its unit; presets are buttons that fill both in."""

    template_name = "components/_wait_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        number = forms.NumberInput(attrs={"min": 1, "max": 900, "aria-label": "Wait"})
        unit = forms.Select(
            choices=[("s", "seconds"), ("min", "minutes")], attrs={"aria-label": "Unit"}
        )
        super().__init__([number, unit], attrs)

    def decompress(self, value: Any) -> list[Any]:
        """Seconds to what a person would have typed: 120 → 2 minutes."""
        if isinstance(value, int) and value and value % 60 == 0:
            return [value // 60, "min"]
        return [value, "s"]

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Adds the presets."""
        return {**super().get_context(name, value, attrs), "presets_s": PRESETS_S}


class WaitField(forms.MultiValueField):
    """A wait in seconds; empty is None. The limits are the form's own rule."""

    widget = WaitInput

    def __init__(self, **kwargs: Any) -> None:
        whole = {"invalid": "Enter the wait as a whole number"}
        parts = (
            forms.IntegerField(required=False, error_messages=whole),
            forms.ChoiceField(required=False, choices=[("s", "seconds"), ("min", "minutes")]),
        )
        super().__init__(fields=parts, require_all_fields=False, **kwargs)

    def compress(self, data_list: list[Any]) -> int | None:
        """What was typed, in seconds."""
        if not data_list or data_list[0] is None:
            return None
        return int(data_list[0]) * (60 if data_list[1] == "min" else 1)

    def clean(self, value: Any) -> int | None:
        """A unit alone is no wait."""
        seconds: int | None = super().clean(value)
        if seconds is None and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return seconds
