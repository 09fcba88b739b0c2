"""Connections, senders and templates of an account. The latter two are approved as at the support
desk: by answering the request that is open for them. What was approved is not rewritten here."""

import json
import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from flows.connectors import registry
from flows.connectors.sandbox import KEY as SANDBOX
from flows.models import (
    AssetStatus,
    ChannelChoice,
    Connection,
    Review,
    Sender,
    Template,
    TemplateKind,
    connections,
)
from flows.models.review_queue import waiting
from flows.placeholders import Button
from flows.recipients import RecipientError, parse_recipient

from .base import AuditedAdmin, Form, approve_all, staff

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

    base_url = forms.URLField(
        label="Address of the carrier",
        required=False,
        max_length=200,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Only for a gateway or a fake: where the carrier is, instead of its own address. "
        "Everything that is sent with this connection goes there, its credentials too.",
    )

    class Meta:
        model = Connection
        fields = ("account", "connector", "name", "config", "base_url")

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

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        account, connector = cleaned.get("account"), cleaned.get("connector")
        if account and account.is_kyc_by_sandbox and connector not in (None, SANDBOX):
            self.add_error(
                "connector",
                "Only the Sandbox has approved the company details of this account, and it "
                "approves anything. Check them at the support desk first.",
            )
        return cleaned

    def save(self, commit: bool = True) -> Any:
        if (config := self.cleaned_data["config"]) is not None:
            self.instance.config = config
        return super().save(commit)


@admin.register(Connection)
class ConnectionAdmin(AuditedAdmin):
    form = ConnectionForm
    list_display = ("name", "connector", "account", "created_at", "deleted_at")
    list_select_related = ("account",)
    search_fields = ("name", "account__name", "account__sid")
    autocomplete_fields = ("account",)
    fixed = ("account", "connector")  # senders were approved for this carrier
    write_only = ("config",)
    readonly_fields = ("deleted_at",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_there = obj is None or obj.deleted_at is None
        return is_there and super().has_change_permission(request, obj)

    def keep(self, obj: Any, *, change: bool) -> None:
        """The engine writes columns of its own meanwhile; whoever has its form open is told."""
        if not change:
            obj.save()
            return
        anew = {**connections.unchecked(obj), "revision": obj.revision + 1}
        for name, value in anew.items():
            setattr(obj, name, value)
        obj.save(update_fields=["name", "config_encrypted", "base_url", "updated_at", *anew])


class AssetForm(Form):
    def value_of(self, name: str) -> Any:
        """What is chosen here, or was when the row was made."""
        return self.cleaned_data.get(name) or getattr(self.instance, name, None)

    def clean(self) -> dict[str, Any]:
        return super().clean() or self.cleaned_data


class SenderForm(AssetForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        account, connection = self.value_of("account"), cleaned.get("connection")
        if account and connection and connection.account_id != account.pk:
            self.add_error("connection", "Choose a connection of the same account.")
        if "identifier" not in self.fields:  # it stays as it was approved
            return cleaned
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
    """An asset that is approved when it was asked for. Its state is never typed in."""

    list_filter = ("status", "channel")
    list_select_related = ("account",)
    fixed = ("account", "channel")
    settled: tuple[str, ...] = ()  # what nobody changes any more once it was handed in
    actions = ("approve", "disable", "enable")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        given = (*super().get_readonly_fields(request, obj), "status", "status_reason")
        return given if obj is None or self.is_open_to_change(obj) else (*given, *self.settled)

    def is_open_to_change(self, row: Any) -> bool:
        return row.status in (AssetStatus.DRAFT, AssetStatus.REJECTED)

    def save_model(self, request: HttpRequest, obj: Any, form: Form, change: bool) -> None:
        if not change:
            obj.status, obj.created_by = AssetStatus.DRAFT, staff(request)
        super().save_model(request, obj, form, change)

    def asked_for(self, rows: QuerySet[Any]) -> QuerySet[Review]:
        raise NotImplementedError

    @admin.action(description="Approve the open requests")
    def approve(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        approve_all(request, self.asked_for(rows), of=rows.count())

    @admin.action(description="Disable: nothing is sent with it")
    def disable(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        usable = rows.filter(status__in=[AssetStatus.APPROVED, AssetStatus.PAUSED])
        self._switch(request, usable, "disable", AssetStatus.DISABLED, "Disabled by support.")

    @admin.action(description="Enable what was disabled")
    def enable(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        disabled = rows.filter(status=AssetStatus.DISABLED)
        self._switch(request, disabled, "enable", AssetStatus.APPROVED, "")

    def _switch(
        self, request: HttpRequest, rows: QuerySet[Any], verb: str, status: str, reason: str
    ) -> None:
        done = 0
        for row in rows:
            with transaction.atomic():
                moved = rows.model.objects.filter(pk=row.pk, status=row.status)
                if not moved.update(status=status, status_reason=reason):
                    continue
                self.log(
                    request, row, verb, before={"status": row.status}, after={"status": status}
                )
                done += 1
        messages.success(request, f"{done} {'was' if done == 1 else 'were'} {verb}d.")


@admin.register(Sender)
class SenderAdmin(ReviewedAdmin):
    form = SenderForm
    list_display = ("identifier", "channel", "display_name", "generation", "status", "account")
    search_fields = ("identifier", "display_name", "account__name", "account__sid")
    autocomplete_fields = ("account", "connection")
    settled = (
        "connection", "carrier_id", "identifier", "display_name", "generation", "country",
        "dlt_entity_id",
    )  # fmt: skip
    readonly_fields = ("created_by", "created_at", "deleted_at")

    def asked_for(self, rows: QuerySet[Any]) -> QuerySet[Review]:
        return waiting().filter(sender__in=rows)


class TemplateForm(AssetForm):
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
        is_named = "name" in self.fields
        if is_whatsapp and is_named and not _TEMPLATE_NAME.fullmatch(cleaned.get("name", "")):
            self.add_error("name", "Use lower-case letters, digits and _ only.")
        return cleaned


@admin.register(Template)
class TemplateAdmin(ReviewedAdmin):
    form = TemplateForm
    list_display = ("name", "channel", "kind", "language", "status", "account", "updated_at")
    search_fields = ("name", "account__name", "account__sid")
    autocomplete_fields = ("account",)
    readonly_fields = ("version", "created_by", "created_at", "updated_at", "deleted_at")
    settled = (
        "name", "kind", "language", "category", "header_kind", "header_text", "body", "footer",
        "buttons", "dlt_template_id", "unicode", "samples", "updated_by",
    )  # fmt: skip

    def is_open_to_change(self, row: Any) -> bool:
        """A text that was in force once never changes: the app makes the next version."""
        return super().is_open_to_change(row) and row.version == 0

    def asked_for(self, rows: QuerySet[Any]) -> QuerySet[Review]:
        return waiting().filter(template_version__template__in=rows)

    def save_model(self, request: HttpRequest, obj: Any, form: Form, change: bool) -> None:
        obj.updated_by = staff(request)
        obj.revision = obj.revision + 1 if change else obj.revision
        if not change:
            obj.version = 0
        super().save_model(request, obj, form, change)
