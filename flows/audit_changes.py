"""What differs between two states of an object, field by field, in words. No I/O, no query.

The log holds JSON of any shape. Secrets are not in it; should one ever be, it is not shown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .audit_words import FIELDS

HIDDEN = "(not shown)"
_SECRET = re.compile(r"secret|password|passwd|token|basic_auth|_encrypted|hash|authorization", re.I)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """One field: its name, and what it said before and after; empty where it was not there."""

    label: str
    before: str
    after: str


def changes(before: Any, after: Any, *, names: Mapping[str, str] | None = None) -> list[Change]:
    """Only fields that differ or were hidden from the log. `names`: what ids stand for."""
    was, now = dict(_flat(before)), dict(_flat(after))
    found = []
    for path in [*was, *(path for path in now if path not in was)]:
        old, new = was.get(path), now.get(path)
        if old != new or old == HIDDEN:
            hidden = any(isinstance(part, str) and _SECRET.search(part) for part in path)
            found.append(
                Change(
                    _label(path),
                    _text(old, names or {}, hidden=hidden),
                    _text(new, names or {}, hidden=hidden),
                )
            )
    return found


def _flat(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf with its way there; a list of plain values is one leaf."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, (*path, str(key)))
    elif isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value):
        for number, inner in enumerate(value, start=1):
            yield from _flat(inner, (*path, number))
    elif value is not None and value != {}:
        yield path, value


def _label(path: Path) -> str:
    """("steps", 1, "wait_s") → “Step 1, wait in seconds”."""
    words: list[str] = []
    for part in path:
        if isinstance(part, int):
            words[-1:] = [f"{words[-1].removesuffix('s')} {part}"] if words else [str(part)]
        else:
            words.append(
                FIELDS.get(part) or part.replace("_", " ").strip().capitalize() or "(empty)"
            )
    rest = [_lowered(word) for word in words[1:]]
    return ", ".join([*words[:1], *rest]) or "Value"


def _lowered(word: str) -> str:
    return word if word[:2].isupper() else word[:1].lower() + word[1:]


def _text(value: Any, names: Mapping[str, str], *, hidden: bool) -> str:
    if value is None:
        return ""
    if hidden:
        return HIDDEN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(inner, names, hidden=False) for inner in value) or "(none)"
    text = str(value)
    if text in names:
        return names[text]
    if _TIME.match(text):
        return _time(text)
    return text if text else "(empty)"


def _time(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")
