"""The code tables of all connectors as one Markdown page; reads no file and writes none."""

from collections.abc import Iterable, Iterator

from .base import Codes, Connector, ErrorClass
from .errors import COMMON_CODES

INTRODUCTION = """\
# Carrier codes

What carriers say when a message fails, and what to do about it. This page is made from the code
tables of the connectors: change those, then run `manage.py carrier_codes --write`.

A code belongs to a class, and the class decides what happens next: after `opted_out` nothing more
is sent to the person; after every other one the next step of the flow follows. A message that a
carrier did not take because of `throttled` or `carrier_down` is tried again first, up to three
times within the wait of its step. A code that is not listed is kept as the carrier gave it, with
the class `unknown`.
"""


def page(connectors: Iterable[Connector]) -> str:
    """Classes first, then a table for every connector that has codes."""
    parts = [INTRODUCTION, "\n".join(_classes())]
    parts += [
        "\n".join(_table(connector.label, connector.codes))
        for connector in sorted(connectors, key=lambda connector: connector.label.lower())
        if connector.codes
    ]
    parts.append("\n".join(_table("Every carrier", COMMON_CODES, of=_OF_COMMON)))
    return "\n".join(parts)


_OF_COMMON = "Where a carrier has no code of its own for it.\n"


def _classes() -> Iterator[str]:
    yield "## Classes\n"
    yield "| Class | What happened | What to do |"
    yield "|---|---|---|"
    for known in ErrorClass:
        yield f"| `{known}` | {_cell(known.sentence)} | {_cell(known.advice)} |"
    yield ""


def _table(label: str, codes: Codes, *, of: str = "") -> Iterator[str]:
    yield f"## {label}\n"
    if of:
        yield of
    yield "| Code | Class | What happened | What to do |"
    yield "|---|---|---|---|"
    for code_name, code in codes.items():
        sentence = f"{code.sentence[:1].upper()}{code.sentence[1:]}."
        name = code_name.replace("|", r"\|")
        yield f"| `{name}` | `{code.error_class}` | {_cell(sentence)} | {_cell(code.what_to_do)} |"
    yield ""


def _cell(text: str) -> str:
    """Text that means only itself in a cell of a table."""
    for mark in "\\|*_<[":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
