"""Requests for approval and their answers: KYC, senders, template texts, the Fallback feature.

One row is one request. Support decides it (or the account itself where the installation allows),
or, for an account that lives in the Sandbox, the engine at `settles_at`. Verbs: reviews.py.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from .account import Account
from .asset import Sender, TemplateVersion


class ReviewKind(models.TextChoices):
    KYC = "kyc", "Company details"
    SENDER = "sender", "Sender"
    TEMPLATE = "template", "Template"
    FALLBACK = "fallback", "Fallback feature"


class Decision(models.TextChoices):
    OPEN = "open", "Open"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Review(models.Model):
    account = models.ForeignKey(Account, models.CASCADE, related_name="reviews")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=ReviewKind)
    sender = models.ForeignKey(Sender, models.CASCADE, null=True, related_name="reviews")
    template_version = models.ForeignKey(
        TemplateVersion, models.CASCADE, null=True, related_name="reviews"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    settles_at = models.DateTimeField(null=True)  # when the Sandbox decides; None: people do
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.OPEN)
    decided_by = models.ForeignKey(  # None once decided: the Sandbox
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind"],
                condition=Q(decision="open", kind__in=["kyc", "fallback"]),
                name="review_open_once_per_account",
            ),
            models.UniqueConstraint(
                fields=["sender"], condition=Q(decision="open"), name="review_open_once_per_sender"
            ),
            models.UniqueConstraint(
                fields=["template_version"],
                condition=Q(decision="open"),
                name="review_open_once_per_template_version",
            ),
        ]
        indexes = [
            models.Index(F("kind"), F("id"), name="review_queue", condition=Q(decision="open")),
            models.Index(F("account"), F("id").desc(), name="review_list_of_account"),
            models.Index(
                F("settles_at"),
                name="review_due",
                condition=Q(decision="open", settles_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.account}"
