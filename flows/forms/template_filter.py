"""The filter of the list of templates: search, channel, status. Everything lives in the URL."""

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from flows.models import AssetStatus, ChannelChoice, Template, TemplateVersion

from .filters import SearchFilter, choice, entries

_IN_REVIEW = Exists(
    TemplateVersion.objects.filter(template=OuterRef("pk"), status=AssetStatus.PENDING)
)
STATUSES: dict[str, tuple[str, Q]] = {
    "": ("Any status", Q()),
    **{status.value: (status.label, Q(status=status)) for status in AssetStatus},
    "in_review": ("In review", Q(_IN_REVIEW)),
    "changed": ("Draft changes", Q(draft__isnull=False) & ~Q(_IN_REVIEW)),
}


class TemplateFilter(SearchFilter):
    q = forms.CharField(required=False, max_length=200)
    channel = choice("Any channel", ChannelChoice.choices)
    status = forms.ChoiceField(required=False, choices=entries(STATUSES))

    def rows(self, templates: "QuerySet[Template]") -> "QuerySet[Template]":
        found = templates.filter(STATUSES[self.value("status")][1])
        if channel := self.value("channel"):
            found = found.filter(channel=channel)
        if search := self.search:
            found = found.filter(Q(name__icontains=search) | Q(body__icontains=search))
        return found
