"""Where the result of an execution is posted, each delivery owed, and each try of posting it."""

import base64
import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q

from .account import Account
from .secret import decrypt, encrypt


def new_signing_secret() -> str:
    """A Standard Webhooks secret: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class CallbackProfile(models.Model):
    account = models.ForeignKey(Account, models.CASCADE, related_name="callback_profiles")
    public_id = models.CharField(max_length=45, unique=True, editable=False)  # <POD>_<uuid>
    title = models.CharField(max_length=100)
    url = models.URLField(max_length=500)
    headers_encrypted = models.TextField(blank=True, editable=False)  # JSON; values may be secrets
    basic_auth_encrypted = models.TextField(blank=True, editable=False)  # "user:password"
    body_template = models.TextField(blank=True)  # empty: the bare result
    secret_encrypted = models.TextField(editable=False)
    # After a rotation receivers may still check with the old secret until then.
    old_secret_encrypted = models.TextField(blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=200, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.title

    def save(self, **kwargs: Any) -> None:
        if not self.public_id:
            self.public_id = f"{self.account.region}_{uuid.uuid4()}"
        if not self.secret_encrypted:
            self.secret = new_signing_secret()
        super().save(**kwargs)

    @property
    def secret(self) -> str:
        return decrypt(self.secret_encrypted)

    @secret.setter
    def secret(self, value: str) -> None:
        self.secret_encrypted = encrypt(value)

    @property
    def mark(self) -> str:
        """Changes with everything that a person may change: what a form was based on."""
        parts = (
            self.title, self.url, self.headers_encrypted, self.basic_auth_encrypted,
            self.body_template, self.secret_encrypted,
        )  # fmt: skip
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()

    @property
    def old_secret(self) -> str:
        return decrypt(self.old_secret_encrypted) if self.old_secret_encrypted else ""

    def signing_secrets(self, now: datetime) -> list[str]:
        """What callbacks are signed with at that moment; the one that stays comes first."""
        old = self.old_secret if self.old_secret_until and self.old_secret_until > now else ""
        return [self.secret, old] if old else [self.secret]

    @property
    def headers(self) -> dict[str, str]:
        """Sent with every callback, beside ours; their values are shown to nobody again."""
        token = self.headers_encrypted
        return dict(json.loads(decrypt(token))) if token else {}

    @headers.setter
    def headers(self, value: Mapping[str, str]) -> None:
        self.headers_encrypted = encrypt(json.dumps(dict(value))) if value else ""

    @property
    def basic_auth(self) -> str:
        return decrypt(self.basic_auth_encrypted) if self.basic_auth_encrypted else ""

    @basic_auth.setter
    def basic_auth(self, value: str) -> None:
        self.basic_auth_encrypted = encrypt(value) if value else ""


class DeliveryState(models.TextChoices):
    PENDING = "pending", "Pending"  # due at wake_at
    DELIVERED = "delivered", "Delivered"  # a 2xx answer came
    FAILED = "failed", "Failed"  # every try was used up; Resend starts anew
    DROPPED = "dropped", "Dropped"  # the profile was disabled or deleted meanwhile


class CallbackDelivery(models.Model):
    """The duty to post one result; stored in the same transaction as the end it reports."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # webhook-id
    execution = models.ForeignKey(  # None: a test event
        "Execution", models.CASCADE, null=True, related_name="callback_deliveries"
    )
    profile = models.ForeignKey(CallbackProfile, models.CASCADE, related_name="deliveries")
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    tries_made = models.PositiveSmallIntegerField(default=0)
    resends_made = models.PositiveSmallIntegerField(default=0)  # of the tries, those by hand
    is_resend_due = models.BooleanField(default=False)  # the next try was asked for by hand
    wake_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(F("wake_at"), name="callback_claim", condition=Q(wake_at__isnull=False)),
            models.Index(F("profile"), F("id").desc(), name="callback_log_of_profile"),
        ]

    def __str__(self) -> str:
        return f"callback {self.public_id}: {self.state}"

    @property
    def is_test(self) -> bool:
        """Somebody tries the endpoint out: no execution ended."""
        return self.execution_id is None


class CallbackTry(models.Model):
    delivery = models.ForeignKey(CallbackDelivery, models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    status_code = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)
    next_retry_at = models.DateTimeField(null=True)
    by_hand = models.BooleanField(default=False)
    # Of a test event alone: {"headers", "body", "answer"}, word for word but for secrets.
    exchange = models.JSONField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="callback_try_number")
        ]

    def __str__(self) -> str:
        return f"try {self.number}"
