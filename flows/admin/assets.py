"""Connections, senders and templates of an account; support approves or rejects the latter two."""

import json
import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from flows.connectors import registry
from flows.models import AssetStatus, ChannelChoice, Connection, Sender, Template, TemplateKind
from flows.placeholders import Button
from flows.recipients import RecipientError, parse_recipient

from .base import AuditedAdmin, Form, staff

_SENDER_ID = re.compile(r"[0-9A-Za-z]{3,11}|[0-9]{3,15}")
_TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,100}")
_WHATSAPP_KINDS = {TemplateKind.TEXT, TemplateKind.AUTHENTICATION}


def _connectors() -> list[tuple[str, str]]:
    known = registry.load(tuple(settings.EXTRA_CONNECTORS))
    return [(key, connector.label) for key, connector in known.items()]


class ConnectionForm(Form):
    connector = forms.ChoiceField(choices=_connectors)
    config = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        help_text="A JSON object with the carrier's credentials. Never shown; empty keeps it.",
    )

    class Meta:
        model = Connection
        fields = ("account", "connector", "name", "config")

    def clean_config(self) -> dict[str, Any] | None:
        if not (text := self.cleaned_data["config"].strip()):
            return None
        try:
            config = json.loads(text)
        except ValueError as error:
            raise forms.ValidationError("This is not JSON.") from error
        if not isinstance(config, dict):
            raise forms.ValidationError("Enter a JSON object: {…}.")
        return config

    def save(self, commit: bool = True) -> Any:
        if (config := self.cleaned_data["config"]) is not None:
            self.instance.config = config
        return super().save(commit)


@admin.register(Connection)
class ConnectionAdmin(AuditedAdmin):
    form = ConnectionForm
    list_display = ("name", "connector", "account", "created_at")
    list_select_related = ("account",)
    search_fields = ("name", "account__name", "account__sid")
    autocomplete_fields = ("account",)
    write_only = ("config",)


class ReviewedForm(Form):
    """Who asks for approval learns why it was refused."""

    def value_of(self, name: str) -> Any:
        """What is chosen here, or was when the row was made."""
        return self.cleaned_data.get(name) or getattr(self.instance, name, None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_rejected = cleaned.get("status") == AssetStatus.REJECTED
        if is_rejected and not str(cleaned.get("status_reason", "")).strip():
            self.add_error("status_reason", "Say why it is rejected.")
        return cleaned


class SenderForm(ReviewedForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        account, connection = self.value_of("account"), cleaned.get("connection")
        if account and connection and connection.account_id != account.pk:
            self.add_error("connection", "Choose a connection of the same account.")
        if self.value_of("channel") == ChannelChoice.WHATSAPP:
            self._check_whatsapp(cleaned)
        elif not _SENDER_ID.fullmatch(cleaned.get("identifier", "")):
            self.add_error("identifier", "Enter 3 to 11 letters and digits, or a number.")
        return cleaned

    def _check_whatsapp(self, cleaned: dict[str, Any]) -> None:
        try:
            parse_recipient(cleaned.get("identifier"))
        except RecipientError as error:
            self.add_error("identifier", str(error))
        if not cleaned.get("generation"):
            self.add_error("generation", "Choose V1 or V2; only V1 may be used in flows.")


class ReviewedAdmin(AuditedAdmin):
    """An asset that support approves, or rejects with a reason on its page."""

    list_filter = ("status", "channel")
    list_select_related = ("account",)
    fixed = ("account", "channel")
    actions = ("approve",)

    @admin.action(description="Approve")
    def approve(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        waiting = list(rows.exclude(status=AssetStatus.APPROVED))
        for row in waiting:
            before = {"status": row.status, "status_reason": row.status_reason}
            row.status, row.status_reason = AssetStatus.APPROVED, ""
            row.save()
            self.log(request, row, "approve", before=before, after={"status": row.status})
        noun = "was" if len(waiting) == 1 else "were"
        messages.success(request, f"{len(waiting)} {noun} approved.")


@admin.register(Sender)
class SenderAdmin(ReviewedAdmin):
    form = SenderForm
    list_display = ("identifier", "channel", "display_name", "generation", "status", "account")
    search_fields = ("identifier", "display_name", "account__name", "account__sid")
    autocomplete_fields = ("account", "connection")


class TemplateForm(ReviewedForm):
    def clean_buttons(self) -> list[dict[str, Any]]:
        buttons = self.cleaned_data["buttons"] or []
        try:
            return [Button.from_json(button).to_json() for button in buttons]
        except (KeyError, TypeError, AttributeError) as error:
            message = 'Enter a list like [{"kind": "url", "text": "Track", "value": "https://…"}].'
            raise forms.ValidationError(message) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_whatsapp = self.value_of("channel") == ChannelChoice.WHATSAPP
        if "kind" in cleaned and (cleaned["kind"] in _WHATSAPP_KINDS) != is_whatsapp:
            self.add_error("kind", "Choose a kind of this channel.")
        if is_whatsapp and not _TEMPLATE_NAME.fullmatch(cleaned.get("name", "")):
            self.add_error("name", "Use lower-case letters, digits and _ only.")
        return cleaned


@admin.register(Template)
class TemplateAdmin(ReviewedAdmin):
    form = TemplateForm
    list_display = ("name", "channel", "kind", "language", "status", "account", "updated_at")
    search_fields = ("name", "account__name", "account__sid")
    autocomplete_fields = ("account",)
    readonly_fields = ("version", "created_by", "created_at", "updated_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Form, change: bool) -> None:
        if change and Template.objects.get(pk=obj.pk).content != obj.content:
            obj.version += 1
        if not change:
            obj.created_by = staff(request)
        super().save_model(request, obj, form, change)
