"""Paging by key for long lists: a page costs the same wherever it is; no counting, no offsets.

A cursor is the public id of the row next to the page; an unknown one means the first page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cryptography.fernet import InvalidToken
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet

from flows.models.secret import decrypt, encrypt

Row = TypeVar("Row", bound=Model)
PAGE_SIZE = 50


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows newest first (a queue: oldest first), and the cursors of the pages beside; empty where
    there is none."""

    rows: Sequence[Row]
    newer: str
    older: str


def page_of(
    rows: QuerySet[Row],
    query: Mapping[str, str],
    *,
    within: QuerySet[Row] | None,
    size: int = PAGE_SIZE,
) -> Page[Row]:
    """The page that `?older=<cursor>` or `?newer=<cursor>` asks for, else the newest.

    `within` holds every row of the account: a cursor stays good when its row left the filter.
    None: the rows have no public id, and their cursors are their keys, sealed.
    """
    if key := _key(within, query.get("newer", "")):
        found = list(rows.filter(pk__gt=key).order_by("pk")[: size + 1])
        if len(found) > size:
            shown = found[:size][::-1]
            return Page(shown, _cursor(within, shown[0]), _cursor(within, shown[-1]))
    key = None if key else _key(within, query.get("older", ""))
    found = list((rows.filter(pk__lt=key) if key else rows).order_by("-pk")[: size + 1])
    shown = found[:size]
    newer = _cursor(within, shown[0]) if key and shown else ""
    return Page(shown, newer, _cursor(within, shown[-1]) if len(found) > size else "")


def queue_page_of(
    rows: QuerySet[Row], query: Mapping[str, str], *, within: QuerySet[Row], size: int = PAGE_SIZE
) -> Page[Row]:
    """The same for what waits its turn: the oldest first."""
    if key := _key(within, query.get("older", "")):
        found = list(rows.filter(pk__lt=key).order_by("-pk")[: size + 1])
        if len(found) > size:
            shown = found[:size][::-1]
            return Page(shown, _id(shown, -1), _id(shown, 0))
    key = None if key else _key(within, query.get("newer", ""))
    found = list((rows.filter(pk__gt=key) if key else rows).order_by("pk")[: size + 1])
    shown = found[:size]
    return Page(shown, _id(shown, -1) if len(found) > size else "", _id(shown, 0) if key else "")


def rows_since(rows: QuerySet[Row], cursor: str, *, within: QuerySet[Row], limit: int = 100) -> int:
    """How many rows are newer than the cursor's, counted up to `limit`."""
    key = _key(within, cursor)
    return (rows.filter(pk__gt=key) if key else rows)[:limit].count()


def _key(within: QuerySet[Row] | None, cursor: str) -> int | None:
    """Anything may stand in a query string; a public id is letters, digits, - and _."""
    if within is None:
        return _unsealed(cursor)
    if not cursor.replace("-", "").replace("_", "").isalnum() or len(cursor) > 40:
        return None
    try:
        return within.filter(public_id=cursor).values_list("pk", flat=True).first()
    except ValidationError:  # not a UUID where ids are UUIDs
        return None


def _id(rows: Sequence[Row], index: int) -> str:
    return str(rows[index].public_id) if rows else ""  # type: ignore[attr-defined]


def _cursor(within: QuerySet[Row] | None, row: Row) -> str:
    return encrypt(str(row.pk)) if within is None else str(row.public_id)  # type: ignore[attr-defined]


def _unsealed(cursor: str) -> int | None:
    try:
        return int(decrypt(cursor))
    except (InvalidToken, ValueError):
        return None
