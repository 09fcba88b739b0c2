"""API keys: issued with a secret that is shown once, renamed, limited to addresses, revoked."""

import ipaddress
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from flows.models import ApiKey, KeyKind

from .base import AuditedAdmin, Form, staff


class ApiKeyForm(Form):
    ip_ranges = forms.CharField(
        label="IP ranges",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One a line, for example 203.0.113.0/24. Empty: from anywhere.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["ip_ranges"] = "\n".join(self.instance.ip_ranges or [])

    def clean_ip_ranges(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["ip_ranges"].splitlines()]
        ranges = []
        for line in filter(None, lines):
            try:
                ranges.append(str(ipaddress.ip_network(line, strict=False)))
            except ValueError as error:
                message = f"“{line[:60]}” is neither an IP address nor a range."
                raise forms.ValidationError(message) from error
        return ranges


@admin.register(ApiKey)
class ApiKeyAdmin(AuditedAdmin):
    form = ApiKeyForm
    list_display = ("name", "prefix", "account", "kind", "last_used_at", "revoked_at")
    list_filter = ("kind", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("account",)
    search_fields = ("name", "prefix", "account__name", "account__sid")
    autocomplete_fields = ("account",)
    actions = ("revoke",)
    fixed = ("account", "kind", "prefix", "created_by", "created_at", "last_used_at", "revoked_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        found: QuerySet[ApiKey] = super().get_queryset(request)
        return found.filter(is_for_test_send=False)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ("account", "name", "kind", "ip_ranges")
        return ("name", "ip_ranges", *self.fixed)

    def save_model(self, request: HttpRequest, obj: Any, form: Form, change: bool) -> None:
        if not change:
            self._issue(request, obj)
        super().save_model(request, obj, form, change)

    def _issue(self, request: HttpRequest, asked: ApiKey) -> None:
        """Turn the key that was asked for into one with a secret, and show that this once."""
        key, secret = ApiKey.issue(
            asked.account,
            name=asked.name,
            kind=KeyKind(asked.kind),
            by=staff(request),
            ip_ranges=asked.ip_ranges,
        )
        asked.__dict__.update(key.__dict__)
        messages.warning(
            request, f"The secret of “{key.name}”, shown only now: {secret}. Copy it to its user."
        )

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        revoked = [key for key in keys if key.revoke()]
        for key in revoked:
            self.log(request, key, "revoke")
        noun = "key was" if len(revoked) == 1 else "keys were"
        messages.success(request, f"{len(revoked)} {noun} revoked.")
