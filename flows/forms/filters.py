"""What the filters of lists have in common: which values count, their chips and their query string.

A room's own filter adds its fields and which rows each of them leaves. Filters change nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from flows.models import Account

from .renderer import CONTROLS

PERIODS = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(days=1)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
CHOOSE = {"invalid_choice": "Choose one of the entries in the list"}
DAY = {"invalid": "Enter a date like 2026-11-22"}

Condition = Callable[[Any, Account], Q]
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Chip:
    """One filter that is on: its place in the query string, and its words."""

    name: str
    label: str
    value: str

    @property
    def words(self) -> str:
        return f"{self.label}: {self.value}" if self.label else self.value


class ListFilter(forms.Form):
    """An unknown value filters nothing: a link that was shared must never break."""

    use_required_attribute = False

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters that are on, in the order of the fields."""
        self.is_valid()
        return {name: value for name in self.fields if (value := self.cleaned_data.get(name))}

    def value(self, name: str) -> str:
        return str(self.chosen.get(name, ""))

    @property
    def query(self) -> str:
        """The shortest query string that shows this list again."""
        return f"?{urlencode(self.chosen)}" if self.chosen else ""

    def chips(self) -> list[Chip]:
        return [self.chip(name, value) for name, value in self.chosen.items()]

    def chip(self, name: str, value: Any) -> Chip:
        return Chip(name, str(self[name].label), self.words(name, value))

    def words(self, name: str, value: Any) -> str:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            return str(dict(field.choices)[value])  # type: ignore[arg-type]
        return str(value).translate(CONTROLS)


class SearchFilter(ListFilter):
    """A list that is searched with `q`; its chip shows the words alone."""

    @property
    def search(self) -> str:
        return self.value("q")

    def chip(self, name: str, value: Any) -> Chip:
        return Chip("q", "", f"“{value}”") if name == "q" else super().chip(name, value)


class AccountFilter(ListFilter):
    """The filter of rows of one account; `conditions` says what each field leaves."""

    conditions: ClassVar[dict[str, Condition]] = {}

    def __init__(self, query: QueryDict, *, account: Account) -> None:
        super().__init__(query, auto_id="filter-%s")
        self.account = account

    def offer(self, name: str, anything: str, choices: Iterable[Any]) -> None:
        """The entries of a choice that only the account knows."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (tells the type)
        field.choices = [("", anything), *choices]

    def passing(self, rows: "QuerySet[Row]") -> "QuerySet[Row]":
        for name, value in self.chosen.items():
            rows = rows.filter(self.conditions[name](value, self.account))
        return rows


class DatedFilter(AccountFilter):
    """With `since` and `until`. A mistake is told, and nothing passes until it is mended."""

    more: ClassVar[tuple[str, ...]] = ()

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, Any] = self.cleaned_data
        for name in ("since", "until"):
            if (day := chosen.get(name)) and not 2000 <= day.year <= 2100:
                self.add_error(name, "Choose a day between 2000 and 2100")
        since, until = chosen.get("since"), chosen.get("until")
        if since and until and since > until:
            self.add_error("until", "Choose a day that is not before the first day")
        return chosen

    @property
    def chosen(self) -> dict[str, Any]:
        return super().chosen if self.is_valid() else {}

    def passing(self, rows: "QuerySet[Row]") -> "QuerySet[Row]":
        return super().passing(rows) if self.is_valid() else rows.none()

    @property
    def uses_more(self) -> bool:
        """A filter is on, or wrong, that stands under “More filters”."""
        return any(self.data.get(name) for name in self.more)


def entries(table: Mapping[str, tuple[str, Any]]) -> list[tuple[str, str]]:
    """The choices of a table that has the words first."""
    return [(key, words) for key, (words, _) in table.items()]


def choice(
    anything: str = "", choices: Iterable[Any] = (), *, label: str | None = None
) -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False, label=label, error_messages=CHOOSE, choices=[("", anything), *choices]
    )


def period() -> forms.ChoiceField:
    return choice("Any time", entries(PERIODS))


def day(label: str, **more: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, error_messages=DAY, widget=widget, **more)


def moments(field: str) -> dict[str, Condition]:
    """What `period`, `since` and `until` leave, by this moment of a row."""
    return {
        "period": lambda key, _: Q((f"{field}__gte", timezone.now() - PERIODS[key][1])),
        "since": lambda day, account: Q((f"{field}__gte", _midnight(day, account))),
        "until": lambda day, account: Q(
            (f"{field}__lt", _midnight(day + timedelta(days=1), account))
        ),
    }


def _midnight(day: Any, account: Account) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(account.time_zone))
