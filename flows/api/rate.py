"""How many calls a key may make in a minute."""

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from flows.counting import WINDOW_S, count
from flows.models import ApiKey


@dataclass(frozen=True)
class Allowance:
    """What is left of this minute. `is_first_over`: the first call too many of the window."""

    is_over: bool
    is_first_over: bool
    retry_after_s: int


def take(key: ApiKey) -> Allowance:
    """Count one call of the key."""
    now = timezone.now().timestamp()
    calls = count(f"api-rate:{key.pk}")
    limit = settings.API_RATE_PER_MINUTE
    return Allowance(calls > limit, calls == limit + 1, int(WINDOW_S - now % WINDOW_S) + 1)
