"""The filter of the executions list: what the query string says, and which rows it leaves.

One form for page, CSV and the count of new rows, so that they always agree. It changes nothing.
"""

import re
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from flows.models import Account, ChannelChoice, Execution, ExecutionState, KeyKind, Outcome
from flows.recipients import mask

from .filters import Condition, DatedFilter, choice, day, moments, period

RUNNING = "running"
TWICE = "delivered_twice"
IS_TEST = Q(is_test_send=True) | Q(kind=KeyKind.TEST)


def _by_status(value: str, account: Account) -> Q:
    return ~Q(state=ExecutionState.ENDED) if value == RUNNING else Q(state=value)


def _by_outcome(value: str, account: Account) -> Q:
    return Q(delivered_twice=True) if value == TWICE else Q(outcome=value)


class ExecutionFilter(DatedFilter):
    flow = choice()
    status = choice("Any status", [(RUNNING, "Not ended yet"), *ExecutionState.choices])
    outcome = choice("Any outcome", [*Outcome.choices, (TWICE, "Delivered twice")])
    channel = choice("Any channel", ChannelChoice.choices, label="Delivered by")
    period = period()
    since = day("From day")
    until = day("To day")
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
    test = choice("With tests", [("no", "Without tests"), ("only", "Only tests")], label="Tests")

    more: ClassVar[tuple[str, ...]] = (
        "status", "channel", "test", "since", "until", "request_id"
    )  # fmt: skip
    conditions: ClassVar[dict[str, Condition]] = {
        "flow": lambda value, account: Q(flow__public_id=UUID(value)),
        "status": _by_status,
        "outcome": _by_outcome,
        "channel": lambda value, account: Q(outcome_channel=value),
        "recipient": lambda value, account: Q(recipient=value),
        "request_id": lambda value, account: Q(request_id=value) | Q(public_id=value),
        "test": lambda value, account: IS_TEST if value == "only" else ~IS_TEST,
        **moments("created_at"),
    }

    def __init__(self, query: QueryDict, *, account: Account) -> None:
        super().__init__(query, account=account)
        self.offer("flow", "Any flow", _flows(account))

    def clean_recipient(self) -> str:
        number = re.sub(r"[\s+().-]", "", self.cleaned_data["recipient"])
        if number and not re.fullmatch(r"[0-9]{6,15}", number):
            raise forms.ValidationError("Enter the whole number in digits, with its country code")
        return number

    def rows(self) -> QuerySet[Execution]:
        """The account's executions that pass; none at all while the filter has a mistake."""
        return self.passing(Execution.objects.filter(account=self.account))

    def words(self, name: str, value: Any) -> str:
        return mask(value) if name == "recipient" else super().words(name, value)


def _flows(account: Account) -> list[tuple[str, str]]:
    rows = account.flows.order_by("deleted_at", "title").values_list(
        "public_id", "title", "deleted_at"
    )
    return [(str(pk), f"{title} (deleted)" if gone else title) for pk, title, gone in rows]
