"""Accounts: KYC, and the Fallback feature that only support enables; and their test recipients."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from flows.models import Account, ReviewKind, TestRecipient
from flows.models.review_queue import waiting
from flows.recipients import RecipientError, parse_recipient

from .base import AuditedAdmin, Form, approve_all, staff


@admin.register(Account)
class AccountAdmin(AuditedAdmin):
    list_display = ("name", "sid", "region", "kyc_status", "fallback_enabled_at", "created_at")
    list_filter = ("kyc_status", "region")
    search_fields = ("name", "sid")
    readonly_fields = (  # moved by requests and their answers, or by the account itself
        "sid", "kyc_status", "is_kyc_by_sandbox", "fallback_enabled_at", "closed_at", "created_at",
    )  # fmt: skip
    fixed = ()
    fields = (
        "name",
        "sid",
        "region",
        "time_zone",
        "retention_days",
        "business_manager_id",
        "kyc_status",
        "is_kyc_by_sandbox",
        "fallback_enabled_at",
        "closed_at",
        "created_at",
    )
    actions = ("approve_kyc", "enable_fallback", "disable_fallback")

    def account_of(self, row: Account) -> Account:
        return row

    @admin.action(description="Approve the open KYC request")
    def approve_kyc(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        asked = waiting().filter(account__in=accounts, kind=ReviewKind.KYC)
        approve_all(request, asked, of=accounts.count())

    @admin.action(description="Enable Fallback")
    def enable_fallback(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        """Who has asked gets the answer; who has not gets it all the same."""
        asked = waiting().filter(account__in=accounts, kind=ReviewKind.FALLBACK)
        if asked.exists():
            approve_all(request, asked, of=asked.count())
        rest = accounts.filter(fallback_enabled_at=None)
        self._set(request, rest, fallback_enabled_at=timezone.now())

    @admin.action(description="Disable Fallback")
    def disable_fallback(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._set(request, accounts.exclude(fallback_enabled_at=None), fallback_enabled_at=None)

    def _set(self, request: HttpRequest, accounts: QuerySet[Account], **changes: Any) -> None:
        chosen = list(accounts)
        for account in chosen:
            before = {name: getattr(account, name) for name in changes}
            Account.objects.filter(pk=account.pk).update(**changes)
            self.log(request, account, "change", before=before, after=changes)
        noun = "account was" if len(chosen) == 1 else "accounts were"
        messages.success(request, f"{len(chosen)} {noun} changed.")


class TestRecipientForm(Form):
    def clean_number(self) -> str:
        try:
            return parse_recipient(self.cleaned_data["number"])
        except RecipientError as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(TestRecipient)
class TestRecipientAdmin(AuditedAdmin):
    form = TestRecipientForm
    list_display = ("name", "number", "account")
    list_select_related = ("account",)
    search_fields = ("name", "number", "account__name", "account__sid")
    autocomplete_fields = ("account",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("flows.delete_testrecipient")

    def delete_model(self, request: HttpRequest, obj: TestRecipient) -> None:
        self.log(request, obj, "delete", before={"name": obj.name, "number": obj.number})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TestRecipient]) -> None:
        for recipient in queryset:
            self.delete_model(request, recipient)
