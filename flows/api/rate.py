"""How many calls a key may make in a minute."""

from dataclasses import dataclass

from django.conf import settings

from flows.counting import count, rest_of_window_s
from flows.models import ApiKey


@dataclass(frozen=True)
class Allowance:
    """What is left of this minute. `is_first_over`: the first call too many of the window."""

    is_over: bool
    is_first_over: bool
    retry_after_s: int


def take(key: ApiKey) -> Allowance:
    """Count one call of the key."""
    calls = count(f"api-rate:{key.pk}")
    limit = settings.API_RATE_PER_MINUTE
    return Allowance(calls > limit, calls == limit + 1, rest_of_window_s())
