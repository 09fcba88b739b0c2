"""The templates of the fake WhatsApp Cloud API: as Meta lists them, and whether a message fits one.

Written from Meta's documentation, not from the connector. Answers are Meta's codes; no I/O.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.placeholders import TemplateContent

Json = Any
VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
NOT_SENDABLE = {"PAUSED": "132015", "DISABLED": "132016"}
MOST_CODE, MOST_BODY = 15, 1024
_KINDS = {"quick_reply": "QUICK_REPLY", "url": "URL", "phone": "PHONE_NUMBER"}
_VALUES = {"url": "url", "phone": "phone_number"}


@dataclass(frozen=True)
class Misfit(Exception):
    """Why a message is refused. `is_ours`: the request breaks the protocol, whatever it says."""

    code: str
    details: str
    is_ours: bool = False


def listed(
    content: TemplateContent, *, number: int, status: str = "APPROVED", reason: str = "NONE"
) -> dict[str, Json]:
    """A template as GET /<account>/message_templates shows it."""
    texts = (content.body, content.own_header)
    names = [name for text in texts for name in VARIABLE.findall(text)]
    return {
        "id": str(594425479261596 + number),
        "name": content.name,
        "language": content.language,
        "status": status,
        "category": (content.category or "utility").upper(),
        "rejected_reason": reason,
        "parameter_format": "POSITIONAL" if all(map(str.isdigit, names)) else "NAMED",
        "components": list(_components(content)),
    }


def _components(content: TemplateContent) -> Sequence[dict[str, Json]]:
    found: list[dict[str, Json]] = []
    if content.header_kind == "text":
        found.append({"type": "HEADER", "format": "TEXT", "text": content.header_text})
    elif content.header_kind != "none":
        example = {"header_handle": ["https://scontent.example.net/v/t61/1"]}
        found.append({"type": "HEADER", "format": content.header_kind.upper(), "example": example})
    found.append({"type": "BODY", "text": content.body})
    if content.footer:
        found.append({"type": "FOOTER", "text": content.footer})
    buttons = [
        {
            "type": _KINDS[button.kind],
            "text": button.text,
            **({_VALUES[button.kind]: button.value} if button.kind in _VALUES else {}),
        }
        for button in content.buttons
    ]
    if content.kind == "authentication":
        url = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"
        buttons = [{"type": "URL", "text": "Copy code", "url": url}]
    return [*found, {"type": "BUTTONS", "buttons": buttons}] if buttons else found


def filled(row: Mapping[str, Json], components: Json) -> tuple[str, list[str]]:
    """The body as the person reads it, and its values; raises Misfit."""
    status = row["status"]
    if status != "APPROVED":
        raise Misfit(NOT_SENDABLE.get(status, "132001"), f"the template is {status.lower()}")
    given = _by_place(components)
    parts = {part["type"]: part for part in row["components"]}
    is_named = row["parameter_format"] == "NAMED"
    _check_header(parts.get("HEADER"), given.pop(("header", ""), []), is_named=is_named)
    body = parts["BODY"]["text"]
    values = _texts(given.pop(("body", ""), []), VARIABLE.findall(body), is_named=is_named)
    for index, button in enumerate(parts.get("BUTTONS", {}).get("buttons", [])):
        _check_button(index, button, given.pop(("button", str(index)), []))
    if given:
        raise Misfit("100", f"components for nothing: {sorted(given)}", is_ours=True)
    if row["category"] == "AUTHENTICATION":
        _check_code(components, values)
    text = VARIABLE.sub(lambda found: values[found[1]], body)
    if len(text) > MOST_BODY:
        raise Misfit("132005", "Translated text too long")
    return text, list(values.values())


def _by_place(components: Json) -> dict[tuple[str, str], list[Json]]:
    """The parameters by component, and by index for buttons."""
    found: dict[tuple[str, str], list[Json]] = {}
    for component in _a(list, components, "components"):
        _only(component, {"type", "parameters", "sub_type", "index"})
        kind = component.get("type")
        if kind not in {"header", "body", "button"}:
            raise Misfit("100", f"no such component: {kind}", is_ours=True)
        if (kind == "button") != ("sub_type" in component and "index" in component):
            raise Misfit("100", "sub_type and index belong to buttons", is_ours=True)
        if kind == "button" and component["sub_type"] != "url":
            raise Misfit("100", "only a link has something to fill in", is_ours=True)
        place = kind, _a(str, component.get("index", ""), "index")
        parameters = _a(list, component.get("parameters"), "parameters")
        if place in found or not parameters:
            raise Misfit("100", f"{place}: twice or without parameters", is_ours=True)
        found[place] = parameters
    return found


def _check_header(header: Json, given: list[Json], *, is_named: bool) -> None:
    kind = header["format"].lower() if header else "text"
    if kind == "text":
        _texts(given, VARIABLE.findall(header["text"]) if header else [], is_named=is_named)
        return
    if len(given) != 1:
        raise Misfit("132012", f"header: Format mismatch, expected {header['format']}")
    _only(given[0], {"type", kind})
    medium = _a(dict, given[0].get(kind), kind)
    _only(medium, {"link", "filename"} if kind == "document" else {"link"})
    if given[0].get("type") != kind or not str(medium.get("link", "")).startswith("https://"):
        raise Misfit("131053", "the media has no link that can be opened", is_ours=True)


def _texts(given: list[Json], wanted: list[str], *, is_named: bool) -> dict[str, str]:
    """The values by the name or number of their variable."""
    wanted = list(dict.fromkeys(wanted))
    if len(given) != len(wanted):
        raise Misfit(
            "132000",
            f"number of localizable_params ({len(given)}) does not match the expected number "
            f"of params ({len(wanted)})",
        )
    texts = [_text_of(parameter, is_named=is_named) for parameter in given]
    if not is_named:
        return dict(zip(sorted(wanted, key=int), texts, strict=True))
    names = [parameter["parameter_name"] for parameter in given]
    if sorted(names) != sorted(wanted):
        raise Misfit("100", f"Parameter names {names} instead of {wanted}", is_ours=True)
    return dict(zip(names, texts, strict=True))


def _text_of(parameter: Json, *, is_named: bool) -> str:
    _only(parameter, {"type", "text", "parameter_name"} if is_named else {"type", "text"})
    if is_named and not parameter.get("parameter_name"):
        raise Misfit("100", "Parameter name is missing or empty", is_ours=True)
    if parameter.get("type") != "text":
        raise Misfit("132012", "Parameter format does not match format in the template")
    text = _a(str, parameter.get("text"), "text")
    if not text:
        raise Misfit("131008", "Parameter of type text is missing text value")
    if re.search(r"[\n\t]| {5}", text):
        raise Misfit("100", "Param text cannot have new-line/tab characters or more than 4 "
                     "consecutive spaces")  # fmt: skip
    return text


def _check_button(index: int, button: Mapping[str, Json], given: list[Json]) -> None:
    is_dynamic = button["type"] == "URL" and "{{" in button["url"]
    if is_dynamic and not given:
        raise Misfit("131008", f"buttons: Button at index {index} of type Url requires a parameter")
    if not is_dynamic and given:
        raise Misfit("100", f"Button at index {index} takes no parameter", is_ours=True)
    if given:
        _texts(given, ["1"], is_named=False)


def _check_code(components: Json, values: Mapping[str, str]) -> None:
    texts = [parameter["text"] for part in components for parameter in part["parameters"]]
    if len(set(texts)) != 1 or list(values.values()) != texts[:1]:
        raise Misfit("100", "the code of body and button is not the same", is_ours=True)
    if len(texts[0]) > MOST_CODE:
        raise Misfit("132012", "the code is longer than 15 characters")


def _only(value: Json, allowed: set[str]) -> None:
    if surplus := _a(dict, value, "a part").keys() - allowed:
        raise Misfit("100", f"unexpected keys {sorted(surplus)}", is_ours=True)


def _a(kind: type, value: Json, name: str) -> Json:
    if not isinstance(value, kind):
        raise Misfit("100", f"{name} is not a {kind.__name__}", is_ours=True)
    return value
