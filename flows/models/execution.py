"""The run of one accepted invocation: execution, its attempts, receipts, and rejected calls.

Only flows.engine.store writes executions and attempts after they were accepted.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from .account import Account
from .asset import ChannelChoice, Connection
from .flow import Flow, FlowVersion
from .people import ApiKey, KeyKind


class ExecutionState(models.TextChoices):
    ACCEPTED = "accepted", "Accepted"  # stored, nothing sent yet
    SENDING = "sending", "Sending"  # an attempt is stored and handed to the carrier
    WAITING = "waiting", "Waiting"  # a carrier has it; wake_at is the deadline
    ENDED = "ended", "Ended"  # outcome is set; only late receipts can still be added


class Outcome(models.TextChoices):
    DELIVERED = "delivered", "Delivered"
    NOT_DELIVERED = "not_delivered", "Not delivered"
    CONFIRMED = "confirmed", "Confirmed"
    CANCELLED = "cancelled", "Cancelled"


class Signal(models.TextChoices):
    """A person's or caller's wish, picked up by the engine at its next turn."""

    NONE = "", "None"
    CONFIRM = "confirm", "Confirm"
    CANCEL = "cancel", "Cancel"


class Execution(models.Model):
    account = models.ForeignKey(Account, models.CASCADE, related_name="executions")
    flow = models.ForeignKey(Flow, models.PROTECT, related_name="executions")
    version = models.ForeignKey(FlowVersion, models.PROTECT, related_name="executions")
    api_key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=22, unique=True)  # the workflowInvocationId
    request_id = models.CharField(max_length=128)
    kind = models.CharField(max_length=4, choices=KeyKind)
    is_test_send = models.BooleanField(default=False)
    speed = models.PositiveSmallIntegerField(default=1)  # divides every wait and sandbox delay
    recipient = models.CharField(max_length=15)  # of the first step, for search
    sends = models.JSONField()  # [{"recipient", "params"}]; params are redacted at the end
    state = models.CharField(max_length=8, choices=ExecutionState, default=ExecutionState.ACCEPTED)
    step = models.PositiveSmallIntegerField(default=0)  # index of the step under way
    signal = models.CharField(max_length=7, choices=Signal, default=Signal.NONE, blank=True)
    signal_by = models.CharField(max_length=200, blank=True)
    wake_at = models.DateTimeField(null=True)  # the only timer: when the engine must look again
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=13, choices=Outcome, blank=True)
    outcome_step = models.PositiveSmallIntegerField(null=True)
    outcome_channel = models.CharField(max_length=10, choices=ChannelChoice, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # why it ended so, in words
    delivered_twice = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "request_id"], name="request_id_once_per_account"
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="ended") & Q(outcome="", ended_at__isnull=True),
                name="execution_ended_has_outcome",
            ),
        ]
        indexes = [
            models.Index(F("wake_at"), name="execution_claim", condition=Q(wake_at__isnull=False)),
            models.Index(F("account"), F("id").desc(), name="execution_list"),
            models.Index(F("flow"), F("id").desc(), name="execution_list_by_flow"),
            models.Index(
                F("account"), F("recipient"), F("id").desc(), name="execution_by_recipient"
            ),
            models.Index(F("flow"), name="execution_running", condition=~Q(state="ended")),
            models.Index(F("flow"), F("created_at"), name="execution_last_24_hours"),
            models.Index(F("account"), F("created_at"), name="execution_account_home"),
        ]

    def __str__(self) -> str:
        return self.public_id


class AttemptState(models.TextChoices):
    SENDING = "sending", "Sending"  # stored before the carrier is called
    RETRYING = "retrying", "Retrying"  # the carrier clearly did not take it; tried again at wake_at
    UNKNOWN = "unknown", "Unknown"  # the answer was lost: treated like silence, never sent again
    WAITING = "waiting", "Waiting"  # accepted by the carrier, no final receipt yet
    SUCCEEDED = "succeeded", "Succeeded"  # satisfied what counts as delivered
    FAILED = "failed", "Failed"  # refused, or a failed receipt came
    TIMED_OUT = "timed_out", "Timed out"  # the wait ran out
    STOPPED = "stopped", "Stopped"  # confirmed or cancelled while waiting
    SKIPPED = "skipped", "Skipped"  # template or sender no longer usable; nothing was sent


class CarrierStatus(models.IntegerChoices):
    """What receipts said; only rises."""

    NONE = 0, "None"
    ACCEPTED = 1, "Accepted"
    SENT = 2, "Sent"
    DELIVERED = 3, "Delivered"
    READ = 4, "Read"


class Attempt(models.Model):
    """One send of one step. Exactly one row per step: a step is never sent twice."""

    execution = models.ForeignKey(Execution, models.CASCADE, related_name="attempts")
    step = models.PositiveSmallIntegerField()
    client_message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.CharField(max_length=10, choices=ChannelChoice)
    connector = models.CharField(max_length=40)
    connection = models.ForeignKey(Connection, models.PROTECT, null=True, related_name="attempts")
    sender = models.CharField(max_length=20)
    recipient = models.CharField(max_length=15)
    state = models.CharField(max_length=10, choices=AttemptState, default=AttemptState.SENDING)
    carrier_status = models.PositiveSmallIntegerField(
        choices=CarrierStatus, default=CarrierStatus.NONE
    )
    carrier_failed = models.BooleanField(default=False)  # a failed receipt came, early or late
    tries = models.JSONField(default=list)  # [{"at", "result", "reason", "code"}], oldest first
    message_id = models.CharField(max_length=128, blank=True)  # the carrier's
    status_code = models.CharField(max_length=12, blank=True)  # as the result callback says it
    error_code = models.CharField(max_length=60, blank=True)
    error_class = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    request_log = models.JSONField(null=True)  # what was sent, redacted at the end
    answer_log = models.JSONField(null=True)  # what the carrier answered
    created_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    poll_at = models.DateTimeField(null=True)  # when to ask the carrier what became of it

    class Meta:
        ordering = ["step"]
        constraints = [
            models.UniqueConstraint(fields=["execution", "step"], name="attempt_once_per_step")
        ]
        indexes = [
            models.Index(
                F("message_id"), name="attempt_by_message_id", condition=~Q(message_id="")
            ),
            models.Index(F("poll_at"), name="attempt_poll", condition=Q(poll_at__isnull=False)),
            models.Index(
                F("connection"),
                F("id").desc(),
                name="attempt_connection_health",
                condition=Q(connection__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} step {self.step}: {self.state}"


class Receipt(models.Model):
    """One status report of a carrier, raw and normalised. Written first, matched later."""

    connector = models.CharField(max_length=40)
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, related_name="receipts")
    event_key = models.CharField(max_length=200)  # unique per carrier event: makes it idempotent
    message_id = models.CharField(max_length=128, blank=True)
    client_message_id = models.UUIDField(null=True)
    status = models.CharField(max_length=12)  # accepted, sent, delivered, read, failed, unknown
    error_code = models.CharField(max_length=60, blank=True)
    error_class = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    carrier_at = models.DateTimeField(null=True)
    raw = models.JSONField()
    due_at = models.DateTimeField(null=True)  # inbox: when to match it (again); null: matched
    received_at = models.DateTimeField()
    match_tries = models.PositiveSmallIntegerField(default=0)
    attempt = models.ForeignKey(Attempt, models.CASCADE, null=True, related_name="receipts")
    folded_at = models.DateTimeField(null=True)  # when decide() has seen it
    was_late = models.BooleanField(default=False)  # came after its step was settled

    class Meta:
        ordering = ["id"]
        constraints = [
            # Each door has its own: nobody can take the place of another account's receipt.
            models.UniqueConstraint(
                fields=["connection", "event_key"], name="receipt_once_per_connection"
            ),
            models.UniqueConstraint(
                fields=["connector", "event_key"],
                condition=Q(connection__isnull=True),
                name="receipt_once_without_connection",
            ),
        ]
        indexes = [
            models.Index(F("due_at"), name="receipt_inbox", condition=Q(due_at__isnull=False)),
            # With the attempt, which is null: else SQLite takes the index of the foreign key.
            models.Index(
                F("attempt"),
                F("message_id"),
                name="receipt_unmatched",
                condition=Q(attempt__isnull=True),
            ),
            models.Index(
                F("connection"),
                F("received_at"),
                name="receipt_unmatched_health",
                condition=Q(attempt__isnull=True, connection__isnull=False),
            ),
            models.Index(
                F("attempt"), name="receipt_unfolded", condition=Q(folded_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connector} {self.event_key}: {self.status}"


class RejectedCall(models.Model):
    """A call with a valid key that was not accepted, with the reasons the caller was given."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="rejected_calls")
    api_key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, related_name="+")
    flow = models.ForeignKey(Flow, models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=22, unique=True)
    workflow_id = models.CharField(max_length=64)
    request_id = models.CharField(max_length=128, blank=True)
    status = models.PositiveSmallIntegerField()
    errors = models.JSONField()
    caller_ip = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(F("account"), F("id").desc(), name="rejected_call_list")]

    def __str__(self) -> str:
        return self.public_id


class TestSend(models.Model):
    """One press of the test button: what was sent, what came back."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="test_sends")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    flow = models.ForeignKey(Flow, models.CASCADE, related_name="test_sends", null=True)
    execution = models.ForeignKey(Execution, models.SET_NULL, null=True, related_name="+")
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    form = models.JSONField()  # the values as typed, for "Run again"
    curl = models.TextField()
    answer_status = models.PositiveSmallIntegerField(null=True)
    answer_body = models.TextField(blank=True)
    error = models.CharField(max_length=300, blank=True)
    duration_ms = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(F("flow"), F("id").desc(), name="test_send_last_of_flow")]

    def __str__(self) -> str:
        return str(self.public_id)
