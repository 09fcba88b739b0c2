"""The filter of the audit log: what the query string says, and which entries it leaves.

One form for page and CSV, so that they always agree. It changes nothing.
"""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from flows.audit_words import KINDS, SUPPORT, WORDS
from flows.models import Account, AuditEntry, Membership, User

from .filters import Condition, DatedFilter, choice, day, moments, period

BY_SUPPORT, BY_NOBODY = "support", "nobody"


def _by_person(value: str, account: Account) -> Q:
    if value == BY_NOBODY:
        return Q(actor=None)
    if value == BY_SUPPORT:
        seats = Membership.objects.filter(account=account).values("user")
        return Q(actor__is_staff=True) & ~Q(actor__in=seats)
    return Q(actor=User.objects.filter(public_id=UUID(value)).values("pk")[:1])


class AuditFilter(DatedFilter):
    person = choice()
    kind = choice("Anything", KINDS.items(), label="Kind of object")
    period = period()
    q = forms.CharField(
        label="Name",
        required=False,
        max_length=120,
        help_text="Part of the name of what was changed, or its whole ID",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "data-key": "/",
                "data-key-name": "Filter by name",
            }
        ),
    )
    action = choice()
    since = day("From day")
    until = day("To day")
    object = forms.CharField(
        label="Object ID",
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    more: ClassVar[tuple[str, ...]] = ("action", "since", "until", "object")
    conditions: ClassVar[dict[str, Condition]] = {
        "person": _by_person,
        "kind": lambda value, account: Q(object_kind=value),
        "q": lambda value, account: Q(object_label__icontains=value) | Q(object_id=value),
        "action": lambda value, account: Q(action=value),
        "object": lambda value, account: Q(object_id=value),
        **moments("at"),
    }

    def __init__(self, query: QueryDict, *, account: Account) -> None:
        super().__init__(query, account=account)
        self.offer("person", "Anybody", _people(account))
        self.offer("action", "Any action", _actions())

    def rows(self) -> "QuerySet[AuditEntry]":
        """The account's entries that pass; none at all while the filter has a mistake."""
        return self.passing(AuditEntry.objects.filter(account=self.account))

    def words(self, name: str, value: Any) -> str:
        return WORDS[value].capitalize() if name == "action" else super().words(name, value)


def _people(account: Account) -> list[tuple[str, str]]:
    """Who is in the account or was, then those without a name."""
    gone = AuditEntry.objects.filter(
        account=account,
        object_kind="membership",
        action__in=("membership.remove", "membership.leave", "membership.delete"),
    ).values_list("object_id", flat=True)
    ids = {UUID(text) for text in gone if _is_uuid(text)}
    seats = Q(pk__in=Membership.objects.filter(account=account).values("user"))
    people = User.objects.filter(seats | Q(public_id__in=ids)).order_by("first_name", "email")
    named = [(str(person.public_id), str(person)) for person in people]
    return [*named, (BY_SUPPORT, SUPPORT), (BY_NOBODY, "Nobody: Sandbox or engine")]


def _actions() -> list[tuple[str, list[tuple[str, str]]]]:
    """Grouped by what the action is about."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for action, words in WORDS.items():
        noun = action.partition(".")[0]
        title = KINDS.get(noun, noun.capitalize())
        groups.setdefault(title, []).append((action, words.rstrip(":").capitalize()))
    return list(groups.items())


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
