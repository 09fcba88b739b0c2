"""A message as Meta wants it, and what its answer means for the message. Does no I/O."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

from flows.connectors.base import (
    Accepted,
    Answer,
    CarrierFault,
    ConnectionView,
    ErrorClass,
    Json,
    NotTaken,
    OutboundMessage,
    Refused,
    SendResult,
    Unknown,
    explain,
)
from flows.connectors.outcomes import by_status, retry_after_s
from flows.placeholders import find_variables

from .codes import AGAIN, CODES, VAGUE
from .graph import GraphError, error_in, said_by

# --- The message ----------------------------------------------------------------------------------


def body_of(message: OutboundMessage) -> bytes:
    """The body of POST /<phone number id>/messages (Meta: "Template messages")."""
    content = message.content
    template: dict[str, Json] = {
        "name": content.name,
        "language": {"code": content.language or "en"},
    }
    if components := list(_components(message)):
        template["components"] = components
    return json.dumps(
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.recipient,
            "type": "template",
            "template": template,
            "biz_opaque_callback_data": message.client_message_id,
        }
    ).encode()


def _components(message: OutboundMessage) -> Iterator[dict[str, Json]]:
    """Only what has something to fill in: the rest stands in the template at Meta."""
    content, resolved = message.content, message.resolved
    if content.is_authentication:
        code = [_text(resolved.verification_code)]
        yield {"type": "body", "parameters": code}
        # The button that copies the code is a link to Meta, whichever way the code is filled in.
        yield {"type": "button", "sub_type": "url", "index": "0", "parameters": code}
        return
    if content.needs_media:
        yield {"type": "header", "parameters": [_medium(content.header_kind, message.media_url)]}
    elif content.has_header_variable:
        names = _names(content.own_header, message)
        yield {"type": "header", "parameters": [_text(resolved.header_value, *names)]}
    if resolved.values:
        yield {"type": "body", "parameters": list(_values(message))}
    for index, button in enumerate(content.buttons):
        if button.is_dynamic:
            ending = [_text(resolved.url_value)]
            yield {"type": "button", "sub_type": "url", "index": str(index), "parameters": ending}


def _values(message: OutboundMessage) -> Iterator[dict[str, Json]]:
    """The body's values: those by position first, then the named ones with their names."""
    values = message.resolved.values
    names = _names(message.content.body, message)
    positions = len(values) - len(names)
    yield from (_text(value) for value in values[:positions])
    yield from (_text(v, name) for v, name in zip(values[positions:], names, strict=True))


def _names(text: str, message: OutboundMessage) -> list[str]:
    found = find_variables(text, channel=message.channel)
    return list(dict.fromkeys(variable.name for variable in found if variable.kind == "named"))


def _text(value: str, name: str = "") -> dict[str, Json]:
    named = {"parameter_name": name} if name else {}
    return {"type": "text", **named, "text": value}


def _medium(kind: str, url: str) -> dict[str, Json]:
    medium = {"link": url}
    if kind == "document" and (name := urlsplit(url).path.rpartition("/")[2]):
        medium["filename"] = name  # or the person would get a file called "Untitled"
    return {"type": kind, kind: medium}


# --- The answer -----------------------------------------------------------------------------------


def result_of(answer: Answer, *, connection: ConnectionView) -> SendResult:
    """What became of the message. A message that is held for a look at its quality is accepted."""
    said = said_by(answer, connection)
    if error := error_in(said):
        return _failed(error, answer, said)
    if 200 <= answer.status < 300 and (message_id := _message_id(said)):
        return Accepted(message_id, said)
    return by_status(answer, raw=said)


def _message_id(said: Json) -> str:
    messages = said.get("messages") if isinstance(said, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else None
    found = first.get("id") if isinstance(first, dict) else None
    return found if isinstance(found, str) else ""


def _failed(error: GraphError, answer: Answer, said: Json) -> SendResult:
    code, status = error.code, answer.status
    error_class, reason = explain(CODES, code, said=error.said)
    if code in AGAIN:
        pause_s = AGAIN[code] or retry_after_s(answer)
        return NotTaken(code, error_class, reason, pause_s, said)
    if status in (429, 503) and (code not in CODES or code in VAGUE):
        known_class = ErrorClass.THROTTLED if status == 429 else ErrorClass.CARRIER_DOWN
        return NotTaken(code, known_class, reason, retry_after_s(answer), said)
    if VAGUE.get(code, status) != status:
        return Unknown(f"{reason} (HTTP status {status})")
    if code not in CODES and not 400 <= status < 500:
        return Unknown(reason)
    return Refused(code, error_class, reason, said)


class GraphFault(CarrierFault):
    """A question that Meta refused with a code."""

    def __init__(self, sentence: str, error_class: ErrorClass, *, code: str) -> None:
        super().__init__(sentence, error_class)
        self.code = code


def fault_of(answer: Answer, *, connection: ConnectionView) -> CarrierFault:
    """What an answer to a question means, in a sentence, when it is not the one hoped for."""
    said = said_by(answer, connection)
    if error := error_in(said):
        error_class, reason = explain(CODES, error.code, said=error.said)
        known = CODES.get(error.code)
        advice = f" {known.what_to_do}" if known else ""
        sentence = f"{reason[:1].upper()}{reason[1:]}.{advice}"
        return GraphFault(sentence, error_class, code=error.code)
    if answer.status in (401, 403):
        return CarrierFault("Meta does not accept the access token.", ErrorClass.BLOCKED)
    if answer.status in (429, 503):
        return CarrierFault("Meta has no time now. Try again later.", ErrorClass.CARRIER_DOWN)
    return CarrierFault(
        f"Meta answered with the HTTP status {answer.status} and nothing that can be read.",
        ErrorClass.CARRIER_DOWN,
    )
