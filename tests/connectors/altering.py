"""Hooks as no carrier makes them, for hypothesis: anything at all, or a genuine one altered."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from hypothesis import strategies as st

from flows.connectors.base import Hook

# Texts that look like times, numbers and ids, and are too large, too small or not quite that.
ODD_TEXTS = (
    "2026-03-01T12:00:00", "2026-03-01 12:00:00+00:00", "Sun, 01 Mar 2026 12:00:00", "1772366400",
    "0", "-1", "1e400", "99999999999999999999", "NaN", "null", "\x00", "\ud800", "٣",
)  # fmt: skip
_texts = st.text(max_size=20) | st.sampled_from(ODD_TEXTS)

jsons: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
header_texts = st.text(st.characters(min_codepoint=0, max_codepoint=0x2FF), max_size=80)


def altered(body: bytes) -> bytes:
    """The same with one character of a value changed, still readable."""
    assert body, "there is no body that could be signed"
    if b"delivered" in body:
        return body.replace(b"delivered", b"failed", 1)
    return body[:-1] + bytes([body[-1] ^ 1])


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _places(inner, (*path, number))


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {k: _with(v, path[1:], new) if k == path[0] else v for k, v in value.items()}
    return [_with(v, path[1:], new) if n == path[0] else v for n, v in enumerate(value)]


def _altered_pairs(text: str) -> st.SearchStrategy[str]:
    """A query or form with one value, or one name, replaced."""
    pairs = parse_qsl(text, keep_blank_values=True)
    if not pairs:
        return st.just("")
    values = _texts.filter(lambda text: "\ud800" not in text)  # no URL has half a character

    def swap(drawn: tuple[int, str]) -> str:
        at, value = drawn
        return urlencode([(k, value if n == at else v) for n, (k, v) in enumerate(pairs)])

    return st.tuples(st.integers(0, len(pairs) - 1), values).map(swap)


def altered_urls(url: str) -> st.SearchStrategy[str]:
    parts = urlsplit(url)
    return _altered_pairs(parts.query).map(lambda query: urlunsplit(parts._replace(query=query)))


def altered_bodies(hook: Hook) -> st.SearchStrategy[bytes]:
    """Anything, and the genuine body with one part replaced."""
    anything = st.binary(max_size=60) | jsons.map(lambda value: json.dumps(value).encode())
    try:
        genuine = json.loads(hook.body)
    except ValueError:
        altered = _altered_pairs(hook.body.decode()).map(str.encode)
    else:
        altered = st.tuples(st.sampled_from(list(_places(genuine))), jsons).map(
            lambda drawn: json.dumps(_with(genuine, *drawn)).encode()
        )
    return anything | altered
