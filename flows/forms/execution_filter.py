"""The filter of the executions list: what the query string says, and which rows it leaves.

One form for page, CSV and the count of new rows, so that they always agree. It changes nothing.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from flows.models import Account, ChannelChoice, Execution, ExecutionState, KeyKind, Outcome
from flows.recipients import mask

from .renderer import CONTROLS

PERIODS = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(days=1)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
RUNNING = "running"
TWICE = "delivered_twice"
IS_TEST = Q(is_test_send=True) | Q(kind=KeyKind.TEST)
MORE = ("status", "channel", "test", "since", "until", "request_id")
CHOOSE = {"invalid_choice": "Choose one of the entries in the list"}
DAY = {"invalid": "Enter a date like 2026-11-22"}


@dataclass(frozen=True)
class Chip:
    """One filter that is on: its words, and the query string names to drop to remove it."""

    name: str
    label: str
    value: str


class ExecutionFilter(forms.Form):
    flow = forms.ChoiceField(required=False, error_messages=CHOOSE)
    status = forms.ChoiceField(
        required=False,
        error_messages=CHOOSE,
        choices=[("", "Any status"), (RUNNING, "Not ended yet"), *ExecutionState.choices],
    )
    outcome = forms.ChoiceField(
        required=False,
        error_messages=CHOOSE,
        choices=[("", "Any outcome"), *Outcome.choices, (TWICE, "Delivered twice")],
    )
    channel = forms.ChoiceField(
        label="Delivered by",
        required=False,
        error_messages=CHOOSE,
        choices=[("", "Any channel"), *ChannelChoice.choices],
    )
    period = forms.ChoiceField(
        required=False,
        error_messages=CHOOSE,
        choices=[("", "Any time"), *((key, words) for key, (words, _) in PERIODS.items())],
    )
    since = forms.DateField(
        label="From day",
        required=False,
        error_messages=DAY,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label="To day",
        required=False,
        error_messages=DAY,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    recipient = forms.CharField(
        required=False,
        max_length=30,
        help_text="The whole number with country code, of the first step",
        widget=forms.TextInput(
            attrs={
                "inputmode": "tel",
                "autocomplete": "off",
                "data-key": "/",
                "data-key-name": "Filter by recipient",
            }
        ),
    )
    request_id = forms.CharField(
        label="Request or invocation ID",
        required=False,
        max_length=128,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    test = forms.ChoiceField(
        label="Tests",
        required=False,
        error_messages=CHOOSE,
        choices=[("", "With tests"), ("no", "Without tests"), ("only", "Only tests")],
    )

    def __init__(self, query: QueryDict, *, account: Account) -> None:
        super().__init__(query, auto_id="filter-%s")
        self.account = account
        flow = self.fields["flow"]
        assert isinstance(flow, forms.ChoiceField)  # noqa: S101  (tells the type)
        flow.choices = [("", "Any flow"), *_flows(account)]

    def clean_recipient(self) -> str:
        number = re.sub(r"[\s+().-]", "", self.cleaned_data["recipient"])
        if number and not re.fullmatch(r"[0-9]{6,15}", number):
            raise forms.ValidationError("Enter the whole number in digits, with its country code")
        return number

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, Any] = self.cleaned_data
        for name in ("since", "until"):
            if (day := chosen.get(name)) and not 2000 <= day.year <= 2100:
                self.add_error(name, "Choose a day between 2000 and 2100")
        since, until = chosen.get("since"), chosen.get("until")
        if since and until and since > until:
            self.add_error("until", "Choose a day that is not before the first day")
        return chosen

    def rows(self) -> QuerySet[Execution]:
        """The account's executions that pass; none at all while the filter has a mistake."""
        rows = Execution.objects.filter(account=self.account)
        if not self.is_valid():
            return rows.none()
        for name, value in self._chosen():
            rows = rows.filter(CONDITIONS[name](value, self.account))
        return rows

    def chips(self) -> list[Chip]:
        """Every filter that is on, in words."""
        return [Chip(name, self._label(name), self._words(name, v)) for name, v in self._chosen()]

    @property
    def uses_more(self) -> bool:
        """A filter is on, or wrong, that stands under “More filters”."""
        return any(self.data.get(name) for name in MORE)

    def _chosen(self) -> Iterator[tuple[str, Any]]:
        if self.is_valid():
            yield from ((n, v) for n in self.fields if (v := self.cleaned_data.get(n)))

    def _label(self, name: str) -> str:
        return str(self[name].label)

    def _words(self, name: str, value: Any) -> str:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            return str(dict(field.choices)[value])  # type: ignore[arg-type]
        if name == "recipient":
            return mask(value)
        return str(value).translate(CONTROLS)


def _flows(account: Account) -> list[tuple[str, str]]:
    rows = account.flows.order_by("deleted_at", "title").values_list(
        "public_id", "title", "deleted_at"
    )
    return [(str(pk), f"{title} (deleted)" if gone else title) for pk, title, gone in rows]


def _midnight(day: Any, account: Account) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(account.time_zone))


def _by_status(value: str, account: Account) -> Q:
    return ~Q(state=ExecutionState.ENDED) if value == RUNNING else Q(state=value)


def _by_outcome(value: str, account: Account) -> Q:
    return Q(delivered_twice=True) if value == TWICE else Q(outcome=value)


def _by_period(value: str, account: Account) -> Q:
    return Q(created_at__gte=timezone.now() - PERIODS[value][1])


def _until(day: Any, account: Account) -> Q:
    return Q(created_at__lt=_midnight(day + timedelta(days=1), account))


CONDITIONS: dict[str, Callable[[Any, Account], Q]] = {
    "flow": lambda value, account: Q(flow__public_id=UUID(value)),
    "status": _by_status,
    "outcome": _by_outcome,
    "channel": lambda value, account: Q(outcome_channel=value),
    "period": _by_period,
    "since": lambda value, account: Q(created_at__gte=_midnight(value, account)),
    "until": _until,
    "recipient": lambda value, account: Q(recipient=value),
    "request_id": lambda value, account: Q(request_id=value) | Q(public_id=value),
    "test": lambda value, account: IS_TEST if value == "only" else ~IS_TEST,
}
