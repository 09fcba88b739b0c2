"""Callback profiles: where results go. The signing secret is shown when it is made, then never."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from flows.connectors.http import address_problem
from flows.models import CallbackProfile
from flows.models.callback import new_signing_secret

from .base import AuditedAdmin, Form


class CallbackProfileForm(Form):
    url = forms.URLField(label="Endpoint", max_length=500, assume_scheme="https")
    basic_auth = forms.CharField(
        label="Basic authentication",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="user:password. Never shown; empty keeps what is stored.",
    )

    def clean_basic_auth(self) -> str:
        given = str(self.cleaned_data["basic_auth"])
        if given and ":" not in given:
            raise forms.ValidationError("Enter user and password with a colon between them.")
        return given

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if problem := address_problem(url, allow_private=settings.CALLBACK_ALLOW_PRIVATE):
            raise forms.ValidationError(problem)
        return url

    def clean_headers(self) -> dict[str, str]:
        headers = self.cleaned_data["headers"] or {}
        texts = isinstance(headers, dict) and all(isinstance(v, str) for v in headers.values())
        if not texts:
            raise forms.ValidationError('Enter a JSON object of texts like {"x-team": "orders"}.')
        return dict(headers)

    def save(self, commit: bool = True) -> Any:
        if given := self.cleaned_data["basic_auth"]:
            self.instance.basic_auth = given
        return super().save(commit)


@admin.register(CallbackProfile)
class CallbackProfileAdmin(AuditedAdmin):
    form = CallbackProfileForm
    list_display = ("title", "public_id", "account", "url", "enabled", "failing_since")
    list_filter = ("enabled", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("account",)
    search_fields = ("title", "public_id", "account__name", "account__sid")
    autocomplete_fields = ("account",)
    readonly_fields = ("public_id", "failing_since", "created_at", "deleted_at")
    fields = (
        "account",
        "title",
        "public_id",
        "url",
        "headers",
        "basic_auth",
        "body_template",
        "enabled",
        "disabled_reason",
        "failing_since",
        "created_at",
        "deleted_at",
    )
    actions = ("rotate_secret",)
    write_only = ("basic_auth", "headers")

    def save_model(self, request: HttpRequest, obj: Any, form: Form, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            _show_once(request, obj)

    @admin.action(description="Rotate the signing secret")
    def rotate_secret(self, request: HttpRequest, profiles: QuerySet[CallbackProfile]) -> None:
        for profile in profiles:
            profile.secret = new_signing_secret()
            profile.save(update_fields=["secret_encrypted"])
            self.log(request, profile, "rotate_secret")
            _show_once(request, profile)


def _show_once(request: HttpRequest, profile: CallbackProfile) -> None:
    messages.warning(
        request, f"The signing secret of “{profile.title}”, shown only now: {profile.secret}"
    )
