"""Posting again, and posting to try out: verbs on the deliveries that a callback profile owes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from . import audit
from .callback import CallbackDelivery, CallbackProfile, DeliveryState
from .people import User
from .refusals import Refused

MOST_AT_ONCE = 1000  # deliveries that one press of a button posts again
A_SECOND = 50  # of these; an endpoint that has just been mended must not be run over
LOST = (DeliveryState.FAILED, DeliveryState.DROPPED)


class DeliveryRefused(Refused):
    """Nothing is posted."""


def usable() -> Q:
    """Deliveries that may go out: a profile that is off gets test events alone."""
    profiles = CallbackProfile.objects.filter(deleted_at=None)
    return Q(profile__in=profiles.filter(enabled=True)) | Q(execution=None, profile__in=profiles)


def make_due(rows: "QuerySet[CallbackDelivery]", *, now: datetime, wake_at: Any = None) -> int:
    """Have them tried again, but for those that are being posted now or may not go out."""
    free = rows.filter(Q(lease_until=None) | Q(lease_until__lt=now)).filter(usable())
    return free.update(state=DeliveryState.PENDING, wake_at=wake_at or now, is_resend_due=True)


def send_test(
    profile: CallbackProfile, payload: Mapping[str, Any], *, by: User
) -> CallbackDelivery:
    """Owe one test event; it is tried once. One at a time for each profile."""
    now = timezone.now()
    with transaction.atomic():
        alive = CallbackProfile.objects.select_for_update().filter(pk=profile.pk, deleted_at=None)
        if not alive.exists():
            raise DeliveryRefused("This callback profile was deleted meanwhile.")
        tests = CallbackDelivery.objects.filter(profile=profile, execution=None)
        if tests.filter(state=DeliveryState.PENDING).exists():
            raise DeliveryRefused("A test event is being posted already. Wait for its answer.")
        delivery = CallbackDelivery.objects.create(
            profile=profile, execution=None, payload=dict(payload), wake_at=now, created_at=now
        )
        audit.record(profile.account, "callback.test", by=by, of=profile, label=profile.title)
    return delivery


def resend(delivery: CallbackDelivery, *, by: User) -> None:
    """Try this one again at once, whatever became of it."""
    profile, now = delivery.profile, timezone.now()
    label = delivery.execution.public_id if delivery.execution else f"{profile.title}: test event"
    with transaction.atomic():
        if not make_due(CallbackDelivery.objects.filter(pk=delivery.pk), now=now):
            raise DeliveryRefused(
                "Not posted again: it is being posted right now, or its profile is off."
            )
        audit.record(profile.account, "callback.resend", by=by, of=delivery, label=label)


def lost_since(profile: CallbackProfile, since: datetime) -> "QuerySet[CallbackDelivery]":
    """Results that the endpoint never took: given up, or dropped while the profile was off.

    Test events are left out: nobody waits for them.
    """
    rows = CallbackDelivery.objects.filter(profile=profile, state__in=LOST, created_at__gte=since)
    return rows.exclude(execution=None)


def resend_lost(profile: CallbackProfile, *, since: datetime, by: User) -> int:
    """Try the oldest of them again, spread over some seconds; returns how many there are."""
    if not profile.enabled:
        raise DeliveryRefused(
            "Enable the callback profile first: nothing is posted while it is off."
        )
    now = timezone.now()
    with transaction.atomic():
        found = list(
            lost_since(profile, since).order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE]
        )
        count = sum(
            make_due(
                CallbackDelivery.objects.filter(
                    pk__in=found[start : start + A_SECOND], state__in=LOST
                ),
                now=now,
                wake_at=now + timedelta(seconds=start // A_SECOND),
            )
            for start in range(0, len(found), A_SECOND)
        )
        if count:
            audit.record(
                profile.account, "callback.resend_failed", by=by, of=profile, label=profile.title,
                after={"since": since.isoformat(timespec="seconds"), "count": count},
            )  # fmt: skip
    return count
