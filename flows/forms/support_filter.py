"""The filters of the support desk: a search for accounts, kind and answer. They live in the URL."""

from django import forms
from django.db.models import Q, QuerySet

from flows.models import Account, Decision, Review, ReviewKind

from .filters import SearchFilter, choice, entries

ANSWERS = [choice for choice in Decision.choices if choice[0] != Decision.OPEN]
STATES = {
    "": ("Any status", Q()),
    "open": ("With open requests", Q(reviews__decision=Decision.OPEN)),
    "onboarding": ("Fallback not enabled", Q(fallback_enabled_at=None, closed_at=None)),
    "enabled": ("Fallback enabled", Q(fallback_enabled_at__isnull=False, closed_at=None)),
    "closed": ("Closed", Q(closed_at__isnull=False)),
}


class SupportFilter(SearchFilter):
    q = forms.CharField(required=False, label="Account name or SID", max_length=100)
    kind = choice("Every kind", ReviewKind.choices)
    decision = choice("Any answer", ANSWERS)
    state = forms.ChoiceField(required=False, choices=entries(STATES))

    def found(self, rows: "QuerySet[Review]") -> "QuerySet[Review]":
        """Those of the accounts that are searched for."""
        search = self.search
        wanted = Q(account__name__icontains=search) | Q(account__sid__iexact=search)
        return rows.filter(wanted) if search else rows

    def of_kind(self, rows: "QuerySet[Review]") -> "QuerySet[Review]":
        kind = self.value("kind")
        return rows.filter(kind=kind) if kind else rows

    def answered(self, rows: "QuerySet[Review]") -> "QuerySet[Review]":
        decision = self.value("decision")
        return rows.filter(decision=decision) if decision else rows.exclude(decision=Decision.OPEN)

    def accounts(self, rows: "QuerySet[Account]") -> "QuerySet[Account]":
        search = self.search
        if search:
            rows = rows.filter(Q(name__icontains=search) | Q(sid__iexact=search))
        return rows.filter(STATES[self.value("state")][1]).distinct()
