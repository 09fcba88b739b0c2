"""E-mails that are owed: written with the change they tell of, sent by the engine, then erased."""

import uuid
from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from .secret import decrypt, encrypt

GIVE_UP_AFTER = 12  # tries; the pauses between them double, from half a minute to some hours


class OutgoingMail(models.Model):
    """One e-mail to one person. Its text may hold a link that is a secret, so it is encrypted, and
    removed once the mail server has taken it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text_encrypted = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    wake_at = models.DateTimeField(null=True)  # None: sent, or given up
    lease_until = models.DateTimeField(null=True)
    tries_made = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(F("wake_at"), name="mail_claim", condition=Q(wake_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"mail {self.public_id}"

    @property
    def text(self) -> str:
        return decrypt(self.text_encrypted) if self.text_encrypted else ""


def post(to: Iterable[str], *, subject: str, text: str) -> None:
    """Have these words sent to each address; part of the caller's transaction."""
    now = timezone.now()
    OutgoingMail.objects.bulk_create(
        OutgoingMail(
            to=address,
            subject=" ".join(subject.split())[:200],
            text_encrypted=encrypt(text),
            wake_at=now,
        )
        for address in sorted(set(to))
    )
