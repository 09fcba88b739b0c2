"""API keys, to look at and to revoke. They are made on the account's own page, whose answer shows
the secret once: here it would have to travel through a message."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from flows.models import ApiKey, keys

from .base import ReadOnlyAdmin, staff


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "account", "kind", "last_used_at", "revoked_at")
    list_filter = ("kind", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("account",)
    search_fields = ("name", "prefix", "account__name", "account__sid")
    actions = ("revoke",)
    fields = (
        "account", "name", "kind", "prefix", "ip_ranges", "created_by", "created_at",
        "last_used_at", "revoked_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        found: QuerySet[ApiKey] = super().get_queryset(request)
        return found.filter(is_for_test_send=False)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("flows.change_apikey")

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        """Those that are revoked already stay as they are."""
        count = 0
        for key in chosen.filter(revoked_at=None).select_related("account"):
            keys.revoke(key, by=staff(request))
            count += 1
        noun = "key was" if count == 1 else "keys were"
        messages.success(request, f"{count} {noun} revoked.")
