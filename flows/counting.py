"""Counts of a minute in Django's cache, for whatever may happen only so often; decides nothing.

With the default cache each web process counts for itself; CACHE_URL makes them count together.
"""

from django.core.cache import cache
from django.utils import timezone

WINDOW_S = 60


def window() -> int:
    """The number of the current minute."""
    return int(timezone.now().timestamp() // WINDOW_S)


def rest_of_window_s() -> int:
    """How long to wait until counting begins anew."""
    return int(WINDOW_S - timezone.now().timestamp() % WINDOW_S) + 1


def count(name: str, *, by: int = 1) -> int:
    """How much of `name` has been counted within this minute, this time included."""
    key = f"{name}:{window()}"
    if cache.add(key, by, timeout=2 * WINDOW_S):
        return by
    try:
        return int(cache.incr(key, by))
    except ValueError:  # evicted between the two calls
        cache.set(key, by, timeout=2 * WINDOW_S)
        return by
