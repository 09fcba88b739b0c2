"""Fill a template in with a call's parameters or with samples, in one pass from left to right.

A value is data: it is never searched for variables.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from flows.placeholders.content import TemplateContent
from flows.placeholders.keys import (
    CODE_KEY,
    HEADER_KEY,
    SPECIAL_KEYS,
    URL_KEY,
    Needs,
    clip,
    code_comes_first,
    fields,
    needs_of,
    position_keys,
)
from flows.placeholders.variables import Channel, Variable, find_variables

PieceKind = Literal["text", "value", "missing"]


@dataclass(frozen=True)
class Piece:
    """A stretch of a message: the template's own text, a filled-in value, or a missing one."""

    kind: PieceKind
    text: str


@dataclass(frozen=True)
class Preview:
    """A message with sample values; `missing` holds the labels of variables without one."""

    body: list[Piece]
    header: list[Piece]
    missing: list[str]


@dataclass(frozen=True)
class Resolved:
    """A filled-in message. `values` are the body's, by position, then the named ones in order.

    `header_value`, `url_value` and `verification_code` are empty when the template has no use
    for them; on SMS they always are, special keys are ordinary values there.
    """

    body: str
    header: str = ""
    values: tuple[str, ...] = ()
    header_value: str = ""
    url_value: str = ""
    verification_code: str = ""


class ParameterError(ValueError):
    """Parameters that do not fit a template; one sentence per fault, without a field name."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


def resolve(content: TemplateContent, params: Mapping[str, str]) -> Resolved:
    """Fill the template in, or raise a ParameterError with every fault at once."""
    taken = {} if content.channel is Channel.SMS else _take_special(params)
    needs = needs_of(content)
    values = _sorted_values(content, params, needs)
    faults = _special_faults(content, taken) + _count_faults(content, needs, given=len(values))
    faults += [f"The value “{clip(n)}” is missing." for n in needs.names if n not in params]
    if faults:
        raise ParameterError(faults)
    header_value = taken.get(HEADER_KEY, "") if content.has_header_variable else ""
    return Resolved(
        body=_fill(content.body, content.channel, _lookup(values, params)),
        header=_fill(content.own_header, content.channel, lambda _: header_value),
        values=(*values[: needs.positions], *(params[name] for name in needs.names)),
        header_value=header_value,
        url_value=taken.get(URL_KEY, "") if content.has_dynamic_url else "",
        verification_code=taken.get(CODE_KEY, ""),
    )


def _take_special(params: Mapping[str, str]) -> dict[str, str]:
    return {key: params[key] for key in SPECIAL_KEYS if key in params}


def _sorted_values(content: TemplateContent, params: Mapping[str, str], needs: Needs) -> list[str]:
    """The values to fill by position, in code-unit order of their keys.

    A key that fills a named variable takes no position. On WhatsApp the special keys are out
    first; the code goes back in front where the template is made for one.
    """
    left_out = set(needs.names)
    if content.channel is Channel.WHATSAPP:
        left_out |= SPECIAL_KEYS
    keys = sorted((key for key in params if key not in left_out), key=_code_units)
    if code_comes_first(content) and CODE_KEY in params and CODE_KEY not in needs.names:
        keys = [CODE_KEY, *(key for key in keys if key != CODE_KEY)]
    return [params[key] for key in keys]


def _code_units(key: str) -> bytes:
    """UTF-16 order, the documented "alphabetical": it differs from Python's beyond U+FFFF."""
    return key.encode("utf-16-be", "surrogatepass")


def _special_faults(content: TemplateContent, taken: Mapping[str, str]) -> list[str]:
    faults = []
    if content.is_authentication and not taken.get(CODE_KEY):
        faults.append(f"{_named(content)} is for authentication and needs {CODE_KEY}.")
    if CODE_KEY in taken and not content.is_authentication:
        faults.append(
            f"{CODE_KEY} was given, but template “{content.name}” is not for authentication."
        )
    if content.has_header_variable and HEADER_KEY not in taken:
        faults.append(f"{_named(content)} has a header variable and needs {HEADER_KEY}.")
    if content.has_dynamic_url and URL_KEY not in taken:
        faults.append(f"{_named(content)} has a dynamic URL button and needs {URL_KEY}.")
    return faults


def _named(content: TemplateContent) -> str:
    return f"Template “{content.name}”"


def _count_faults(content: TemplateContent, needs: Needs, *, given: int) -> list[str]:
    """Too few values; an authentication template without its code has been told so already."""
    expected = needs.positions
    if given >= expected or (content.is_authentication and not given):
        return []
    values = "value" if expected == 1 else "values"
    were = "was" if given == 1 else "were"
    return [f"{_named(content)} expects {expected} {values} by position, {given} {were} given."]


def _lookup(values: list[str], params: Mapping[str, str]) -> Callable[[Variable], str]:
    return lambda v: params[v.name] if v.number is None else values[v.number - 1]


def _fill(text: str, channel: Channel, value_of: Callable[[Variable], str]) -> str:
    return "".join(piece.text for piece in _pieces(text, channel, value_of))


def _pieces(text: str, channel: Channel, value_of: Callable[[Variable], str | None]) -> list[Piece]:
    """One pass from left to right, so that a value is never searched for variables."""
    pieces: list[Piece] = []
    position = 0
    for variable in find_variables(text, channel=channel):
        if variable.start > position:
            pieces.append(Piece("text", text[position : variable.start]))
        value = value_of(variable)
        pieces.append(Piece("missing", variable.token) if value is None else Piece("value", value))
        position = variable.end
    if position < len(text):
        pieces.append(Piece("text", text[position:]))
    return pieces


def preview(content: TemplateContent, samples: Mapping[str, str]) -> Preview:
    """The message with samples keyed like `fields`; an empty sample counts as missing.

    Other keys fit too: as soon as one is not ours, they are sorted like those of a real call.
    """
    given = {key: value for key, value in samples.items() if value}
    keys = position_keys(content)
    special = SPECIAL_KEYS if content.channel is Channel.WHATSAPP else frozenset()
    if not given.keys() <= {field.key for field in fields(content)} | special:
        ordered = _sorted_values(content, given, needs_of(content))
        given |= dict(zip(keys, ordered, strict=False))
    body = _pieces(
        content.body,
        content.channel,
        lambda v: given.get(v.name if v.number is None else keys[v.number - 1]),
    )
    header = _pieces(content.own_header, content.channel, lambda _: given.get(HEADER_KEY))
    return Preview(body, header, [f.label for f in fields(content) if f.key not in given])
