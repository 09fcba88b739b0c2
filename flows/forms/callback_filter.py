"""The filters of callback profiles and of what was posted to one. Everything lives in the URL."""

from datetime import date, datetime
from typing import ClassVar

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.utils import timezone

from flows.models import DeliveryState

from .filters import PERIODS, AccountFilter, Condition, choice, day, entries, moments, period

FAILING = Q(enabled=True, failing_since__isnull=False)
STATES = {
    "enabled": ("Enabled", Q(enabled=True)),
    "failing": ("Failing", FAILING),
    "disabled": ("Disabled", Q(enabled=False)),
}
KINDS = {
    "result": ("Results", Q(execution__isnull=False)),
    "test": ("Test events", Q(execution__isnull=True)),
}
SENSIBLE = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 1, 1))]


class ProfileFilter(AccountFilter):
    q = forms.CharField(
        label="Title",
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "data-key": "/",
                "data-key-name": "Search",
                "autocomplete": "off",
            }
        ),
    )
    state = choice("Any status", entries(STATES), label="Status")
    since = day("Created from", validators=SENSIBLE)
    until = day("Created to", validators=SENSIBLE)

    conditions: ClassVar[dict[str, Condition]] = {
        "q": lambda value, account: Q(title__icontains=value),
        "state": lambda value, account: STATES[value][1],
        **moments("created_at"),
    }


class DeliveryFilter(AccountFilter):
    state = choice("Any status", DeliveryState.choices, label="Status")
    period = period()
    kind = choice("Results and tests", entries(KINDS))

    conditions: ClassVar[dict[str, Condition]] = {
        "state": lambda value, account: Q(state=value),
        "kind": lambda value, account: KINDS[value][1],
        **moments("created_at"),
    }


class PeriodForm(forms.Form):
    """Since when lost results are posted again."""

    period = forms.ChoiceField(
        label="Lost in the",
        choices=entries(PERIODS),
        required=False,
    )

    @property
    def key(self) -> str:
        return str(self.cleaned_data.get("period") or "24h") if self.is_valid() else "24h"

    @property
    def since(self) -> datetime:
        return timezone.now() - PERIODS[self.key][1]
