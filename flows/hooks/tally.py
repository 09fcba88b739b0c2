"""Counts what came to a receipt door and was no receipt, on the connection's row.

While they are few each is written at once; a flood is counted in memory and written together, so
that it cannot wear the database down.
"""

import threading
from collections import Counter

from django.db.models import F
from django.utils import timezone

from flows.counting import count
from flows.models import Connection

WRITES_A_MINUTE = 30  # for one connection and column
TOGETHER = 100

_lock = threading.Lock()
_unwritten: Counter[tuple[int, str]] = Counter()


def add(connection: Connection, column: str) -> bool:
    """Count one more in `column`; whether they are still few in this minute."""
    key = connection.pk, column
    number = count(f"hook-{column}:{connection.pk}")
    with _lock:
        _unwritten[key] += 1
        is_due = number <= WRITES_A_MINUTE or _unwritten[key] >= TOGETHER
        more = _unwritten.pop(key) if is_due else 0
    if more:
        at = {"forged_hook_at": timezone.now()} if column == "forged_hooks" else {}
        Connection.objects.filter(pk=connection.pk).update(**{column: F(column) + more}, **at)
    return number <= WRITES_A_MINUTE
