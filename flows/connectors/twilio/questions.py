"""Where Twilio is, who we are there, and what it answers to questions; sends no message."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flows.connectors.base import (
    Answer,
    AnswerLost,
    CarrierFault,
    CarrierSender,
    ConnectionView,
    ErrorClass,
    Http,
    NotReached,
    explain,
)
from flows.connectors.outcomes import read_json

from .codes import CODES

ADDRESS = "https://api.twilio.com"
VERSION = "2010-04-01"
QUESTION_TIMEOUT_S = 10.0


def address(connection: ConnectionView) -> str:
    return connection.base_url or ADDRESS


def account_sid(connection: ConnectionView) -> str:
    return quote(connection.config.get("account_sid", ""), safe="")


def account_url(connection: ConnectionView) -> str:
    return f"{address(connection)}/{VERSION}/Accounts/{account_sid(connection)}"


def _basic(name: str, secret: str) -> dict[str, str]:
    encoded = base64.b64encode(f"{name}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {encoded}", "Accept": "application/json"}


def headers(connection: ConnectionView) -> dict[str, str]:
    config = connection.config
    return _basic(config.get("account_sid", ""), config.get("auth_token", ""))


def sending_headers(connection: ConnectionView) -> dict[str, str]:
    config = connection.config
    name, secret = config.get("api_key_sid", ""), config.get("api_key_secret", "")
    return _basic(name, secret) if name and secret else headers(connection)


# --- Asking --------------------------------------------------------------------------------------


async def ask(url: str, connection: ConnectionView, http: Http) -> dict[str, Any]:
    """What Twilio answers; never shown as it is, for an account's answer holds its auth token."""
    answer = await _get(url, headers(connection), http)
    said = read_json(answer)
    if answer.status == 200 and isinstance(said, dict):
        return said
    raise _fault(answer, said)


async def _get(url: str, credentials: Mapping[str, str], http: Http) -> Answer:
    try:
        return await http.get(url, headers=credentials, timeout_s=QUESTION_TIMEOUT_S)
    except (NotReached, AnswerLost) as fault:
        sentence = f"Twilio could not be asked: {fault}. Try again later."
        raise CarrierFault(sentence, ErrorClass.CARRIER_DOWN) from fault


async def try_api_key(connection: ConnectionView, http: Http) -> None:
    """A key may be good for sending only, so everything but “who are you?” is fine."""
    config = connection.config
    if bool(config.get("api_key_sid")) != bool(config.get("api_key_secret")):
        raise CarrierFault("Enter both the SID and the secret of the API key, or neither.")
    key = sending_headers(connection)
    if key == headers(connection):
        return
    answer = await _get(f"{account_url(connection)}/Messages.json?PageSize=1", key, http)
    if answer.status == 401:
        sentence = "Twilio does not accept the API key. Enter its SID and its secret again."
        raise CarrierFault(sentence, ErrorClass.BLOCKED)


def _fault(answer: Answer, said: Any) -> CarrierFault:
    if answer.status in (401, 403):
        sentence = "Twilio does not accept the Account SID and the auth token. Enter both again."
        return CarrierFault(sentence, ErrorClass.BLOCKED)
    if answer.status == 404:
        return CarrierFault("Twilio does not know what was asked for.", ErrorClass.UNKNOWN)
    if answer.status == 429:
        return CarrierFault("Twilio asks to send more slowly.", ErrorClass.THROTTLED)
    if answer.status >= 500:
        sentence = "Twilio is out of order. Look at its status page and try again later."
        return CarrierFault(sentence, ErrorClass.CARRIER_DOWN)
    code = said.get("code") if isinstance(said, dict) else None
    if str(code) in CODES:
        error_class, reason = explain(CODES, str(code))
        return CarrierFault(f"{reason[0].upper()}{reason[1:]}.", error_class)
    return CarrierFault(f"Twilio gave an answer that could not be read ({answer.status}).")


def sends_sms(number: Any) -> bool:
    able = number.get("capabilities") if isinstance(number, dict) else None
    return isinstance(able, dict) and bool(able.get("sms")) and bool(number.get("phone_number"))


def sender_of(number: Mapping[str, Any]) -> CarrierSender:
    identifier = str(number["phone_number"]).removeprefix("+")
    name = shown(number.get("friendly_name"))
    return CarrierSender(
        identifier=identifier, carrier_id=shown(number.get("sid")), display_name=name
    )


def shown(value: Any) -> str:
    """A text of Twilio's, short enough for a sentence of ours."""
    plain = filter(str.isprintable, value) if isinstance(value, str) else ""
    return "".join(plain).strip()[:100]
