"""Callback profiles, to look at: the admins of an account make and change them on its own pages.

Secrets, passwords and the values of headers are not shown here either.
"""

from django.contrib import admin

from flows.models import CallbackProfile

from .base import ReadOnlyAdmin


@admin.register(CallbackProfile)
class CallbackProfileAdmin(ReadOnlyAdmin):
    list_display = ("title", "public_id", "account", "url", "enabled", "failing_since")
    list_filter = ("enabled", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("account",)
    search_fields = ("title", "public_id", "account__name", "account__sid")
    fields = (
        "account",
        "title",
        "public_id",
        "url",
        "header_names",
        "has_basic_auth",
        "body_template",
        "enabled",
        "disabled_reason",
        "failing_since",
        "old_secret_until",
        "created_at",
        "deleted_at",
    )

    @admin.display(description="Extra headers")
    def header_names(self, profile: CallbackProfile) -> str:
        return ", ".join(profile.headers) or "None"

    @admin.display(description="Basic authentication", boolean=True)
    def has_basic_auth(self, profile: CallbackProfile) -> bool:
        return bool(profile.basic_auth_encrypted)
