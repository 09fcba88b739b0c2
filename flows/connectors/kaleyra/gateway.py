"""Kaleyra's gateway: where it is, how it lets us in, and whether its answer is a yes. No meaning
of messages or receipts here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from flows.connectors.base import (
    Answer,
    AnswerLost,
    CarrierFault,
    ConnectionView,
    ErrorClass,
    Http,
    Json,
    NotReached,
)
from flows.connectors.outcomes import read_json

from .codes import CODES, explained, named

PODS: Final[Mapping[str, str]] = {
    "IN": "api.in.kaleyra.io",
    "SG": "api.kaleyra.io",
    "EU": "api.eu.kaleyra.io",
    "NA": "api.na.kaleyra.ai",
}
QUESTION_TIMEOUT_S = 10.0
_MARK = b"\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"
_LONGEST_LOG = 2000


@dataclass(frozen=True)
class Fault:
    """What stands in an answer that is a no; both may be empty."""

    code: str
    said: str


def is_usable(connection: ConnectionView) -> bool:
    """Whether the connection says where to go and how to be let in."""
    config = connection.config
    has_place = connection.base_url or config.get("pod") in PODS
    return bool(has_place and config.get("sid") and config.get("api_key"))


def address(connection: ConnectionView, path: str) -> str:
    base = connection.base_url or f"https://{PODS[connection.config['pod']]}"
    return f"{base}/v1/{quote(connection.config['sid'], safe='')}/{path}"


def headers(connection: ConnectionView) -> dict[str, str]:
    return {"api-key": connection.config["api_key"], "Accept": "application/json"}


def scrubbed(answer: Answer, *, connection: ConnectionView) -> Answer:
    """The answer without our secrets: Kaleyra echoes the callback address, the key is in it."""
    body = answer.body
    for secret in (connection.config.get("api_key", ""), connection.hook_key):
        if secret:
            body = body.replace(secret.encode(), _MARK)
    return replace(answer, body=body)


def logged(answer: Answer) -> Json:
    """What is kept of an answer."""
    said = read_json(answer)
    text = answer.body[:_LONGEST_LOG].decode("utf-8", "replace")
    return {"status": answer.status, "body": text if said is None else said}


def is_yes(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def fault_in(answer: Answer) -> Fault | None:
    """Why the answer is a no, as far as its body says; None when it says nothing like it.

    A 2xx proves nothing: it is a no when its `error` is filled. A code alone is none there, since
    Kaleyra gives codes to good news as well.
    """
    said = read_json(answer)
    if not isinstance(said, dict):
        return None
    error = said.get("error")
    inner = error if isinstance(error, dict) else {}
    code = _text(inner.get("code")) or _text(said.get("code"))
    words = _text(inner.get("message")) or _text(said.get("message")) or _first_text(error)
    if error or (not is_yes(answer) and (code or words)):
        return Fault(named(code, said=words), words)
    return None


def _text(value: Json) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _first_text(value: Json) -> str:
    """The first words anywhere in an error, whatever its shape."""
    waiting = [value]
    while waiting:
        first = waiting.pop(0)
        if isinstance(first, dict):
            waiting += first.values()
        elif isinstance(first, list):
            waiting += first
        elif text := _text(first):
            return text
    return ""


async def ask(path: str, *, connection: ConnectionView, http: Http) -> Json:
    """The answer to a question, as JSON; raises CarrierFault with a sentence for people."""
    if not is_usable(connection):
        raise CarrierFault("Enter the pod, the SID and the API key of the connection.")
    try:
        answer = await http.get(
            address(connection, path), headers=headers(connection), timeout_s=QUESTION_TIMEOUT_S
        )
    except (NotReached, AnswerLost) as fault:
        reason = f"Kaleyra could not be asked: {fault}."
        raise CarrierFault(reason, ErrorClass.CARRIER_DOWN) from fault
    said = read_json(answer)
    if refusal := fault_in(answer):
        raise _refusal(refusal)
    if not is_yes(answer) or not isinstance(said, dict | list):
        raise _no_answer(answer.status)
    return said


def _refusal(fault: Fault) -> CarrierFault:
    error_class, reason = explained(fault.code, said=fault.said)
    advice = f" {CODES[fault.code].what_to_do}" if fault.code in CODES else ""
    return CarrierFault(f"Kaleyra answered that {reason}.{advice}", error_class)


def _no_answer(status: int) -> CarrierFault:
    if status in (401, 403):
        return _refusal(Fault("RBC001", ""))
    words = f"Kaleyra answered with the HTTP status {status} and nothing that can be read."
    if status == 429:
        return CarrierFault(words, ErrorClass.THROTTLED)
    return CarrierFault(words, ErrorClass.CARRIER_DOWN if status >= 500 else ErrorClass.UNKNOWN)
