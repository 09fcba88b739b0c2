"""Find the variables in a template's text; fills nothing in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

MAX_PARAMS = 50
ANONYMOUS = "{#var#}"
_VAR = r"(?P<var>\{#var#\})"
_DOUBLE = r"\{\{(?!#var#\}\})(?P<double>[^{}\r\n]{1,64})\}\}"
_SINGLE = r"\{(?P<single>[^{}\r\n]{1,64})\}"
_NUMBER = re.compile(r"\$?0*([1-9][0-9]?)")
VariableKind = Literal["positional", "named"]


class Channel(StrEnum):
    """A way a message can go out."""

    WHATSAPP = "whatsapp"
    SMS = "sms"

    @property
    def label(self) -> str:
        return "WhatsApp" if self is Channel.WHATSAPP else "SMS"

    @property
    def other(self) -> "Channel":
        return Channel.SMS if self is Channel.WHATSAPP else Channel.WHATSAPP


_PATTERNS = {
    Channel.WHATSAPP: re.compile(f"{_VAR}|{_DOUBLE}"),
    Channel.SMS: re.compile(f"{_VAR}|{_DOUBLE}|{_SINGLE}"),
}


@dataclass(frozen=True)
class Variable:
    """A variable in a text at [start:end]; `number` (from 1) only when it is positional."""

    token: str
    name: str
    number: int | None
    kind: VariableKind
    start: int
    end: int


def find_variables(text: str, *, channel: Channel) -> tuple[Variable, ...]:
    """All variables of the text in order of appearance.

    `{#var#}` comes before `{name}`, which only SMS knows. A number above 50 can never be reached
    by position, as a call carries at most 50 values, so it is a name.
    """
    found: list[Variable] = []
    appeared = 0
    for match in _PATTERNS[channel].finditer(text):
        appeared += match["var"] is not None
        name, number = _read_token(match.groupdict(), appeared)
        if name:
            kind: VariableKind = "named" if number is None else "positional"
            found.append(Variable(match.group(), name, number, kind, *match.span()))
    return tuple(found)


def _read_token(groups: Mapping[str, str | None], appeared: int) -> tuple[str, int | None]:
    if groups["var"]:
        return str(appeared), appeared
    if double := groups["double"]:
        numbered = _NUMBER.fullmatch(double.strip())
        if numbered and int(numbered[1]) <= MAX_PARAMS:
            return numbered[1], int(numbered[1])
        return double.strip(), None
    return (groups.get("single") or "").strip(), None
