"""Sends the e-mails that are owed: claim → hand to the mail server → record, like everything else.

A mail whose engine died between the two is sent again: a letter twice is better than none.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from flows.models import OutgoingMail
from flows.models.mail import GIVE_UP_AFTER

FIRST_PAUSE_S = 30
LONGEST_PAUSE_S = 6 * 3600
LEASE = timedelta(minutes=5)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Handed:
    """What came of one try; no `error`: the mail server took it."""

    mail: OutgoingMail
    error: str = ""


def begin(*, limit: int, now: datetime) -> tuple[int, list[OutgoingMail]]:
    """Lease mails that are due."""
    if not _due(now).exists():
        return 0, []
    with transaction.atomic():
        due = _due(now).select_for_update(skip_locked=True).order_by("wake_at")
        mails = list(due[:limit])
        OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
            lease_until=now + LEASE
        )
    return len(mails), mails


def next_due_at() -> datetime | None:
    due_at: datetime | None = OutgoingMail.objects.filter(lease_until=None).aggregate(
        at=Min("wake_at")
    )["at"]
    return due_at


def _due(now: datetime) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now), wake_at__lte=now
    )


async def perform(mail: OutgoingMail) -> Handed:
    """Speak to the mail server in a thread of its own: it may take its time."""
    return await asyncio.to_thread(_hand_over, mail)


def _hand_over(mail: OutgoingMail) -> Handed:
    try:
        connection = get_connection(settings.MAIL_DELIVERY_BACKEND)
        letter = EmailMessage(mail.subject, mail.text, to=[mail.to], connection=connection)
        letter.extra_headers["Message-ID"] = f"<{mail.public_id}@fallback>"
        letter.send()
    except Exception as fault:  # noqa: BLE001 - a mail server may fail in any way
        return Handed(mail, type(fault).__name__)
    return Handed(mail)


def record(handed: Sequence[Handed], *, now: datetime) -> None:
    """What was taken loses its text; what was not is tried again, later and later."""
    if not handed:
        return
    with transaction.atomic():
        for one in handed:
            OutgoingMail.objects.filter(pk=one.mail.pk).update(**_after(one, now=now))
    for one in handed:
        log.log(
            logging.WARNING if one.error else logging.INFO,
            "mail.failed" if one.error else "mail.sent",
            extra={"mail_id": str(one.mail.public_id), "error": one.error},
        )


def _after(one: Handed, *, now: datetime) -> dict[str, object]:
    tries = one.mail.tries_made + 1
    shared: dict[str, object] = {"tries_made": tries, "lease_until": None, "last_error": one.error}
    if not one.error:
        return {**shared, "wake_at": None, "sent_at": now, "text_encrypted": ""}
    if tries >= GIVE_UP_AFTER:
        return {**shared, "wake_at": None, "text_encrypted": ""}
    pause_s = min(FIRST_PAUSE_S * 2 ** (tries - 1), LONGEST_PAUSE_S)
    return {**shared, "wake_at": now + timedelta(seconds=pause_s)}


def turn(now: datetime | None = None, *, limit: int = 50) -> int:
    """Send what is due once; returns how many mails it touched."""
    now = now or timezone.now()
    touched, mails = begin(limit=limit, now=now)
    record([_hand_over(mail) for mail in mails], now=now)
    return touched
