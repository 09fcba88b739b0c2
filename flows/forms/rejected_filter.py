"""The filter of the rejected calls: kinds of reasons, what to do about each, and which rows fit.

One form for page and CSV, so that they always agree. It changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import QueryDict

from flows.models import Account, RejectedCall

from .filters import AccountFilter, Condition, choice, moments, period


@dataclass(frozen=True)
class Kind:
    """A kind of reason: its words, what its sentences have in common, and what the caller does."""

    label: str
    marks: tuple[str, ...]
    advice: str


KINDS = {
    "used": Kind(
        "Request ID used before",
        ("has already been used.",),
        "The first call with this requestId was accepted: nothing is lost. Give every new call "
        "an ID of its own.",
    ),
    "draft": Kind(
        "Flow not published", ("is not published.",), "Publish the flow, then call it again."
    ),
    "no_flow": Kind(
        "No such flow",
        ("does not exist.",),
        "Copy the Workflow ID from the flow's page. A deleted flow must be restored first.",
    ),
    "team": Kind(
        "Not a test recipient",
        ("A team key sends only",),
        "Add the number to the test recipients, or call with a live key.",
    ),
    "rate": Kind(
        "Too many calls",
        ("Too many requests.",),
        "Wait as long as the header Retry-After says, then call again more slowly.",
    ),
    "recipient": Kind(
        "Recipient",
        (".recipient:",),
        "Send digits with the country code, without + and spaces: 919876540001.",
    ),
    "params": Kind(
        "Template parameters",
        (".templateParams",),
        "Send a value for every variable; the flow's page has a ready call.",
    ),
    "request_id": Kind(
        "requestId", ("requestId:",), "Send a requestId of 1 to 128 characters with every call."
    ),
    "steps": Kind(
        "Steps",
        ("input.", "input:"),
        "Send send1, send2 and so on, one for each step of the live version.",
    ),
    "body": Kind(
        "Body or header",
        ("The body", "Content-Type:", "x-test-speed:"),
        "Send one JSON object in UTF-8, at most 64 KiB, with Content-Type: application/json.",
    ),
}


def kind_of(error: str) -> str:
    """The first kind that one of its marks names; empty for a sentence of no kind."""
    return next((key for key, kind in KINDS.items() if _names(error, kind.marks)), "")


def advice_for(errors: Iterable[str]) -> list[str]:
    """What to do about these reasons, each advice once."""
    kinds = dict.fromkeys(kind_of(error) for error in errors)
    return [KINDS[key].advice for key in kinds if key]


def _names(error: str, marks: tuple[str, ...]) -> bool:
    return any(mark in error for mark in marks)


def _by_reason(value: str, account: Account) -> Q:
    found = Q()
    for mark in KINDS[value].marks:
        found |= Q(errors__icontains=mark)
    return found


class RejectedFilter(AccountFilter):
    reason = choice("Any reason", [(key, kind.label) for key, kind in KINDS.items()])
    flow = choice()
    key = choice(label="API key")
    period = period()

    conditions: ClassVar[dict[str, Condition]] = {
        "reason": _by_reason,
        "flow": lambda value, account: Q(flow__public_id=UUID(value)),
        "key": lambda value, account: Q(api_key__public_id=UUID(value)),
        **moments("created_at"),
    }

    def __init__(self, query: QueryDict, *, account: Account) -> None:
        super().__init__(query, account=account)
        flows = account.flows.order_by("title_key").values_list("public_id", "title")
        keys = account.api_keys.filter(is_for_test_send=False).order_by("name", "pk")
        self.offer("flow", "Any flow", [(str(pk), title) for pk, title in flows])
        self.offer("key", "Any key", [(str(k.public_id), str(k)) for k in keys])

    def rows(self) -> QuerySet[RejectedCall]:
        return self.passing(RejectedCall.objects.filter(account=self.account))
