"""The filter of the list of flows: search, status, sort. Everything lives in the URL."""

from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet

from flows.models import Flow, FlowState
from flows.models.flow import title_key

from .filters import Chip, SearchFilter, entries

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


class FlowFilter(SearchFilter):
    q = forms.CharField(required=False, label="Title or Workflow ID", max_length=200)
    status = forms.ChoiceField(required=False, choices=entries(STATUSES))
    sort = forms.ChoiceField(required=False, choices=entries(SORTS))

    def rows(self, flows: "QuerySet[Flow]") -> "QuerySet[Flow]":
        flows = flows.filter(STATUSES[self.value("status")][1]).select_related(
            "account", "live_version", "updated_by"
        )
        if search := self.search:
            flows = flows.filter(Q(title_key__contains=title_key(search)) | _by_id(search))
        return flows.order_by(*SORTS[self.value("sort")][1])

    def chips(self) -> list[Chip]:
        """Without the order, which leaves out nothing."""
        return [chip for chip in super().chips() if chip.name != "sort"]


def _by_id(search: str) -> Q:
    try:
        return Q(workflow_id=UUID(search))
    except ValueError:
        return Q(pk__in=[])
