"""Template contents and their variables: find, name, fill; a value is never read as a variable.

The rules are section 7 of the product description and "Channel Agnostic Template Parameters" of
the Invocation API.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, Literal

CODE_KEY = "#verification_code#"
HEADER_KEY = "#param_header#"
URL_KEY = "#param_url#"
SPECIAL_KEYS = frozenset({CODE_KEY, HEADER_KEY, URL_KEY})
MEDIA_HEADERS = frozenset({"image", "video", "document"})
MAX_PARAMS = 50
MAX_VALUE_CHARACTERS = 1024

_ANONYMOUS = "{#var#}"
_VAR = r"(?P<var>\{#var#\})"
_DOUBLE = r"\{\{(?!#var#\}\})(?P<double>[^{}\r\n]{1,64})\}\}"
_SINGLE = r"\{(?P<single>[^{}\r\n]{1,64})\}"
_NUMBER = re.compile(r"\$?0*([1-9][0-9]?)")
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Json = Any
VariableKind = Literal["positional", "named"]
PieceKind = Literal["text", "value", "missing"]
FieldPlace = Literal["body", "header", "button", "code"]


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
class Button:
    """A button under a WhatsApp message; a dynamic `url` has a variable in its value."""

    kind: str
    text: str
    value: str = ""

    @property
    def is_dynamic(self) -> bool:
        return self.kind == "url" and bool(find_variables(self.value, channel=Channel.WHATSAPP))

    def to_json(self) -> dict[str, Json]:
        return asdict(self)

    @classmethod
    def from_json(cls, json: Mapping[str, Json]) -> "Button":
        return cls(kind=json["kind"], text=json["text"], value=json.get("value", ""))


@dataclass(frozen=True)
class TemplateContent:
    """What a template says. `kind`: WhatsApp text|authentication; SMS OTP|TXN|MKT|DEFAULT."""

    channel: Channel
    name: str
    kind: str
    body: str
    language: str = ""
    category: str = ""
    header_kind: str = "none"
    header_text: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    dlt_template_id: str = ""
    unicode: bool = False

    @property
    def needs_media(self) -> bool:
        return self.channel is Channel.WHATSAPP and self.header_kind in MEDIA_HEADERS

    @property
    def is_authentication(self) -> bool:
        return self.channel is Channel.WHATSAPP and self.kind == "authentication"

    @property
    def has_header_variable(self) -> bool:
        return bool(self.own_header and find_variables(self.header_text, channel=self.channel))

    @property
    def has_dynamic_url(self) -> bool:
        is_whatsapp = self.channel is Channel.WHATSAPP
        return is_whatsapp and any(button.is_dynamic for button in self.buttons)

    @property
    def own_header(self) -> str:
        """The header's text, empty when the header is none or a medium."""
        is_text = self.channel is Channel.WHATSAPP and self.header_kind == "text"
        return self.header_text if is_text else ""

    def to_json(self) -> dict[str, Json]:
        return {**asdict(self), "channel": self.channel.value, "buttons": self._buttons_json()}

    def _buttons_json(self) -> list[dict[str, Json]]:
        return [button.to_json() for button in self.buttons]

    @classmethod
    def from_json(cls, json: Mapping[str, Json]) -> "TemplateContent":
        """The inverse of to_json; a missing optional field takes its default."""
        known = {name: json[name] for name in cls.__dataclass_fields__ if name in json}
        known["channel"] = Channel(json["channel"])
        known["buttons"] = tuple(Button.from_json(button) for button in json.get("buttons", ()))
        return cls(**known)


@dataclass(frozen=True)
class Variable:
    """A variable in a text at [start:end]; `number` (from 1) only when it is positional."""

    token: str
    name: str
    number: int | None
    kind: VariableKind
    start: int
    end: int


@dataclass(frozen=True)
class Field:
    """One key that a caller sends for a template, with a label and a sample for people."""

    key: str
    label: str
    where: FieldPlace
    sample: str


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


@dataclass(frozen=True)
class _Needs:
    """How many values a text takes by position, and which names."""

    positions: int = 0
    names: tuple[str, ...] = ()
    tokens: Mapping[int, str] = field(default_factory=dict)


def find_unfit(text: str) -> str:
    """The first character that no database or carrier can take (NUL, control, lone surrogate)."""
    found = _UNFIT.search(text)
    return f"U+{ord(found.group()):04X}" if found else ""


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


def fields(content: TemplateContent) -> tuple[Field, ...]:
    """The keys a caller must send for this template, in order."""
    needs = _needs(content)
    found = [_position_field(key, at, needs) for at, key in enumerate(_position_keys(content), 1)]
    found += [Field(name, name, "body", _sample(name)) for name in needs.names]
    if content.is_authentication and not any(f.key == CODE_KEY for f in found):
        found.insert(0, _CODE_FIELD)
    if content.has_header_variable:
        found.insert(0, Field(HEADER_KEY, "Header variable", "header", "Order 7"))
    if content.has_dynamic_url:
        found.append(Field(URL_KEY, "Button link ending", "button", "t/7"))
    return tuple(found)


_CODE_FIELD = Field(CODE_KEY, "Verification code", "code", "482913")


def _position_field(key: str, at: int, needs: _Needs) -> Field:
    if key == CODE_KEY:
        return _CODE_FIELD
    return Field(key, needs.tokens.get(at, f"Value {at} (not shown)"), "body", f"value {at}")


def _sample(name: str) -> str:
    hints = {"otp": "482913", "code": "482913", "name": "Asha", "date": "1 May", "amount": "50"}
    return next((value for hint, value in hints.items() if hint in name.lower()), "value")


