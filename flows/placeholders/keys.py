"""The keys a caller sends for a template, and the values as text; fills nothing in."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from flows.placeholders.content import TemplateContent
from flows.placeholders.variables import ANONYMOUS, MAX_PARAMS, Channel, find_variables

CODE_KEY = "#verification_code#"
HEADER_KEY = "#param_header#"
URL_KEY = "#param_url#"
SPECIAL_KEYS = frozenset({CODE_KEY, HEADER_KEY, URL_KEY})
MAX_VALUE_CHARACTERS = 1024

_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
FieldPlace = Literal["body", "header", "button", "code"]


@dataclass(frozen=True)
class Field:
    """One key that a caller sends for a template, with a label and a sample for people."""

    key: str
    label: str
    where: FieldPlace
    sample: str


@dataclass(frozen=True)
class Needs:
    """How many values a text takes by position, and which names."""

    positions: int = 0
    names: tuple[str, ...] = ()
    tokens: Mapping[int, str] = field(default_factory=dict)


def fields(content: TemplateContent) -> tuple[Field, ...]:
    """The keys a caller must send for this template, in order."""
    needs = needs_of(content)
    found = [_position_field(key, at, needs) for at, key in enumerate(position_keys(content), 1)]
    found += [Field(name, name, "body", _sample(name)) for name in needs.names]
    if content.is_authentication and not any(f.key == CODE_KEY for f in found):
        found.insert(0, _CODE_FIELD)
    if content.has_header_variable:
        found.insert(0, Field(HEADER_KEY, "Header variable", "header", "Order 7"))
    if content.has_dynamic_url:
        found.append(Field(URL_KEY, "Button link ending", "button", "t/7"))
    return tuple(found)


_CODE_FIELD = Field(CODE_KEY, "Verification code", "code", "482913")


def _position_field(key: str, at: int, needs: Needs) -> Field:
    if key == CODE_KEY:
        return _CODE_FIELD
    return Field(key, needs.tokens.get(at, f"Value {at} (not shown)"), "body", f"value {at}")


def _sample(name: str) -> str:
    hints = {"otp": "482913", "code": "482913", "name": "Asha", "date": "1 May", "amount": "50"}
    return next((value for hint, value in hints.items() if hint in name.lower()), "value")


def needs_of(content: TemplateContent) -> Needs:
    """What the body needs; a position that the body never shows has no token."""
    variables = find_variables(content.body, channel=content.channel)
    numbered = [v for v in variables if v.number is not None]
    tokens = {
        v.number: f"{v.token} no. {v.number}" if v.token == ANONYMOUS else v.token
        for v in numbered
        if v.number is not None
    }
    names = dict.fromkeys(v.name for v in variables if v.kind == "named")
    return Needs(max(tokens, default=0), tuple(names), tokens)


def position_keys(content: TemplateContent) -> list[str]:
    """The key we suggest for each position: maybe the code first, then 1, 2 or 01, 02."""
    needs = needs_of(content)
    has_code = code_comes_first(content) and CODE_KEY not in needs.names and needs.positions > 0
    codes = [CODE_KEY] if has_code else []
    wanted = needs.positions - len(codes)
    for width in range(1, 20):
        free = (n for i in range(1, 10**width) if (n := str(i).zfill(width)) not in needs.names)
        keys = list(islice(free, wanted))
        if len(keys) == wanted:
            return codes + keys
    raise AssertionError("a text holds fewer variables than numbers of 19 digits")


def code_comes_first(content: TemplateContent) -> bool:
    """Whether the verification code is the first value: an OTP by SMS, or authentication."""
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
            faults.append(f"{where}.{clip(key)}: {fault}")
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


def find_unfit(text: str) -> str:
    """The first character that no database or carrier can take (NUL, control, lone surrogate)."""
    found = _UNFIT.search(text)
    return f"U+{ord(found.group()):04X}" if found else ""


def clip(key: str) -> str:
    """A key short enough for a sentence."""
    return key if len(key) <= 64 else f"{key[:63]}…"
