"""The filter of the list of senders: search, channel, status. Everything lives in the URL."""

from django import forms
from django.db.models import Q, QuerySet

from flows.models import AssetStatus, ChannelChoice, Sender

from .filters import SearchFilter, choice

STATUSES = [choice for choice in AssetStatus.choices if choice[0] != AssetStatus.DISABLED]


class SenderFilter(SearchFilter):
    q = forms.CharField(required=False, label="Number, Sender ID or name", max_length=60)
    channel = choice("Any channel", ChannelChoice.choices)
    status = choice("Any status", STATUSES)

    def rows(self, senders: "QuerySet[Sender]") -> "QuerySet[Sender]":
        exact = {name: found for name in ("channel", "status") if (found := self.value(name))}
        senders = senders.filter(**exact)
        if search := self.search:
            number = search.replace(" ", "").removeprefix("+")
            senders = senders.filter(
                Q(identifier__icontains=number) | Q(display_name__icontains=search)
            )
        return senders
