"""Turn the body of an Invocation API call into an Invocation, or name every fault; no I/O."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.definition import PinnedStep
from flows.placeholders import ParameterError, clean_params, find_unfit, resolve
from flows.recipients import RecipientError, parse_recipient

MAX_BODY_BYTES = 64 * 1024
MAX_REQUEST_ID_CHARACTERS = 128
MAX_DEPTH = 20
_MOST_UNKNOWN = 10

Json = Any


@dataclass(frozen=True)
class Send:
    """What the caller gave for one step: the recipient and the template parameters."""

    recipient: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Invocation:
    """One accepted body; `sends` has exactly one entry per step of the flow, in order."""

    request_id: str
    sends: tuple[Send, ...]


class InvocationError(ValueError):
    """A body that is rejected: one sentence per fault, and the requestId when it is readable."""

    def __init__(self, errors: list[str], request_id: str | None = None) -> None:
        super().__init__(" ".join(errors))
        self.errors = errors
        self.request_id = request_id


class WrittenFloat(float):
    """A JSON number with the digits it was written with, so that 99.90 is not sent as 99.9."""

    written: str

    def __new__(cls, written: str) -> "WrittenFloat":
        number = super().__new__(cls, written)
        number.written = written
        return number

    def __str__(self) -> str:
        return self.written


def parse_json_strict(body: bytes) -> Json:
    """The JSON value of the body; InvocationError when any two readers could disagree about it."""
    if len(body) > MAX_BODY_BYTES:
        raise InvocationError(["The body is larger than 64 KiB."])
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise InvocationError(["The body is not valid UTF-8."]) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvocationError([f"The body is not valid JSON ({where})."]) from error
    except RecursionError as error:
        raise InvocationError([_TOO_DEEP]) from error
    except ValueError as error:
        if isinstance(error, InvocationError):
            raise
        raise InvocationError(["The body contains a number that is too long."]) from error
    if faults := list(_text_faults(value)):
        raise InvocationError(faults[:_MOST_UNKNOWN], peek_request_id(value))
    return value


_TOO_DEEP = f"The body is nested more than {MAX_DEPTH} levels deep."


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in pairs:
        if key in found:
            raise InvocationError([f"The body has the key {_quoted(key)} twice in one object."])
        found[key] = value
    return found


def _refuse_constant(name: str) -> Json:
    raise InvocationError([f"The body is not valid JSON: {name} is not a JSON number."])


def _finite(written: str) -> WrittenFloat:
    number = WrittenFloat(written)
    if abs(number) == float("inf"):
        raise InvocationError(["The body contains a number that is too large."])
    return number


def _text_faults(value: Json, path: str = "", depth: int = 0) -> Iterator[str]:
    """Texts that no database takes, with their place; and nesting beyond the limit."""
    if depth > MAX_DEPTH:
        yield _TOO_DEEP
    elif isinstance(value, str):
        if unfit := find_unfit(value):
            yield f"{path or 'The body'}: Contains a character that is not allowed ({unfit})."
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _text_faults(key, path, depth)
            yield from _text_faults(inner, f"{path}.{_shown(key)}".lstrip("."), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _text_faults(inner, f"{path}[{index}]", depth + 1)


def peek_request_id(payload: object) -> str | None:
    """The requestId to echo in a rejection, None when there is no usable one."""
    value = payload.get("requestId") if isinstance(payload, Mapping) else None
    return value if isinstance(value, str) and not _request_id_fault(value) else None


def parse_invocation(payload: object, *, steps: Sequence[PinnedStep]) -> Invocation:
    """The invocation of a flow with these steps, or an InvocationError with every fault at once.

    Fields we do not know are ignored, as the original does, but an unknown sendN is a fault.
    """
    if not isinstance(payload, Mapping):
        raise InvocationError(["The body must be a JSON object."])
    errors = (
        [f"requestId: {fault}"] if (fault := _request_id_fault(payload.get("requestId"))) else []
    )
    sends: list[Send] = []
    if isinstance(given := payload.get("input"), Mapping):
        errors += _unknown_sends(given, len(steps))
        for number, step in enumerate(steps, 1):
            send, faults = _read_send(given, f"send{number}", step)
            sends.append(send)
            errors += faults
    else:
        errors.append(f"input: {_absent_or(payload, 'input', 'Must be an object.')}")
    if errors:
        raise InvocationError(errors, peek_request_id(payload))
    return Invocation(payload["requestId"], tuple(sends))


def _request_id_fault(value: object) -> str:
    if value is None:
        return "Required, but missing."
    if not isinstance(value, str):
        return "Must be a string."
    if not 1 <= len(value) <= MAX_REQUEST_ID_CHARACTERS:
        return f"Must have 1 to {MAX_REQUEST_ID_CHARACTERS} characters, has {len(value):,}."
    if find_unfit(value) or any(character in value for character in "\t\n\r"):
        return "Contains a control character."
    return ""


def _unknown_sends(given: Mapping[str, Json], count: int) -> list[str]:
    known = {f"send{number}" for number in range(1, count + 1)}
    unknown = [key for key in given if key not in known]
    errors = [
        f"input.{_shown(key)}: Not a step of this flow, which has send1 to send{count}."
        for key in unknown[:_MOST_UNKNOWN]
    ]
    if len(unknown) > _MOST_UNKNOWN:
        errors.append(
            f"input: {len(unknown) - _MOST_UNKNOWN} more keys are not steps of this flow."
        )
    return errors


def _read_send(given: Mapping[str, Json], name: str, step: PinnedStep) -> tuple[Send, list[str]]:
    where = f"input.{name}"
    value = given.get(name)
    if not isinstance(value, Mapping):
        return Send(""), [f"{where}: {_absent_or(given, name, 'Must be an object.')}"]
    recipient, errors = "", []
    try:
        recipient = parse_recipient(value["recipient"])
    except KeyError:
        errors.append(f"{where}.recipient: Required, but missing.")
    except RecipientError as error:
        errors.append(f"{where}.recipient: {error}")
    params, faults = _read_params(value, f"{where}.templateParams", step)
    return Send(recipient, params), errors + faults


def _read_params(
    send: Mapping[str, Json], where: str, step: PinnedStep
) -> tuple[dict[str, str], list[str]]:
    """The parameters, tried out on the step's template so that nothing unfit is accepted."""
    misspelt = [key for key in send if _is_misspelt(key)]
    faults = [f"{where}: Misspelt as {_quoted(key)}." for key in misspelt[:1]]
    params, found = clean_params(send.get("templateParams", {}), where=where)
    faults += found
    if not faults:
        try:
            resolve(step.content, params)
        except ParameterError as error:
            faults = [f"{where}: {sentence}" for sentence in error.sentences]
    return params, faults


def _is_misspelt(key: object) -> bool:
    """`template_Params` and the like would otherwise be ignored without a word."""
    if not isinstance(key, str) or key == "templateParams":
        return False
    return key.replace("_", "").replace("-", "").lower() in {"templateparams", "templateparam"}


def _absent_or(given: Mapping[str, Json], key: str, sentence: str) -> str:
    return sentence if key in given else "Required, but missing."


def _shown(key: object) -> str:
    """A key as it may stand in a sentence: short, and without anything unprintable."""
    text = "".join(c if c.isprintable() else "?" for c in str(key)[:64])
    return text if len(str(key)) <= 64 else f"{text[:63]}…"


def _quoted(key: object) -> str:
    return f"“{_shown(key)}”"
