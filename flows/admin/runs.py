"""What happened: executions, rejected calls and the audit log. To look at, never to change.

Parameters and whole recipients stay out: support does not need them.
"""

from django.contrib import admin

from flows.models import AuditEntry, Execution, RejectedCall
from flows.recipients import mask

from .base import ReadOnlyAdmin


@admin.register(Execution)
class ExecutionAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "account", "flow", "kind", "state", "outcome", "created_at")
    list_filter = ("state", "outcome", "kind", "is_test_send")
    list_select_related = ("account", "flow")
    search_fields = ("=public_id", "=request_id")
    ordering = ("-id",)
    fields = (
        "public_id",
        "account",
        "flow",
        "version",
        "api_key",
        "request_id",
        "kind",
        "is_test_send",
        "speed",
        "masked_recipient",
        "state",
        "step",
        "signal",
        "signal_by",
        "wake_at",
        "lease_until",
        "outcome",
        "outcome_step",
        "outcome_channel",
        "reason",
        "delivered_twice",
        "created_at",
        "ended_at",
    )

    @admin.display(description="Recipient")
    def masked_recipient(self, execution: Execution) -> str:
        return mask(execution.recipient)


@admin.register(RejectedCall)
class RejectedCallAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "account", "status", "workflow_id", "request_id", "created_at")
    list_filter = ("status",)
    list_select_related = ("account",)
    search_fields = ("=public_id", "=request_id", "=workflow_id")
    ordering = ("-id",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "account", "actor", "action", "object_kind", "object_label")
    list_filter = ("object_kind",)
    list_select_related = ("account", "actor")
    search_fields = ("object_id", "object_label", "account__sid", "actor__email")
    ordering = ("-id",)
