"""How many calls a key may make in a minute; counts in Django's cache and nowhere else.

With the default cache each web process counts for itself; CACHE_URL makes them count together.
"""

import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache

from flows.models import ApiKey

WINDOW_S = 60


@dataclass(frozen=True)
class Allowance:
    """What is left of this minute. `is_first_over`: the first call too many of the window."""

    is_over: bool
    is_first_over: bool
    retry_after_s: int


def take(key: ApiKey) -> Allowance:
    """Count one call of the key."""
    now = time.time()
    window = int(now // WINDOW_S)
    name = f"api-rate:{key.pk}:{window}"
    count = 1 if cache.add(name, 1, timeout=2 * WINDOW_S) else _increment(name)
    limit = settings.API_RATE_PER_MINUTE
    retry_after_s = max(1, int((window + 1) * WINDOW_S - now) + 1)
    return Allowance(count > limit, count == limit + 1, retry_after_s)


def _increment(name: str) -> int:
    try:
        return cache.incr(name)
    except ValueError:  # evicted between the two calls
        cache.set(name, 1, timeout=2 * WINDOW_S)
        return 1
