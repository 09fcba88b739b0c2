"""How the Graph API is spoken to and how it refuses: addresses, the token, the error object."""

import re
from dataclasses import dataclass
from typing import Any

from flows.connectors.base import Answer, ConnectionView, Json
from flows.connectors.outcomes import read_json

BASE_URL = "https://graph.facebook.com"
DEFAULT_VERSION = "v26.0"
HIDDEN = "•••"
MOST_SAID = 200  # characters of Meta's own words
_ID = re.compile(r"[0-9]{1,32}")


@dataclass(frozen=True)
class GraphError:
    """The error object of an answer; `said` is the carrier's own sentence."""

    code: str
    said: str


def is_id(text: str) -> bool:
    """Whether this is an id of Meta, which is safe to stand in an address."""
    return bool(_ID.fullmatch(text))


def url_of(connection: ConnectionView, *parts: str) -> str:
    version = connection.config.get("api_version") or DEFAULT_VERSION
    return "/".join((connection.base_url or BASE_URL, version, *parts))


def headers_of(connection: ConnectionView) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(connection)}", "Content-Type": "application/json"}


def token_of(connection: ConnectionView) -> str:
    return connection.config.get("access_token", "")


def said_by(answer: Answer, connection: ConnectionView) -> Json:
    """The answer's JSON, fit to be kept: Meta repeats a malformed token in what it says of it."""
    return _without(token_of(connection), read_json(answer))


def _without(secret: str, value: Any) -> Json:
    if not secret:
        return value
    if isinstance(value, str):
        return value.replace(secret, HIDDEN)
    if isinstance(value, list):
        return [_without(secret, item) for item in value]
    if isinstance(value, dict):
        return {_without(secret, key): _without(secret, item) for key, item in value.items()}
    return value


def error_in(said: Json) -> GraphError | None:
    """The error of an answer, if it names one."""
    error = said.get("error") if isinstance(said, dict) else None
    if not isinstance(error, dict) or (code := code_of(error)) is None:
        return None
    return GraphError(code, words_of(error))


def code_of(error: Json) -> str | None:
    """The code as a text; None when there is none."""
    code = error.get("code")
    if isinstance(code, bool) or not isinstance(code, int | str) or len(str(code)) > 20:
        return None
    text = str(code)
    return "200" if text.isascii() and text.isdigit() and 200 <= int(text) <= 299 else text


def words_of(error: Json) -> str:
    """The most telling of what an error says; Meta asks to go by the details, not by titles."""
    details = error.get("error_data")
    candidates = [details.get("details") if isinstance(details, dict) else None]
    candidates += [error.get("message"), error.get("title")]
    return next((text[:MOST_SAID] for text in candidates if text and isinstance(text, str)), "")