def _needs(content: TemplateContent) -> _Needs:
    variables = find_variables(content.body, channel=content.channel)
    numbered = [v for v in variables if v.number is not None]
    tokens = {
        v.number: f"{v.token} no. {v.number}" if v.token == _ANONYMOUS else v.token
        for v in numbered
        if v.number is not None
    }
    names = dict.fromkeys(v.name for v in variables if v.kind == "named")
    return _Needs(max(tokens, default=0), tuple(names), tokens)


def _position_keys(content: TemplateContent) -> list[str]:
    """The key we suggest for each position: maybe the code first, then 1, 2 or 01, 02."""
    needs = _needs(content)
    has_code = _code_comes_first(content) and CODE_KEY not in needs.names and needs.positions > 0
    codes = [CODE_KEY] if has_code else []
    wanted = needs.positions - len(codes)
    for width in range(1, 20):
        free = (n for i in range(1, 10**width) if (n := str(i).zfill(width)) not in needs.names)
        keys = list(islice(free, wanted))
        if len(keys) == wanted:
            return codes + keys
    raise AssertionError("a text holds fewer variables than numbers of 19 digits")


def _code_comes_first(content: TemplateContent) -> bool:
    return content.is_authentication or (content.channel is Channel.SMS and content.kind == "OTP")


def clean_params(value: object, *, where: str) -> tuple[dict[str, str], list[str]]:
    """Parameters as strings, and one sentence per fault that begins with the field it is about."""
    if not isinstance(value, Mapping):
        return {}, [f"{where}: Must be an object of keys and values."]
    if len(value) > MAX_PARAMS:
        return {}, [f"{where}: At most {MAX_PARAMS} keys are allowed, {len(value)} were given."]
    params: dict[str, str] = {}
    faults: list[str] = []
    for key, raw in value.items():
        text, fault = _clean_value(raw)
        if not isinstance(key, str) or find_unfit(key):
            faults.append(f"{where}: A key contains a character that is not allowed.")
        elif fault:
            faults.append(f"{where}.{_clip(key)}: {fault}")
        else:
            params[key] = text
    return params, faults


def _clean_value(raw: object) -> tuple[str, str]:
    """The value as text, or a fault; numbers keep the digits they were written with."""
    if isinstance(raw, bool):
        return ("true" if raw else "false"), ""
    if isinstance(raw, float) and not math.isfinite(raw):
        return "", "Must be a finite number."
    if not isinstance(raw, str | int | float):
        return "", "Must be a string, a number, true or false."
    try:
        text = str(raw)
    except ValueError:  # an integer of more than 4,300 digits
        return "", f"Must have at most {MAX_VALUE_CHARACTERS:,} characters."
    if len(text) > MAX_VALUE_CHARACTERS:
        return "", f"Must have at most {MAX_VALUE_CHARACTERS:,} characters, has {len(text):,}."
    unfit = find_unfit(text)
    return (text, f"Contains a character that is not allowed ({unfit}).") if unfit else (text, "")


def _clip(key: str) -> str:
    return key if len(key) <= 64 else f"{key[:63]}…"


def resolve(content: TemplateContent, params: Mapping[str, str]) -> Resolved:
    """Fill the template in, or raise a ParameterError with every fault at once."""
    taken = {} if content.channel is Channel.SMS else _take_special(params)
    needs = _needs(content)
    values = _sorted_values(content, params, needs)
    faults = _special_faults(content, taken)
    if len(values) < needs.positions and not faults:
        faults.append(_too_few(content, expected=needs.positions, given=len(values)))
    faults += [f"The value “{_clip(n)}” is missing." for n in needs.names if n not in params]
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


def _sorted_values(content: TemplateContent, params: Mapping[str, str], needs: _Needs) -> list[str]:
    """The values to fill by position, in code-unit order of their keys.

    A key that fills a named variable takes no position. On WhatsApp the special keys are out
    first; the code goes back in front where the template is made for one.
    """
    left_out = set(needs.names)
    if content.channel is Channel.WHATSAPP:
        left_out |= SPECIAL_KEYS
    keys = sorted((key for key in params if key not in left_out), key=_code_units)
    if _code_comes_first(content) and CODE_KEY in params and CODE_KEY not in needs.names:
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
        faults.append(f"{CODE_KEY} was given, but {_named(content)} is not for authentication.")
    if content.has_header_variable and HEADER_KEY not in taken:
        faults.append(f"{_named(content)} has a header variable and needs {HEADER_KEY}.")
    if content.has_dynamic_url and URL_KEY not in taken:
        faults.append(f"{_named(content)} has a dynamic URL button and needs {URL_KEY}.")
    return faults


def _named(content: TemplateContent) -> str:
    return f"Template “{content.name}”"


def _too_few(content: TemplateContent, *, expected: int, given: int) -> str:
    values = "value" if expected == 1 else "values"
    were = "was" if given == 1 else "were"
    return f"{_named(content)} expects {expected} {values} by position, {given} {were} given."


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

    Parameters of a real call fit too: when no key is one of ours, they are sorted as in resolve.
    """
    given = {key: value for key, value in samples.items() if value}
    keys = _position_keys(content)
    if keys and not any(key in given for key in keys):
        ordered = _sorted_values(content, given, _needs(content))
        given |= dict(zip(keys, ordered, strict=False))
    body = _pieces(
        content.body,
        content.channel,
        lambda v: given.get(v.name if v.number is None else keys[v.number - 1]),
    )
    header = _pieces(content.own_header, content.channel, lambda _: given.get(HEADER_KEY))
    return Preview(body, header, [f.label for f in fields(content) if f.key not in given])
