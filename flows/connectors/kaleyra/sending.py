"""One message to Kaleyra: its form, field by field, and what the answer to it means.

Sources: "Send the First SMS", "Send a Media Template Message through WhatsApp", "Send an
Authentication Template Message" and their neighbours in Kaleyra's documentation.
"""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from flows.connectors.base import (
    Accepted,
    Answer,
    ConnectionView,
    ErrorClass,
    Http,
    Json,
    NotTaken,
    OutboundMessage,
    Refused,
    SendResult,
)
from flows.connectors.outcomes import by_status, posted, read_json, retry_after_s
from flows.placeholders import Channel
from flows.segments import measure

from .codes import CODES, explained
from .gateway import Fault, address, fault_in, headers, is_usable, is_yes, logged, scrubbed
from .ids import bare

Fields = dict[str, str]
FORM = "application/x-www-form-urlencoded"
SMS_PATHS = ("sms", "messages")
# Nobody documents how the list of parameters escapes what would end a value.
_LOOKALIKES = str.maketrans({'"': "”", "\\": "∖"})
_PASSING = (ErrorClass.THROTTLED, ErrorClass.CARRIER_DOWN)
# Kaleyra tries a callback again this often, with seconds between.
_RETRY = {"count": "3", "interval": ["10", "10", "10"]}


async def send(message: OutboundMessage, *, connection: ConnectionView, http: Http) -> SendResult:
    if not is_usable(connection):
        return Refused("not-configured", ErrorClass.BLOCKED, "the connection is not complete")
    path, fields = form(message, connection=connection)
    answer = await posted(
        http,
        address(connection, path),
        body=urlencode(fields).encode(),
        headers={**headers(connection), "Content-Type": FORM},
    )
    if not isinstance(answer, Answer):
        return answer
    return meaning(scrubbed(answer, connection=connection))


def form(message: OutboundMessage, *, connection: ConnectionView) -> tuple[str, Fields]:
    """The last part of the address, and the fields of the form."""
    if message.channel is Channel.SMS:
        path = sms_path(connection)
        return path, _sms(message, connection) | _references(message)
    return "messages", _whatsapp(message, connection) | _references(message)


def sms_path(connection: ConnectionView) -> str:
    chosen = connection.config.get("sms_path", "")
    return chosen if chosen in SMS_PATHS else SMS_PATHS[0]


def callback_url(message: OutboundMessage, *, connection: ConnectionView) -> str:
    """Our door with the message's id of ours, so that its receipts need no id of theirs."""
    if not connection.receipt_url:
        return ""
    return f"{connection.receipt_url}?{urlencode({'ref': message.client_message_id})}"


def _references(message: OutboundMessage) -> Fields:
    """What Kaleyra gives back in receipts: profiles name the one or the other."""
    return {"ref": message.client_message_id, "ref1": message.client_message_id}


# --- SMS ---


def _sms(message: OutboundMessage, connection: ConnectionView) -> Fields:
    content, body = message.content, message.resolved.body
    is_unicode = content.unicode or measure(body).encoding != "GSM-7"
    return _filled(
        {
            "to": f"+{message.recipient}",
            "sender": message.sender,
            "type": content.kind,
            "body": body,
            "template_id": content.dlt_template_id,
            "entity_id": message.dlt_entity_id,
            "unicode": "1" if is_unicode else "",
            **_sms_callback(message, connection),
        }
    )


def _sms_callback(message: OutboundMessage, connection: ConnectionView) -> Fields:
    """A profile of the account when the connection names one, else the address itself."""
    if profile := connection.config.get("sms_callback_profile", ""):
        return {"callback_profile_id": profile}
    url = callback_url(message, connection=connection)
    asked = {"url": url, "method": "POST", "retry": _RETRY}
    return {"callback": json.dumps(asked, separators=(",", ":"))} if url else {}


# --- WhatsApp, API V1 ---


def _whatsapp(message: OutboundMessage, connection: ConnectionView) -> Fields:
    common = {
        "channel": "whatsapp",
        "from": f"+{message.sender}",
        "to": f"+{message.recipient}",
        "template_name": message.content.name,
        "callback_url": callback_url(message, connection=connection),
    }
    return _filled(common | _template_fields(message))


def _template_fields(message: OutboundMessage) -> Fields:
    content, resolved = message.content, message.resolved
    if content.is_authentication:
        return {
            "type": "authenticationtemplate",
            "verification_code": resolved.verification_code,
        }
    with_parts = content.needs_media or content.has_header_variable or content.buttons
    return {
        "type": "mediatemplate" if with_parts else "template",
        "lang_code": content.language,
        "params": listed(resolved.values),
        "param_header": resolved.header_value,
        "param_url": resolved.url_value,
        "media_url": message.media_url if content.needs_media else "",
    }


def listed(values: Sequence[str]) -> str:
    """The list of a template's values, each in quotes, so that a comma ends none of them."""
    return ",".join(f'"{value.translate(_LOOKALIKES)}"' for value in values)


def _filled(fields: Mapping[str, str]) -> Fields:
    return {name: value for name, value in fields.items() if value}


# --- The answer ---


def meaning(answer: Answer) -> SendResult:
    """What became of the message, by the answer's body first and its status second."""
    raw, message_id = logged(answer), message_id_in(read_json(answer))
    fault = fault_in(answer)
    if fault is None and is_yes(answer) and message_id:
        return Accepted(message_id, raw)
    if fault is None or not _is_certain(fault, answer.status):
        return by_status(answer, raw=raw)
    error_class, reason = explained(fault.code, said=fault.said)
    if error_class in _PASSING and not message_id:
        return NotTaken(fault.code, error_class, reason, retry_after_s(answer), raw)
    return Refused(fault.code, error_class, reason, raw)


def _is_certain(fault: Fault, status: int) -> bool:
    """Whether the carrier's own words count for more than the status they came with."""
    if status in (429, 503):
        return False
    speaks_of_message = 200 <= status < 300 or 400 <= status < 500
    return fault.code in CODES or (speaks_of_message and status not in (401, 403))


def message_id_in(said: Json) -> str:
    """The id of the one message that was sent, without its place in the list of recipients."""
    if not isinstance(said, dict):
        return ""
    data = said.get("data")
    first = data[0] if isinstance(data, list) and data else data
    inner = first if isinstance(first, dict) else {}
    ids = (inner.get("message_id"), inner.get("id"), said.get("id"))
    return next((bare(found) for found in ids if isinstance(found, str) and bare(found)), "")
