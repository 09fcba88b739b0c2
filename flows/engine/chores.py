"""What has to happen by itself now and then, in small batches; each chore says what it touched."""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from flows.models import callback_profiles, reviews, self_tests

from . import health, retention

Chore = Callable[[datetime], int]

CHORES: tuple[Chore, ...] = (
    reviews.settle_due,
    callback_profiles.forget_old_secrets,
    self_tests.settle,
    health.look,
    retention.Sweep(),
)


def turn(now: datetime | None = None) -> int:
    """Do every chore once; returns how many rows they touched."""
    now = now or timezone.now()
    return sum(chore(now) for chore in CHORES)
