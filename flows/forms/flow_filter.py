"""The filter of the list of flows: search, status, sort. Everything lives in the URL."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet

from flows.models import Flow, FlowState
from flows.models.flow import title_key

STATUSES = {
    "": ("Any status", Q()),
    "draft": ("Draft", Q(state=FlowState.DRAFT)),
    "published": ("Published", Q(state=FlowState.PUBLISHED)),
    "changed": ("Unpublished changes", Q(state=FlowState.PUBLISHED, draft__isnull=False)),
    "requested": ("Publication asked for", Q(requested_at__isnull=False)),
}
SORTS = {
    "": ("Last updated", ("-updated_at", "-id")),
    "title": ("Title, A to Z", ("title_key", "id")),
    "-title": ("Title, Z to A", ("-title_key", "-id")),
    "created": ("Newest", ("-created_at", "-id")),
}


@dataclass(frozen=True)
class Chip:
    """One active filter; `name` is its place in the query string."""

    name: str
    words: str


class FlowFilter(forms.Form):
    """An unknown value filters nothing: a link that was shared must never break."""

    use_required_attribute = False
    q = forms.CharField(required=False, label="Title or Workflow ID", max_length=200)
    status = forms.ChoiceField(
        required=False, choices=[(key, words) for key, (words, _) in STATUSES.items()]
    )
    sort = forms.ChoiceField(
        required=False, choices=[(key, words) for key, (words, _) in SORTS.items()]
    )

    def _value(self, name: str) -> str:
        self.is_valid()
        return str(self.cleaned_data.get(name, "")).strip()

    @property
    def search(self) -> str:
        return self._value("q")

    def rows(self, flows: "QuerySet[Flow]") -> "QuerySet[Flow]":
        flows = flows.filter(STATUSES[self._value("status")][1]).select_related(
            "account", "live_version", "updated_by"
        )
        if search := self.search:
            flows = flows.filter(Q(title_key__contains=title_key(search)) | _by_id(search))
        return flows.order_by(*SORTS[self._value("sort")][1])

    @property
    def query(self) -> str:
        """The shortest query string that shows this list again."""
        values = {name: value for name in self.fields if (value := self._value(name))}
        return f"?{urlencode(values)}" if values else ""

    def chips(self) -> list[Chip]:
        found = []
        if search := self.search:
            found.append(Chip("q", f"“{search}”"))
        if status := self._value("status"):
            found.append(Chip("status", f"Status: {STATUSES[status][0]}"))
        return found


def _by_id(search: str) -> Q:
    try:
        return Q(workflow_id=UUID(search))
    except ValueError:
        return Q(pk__in=[])
