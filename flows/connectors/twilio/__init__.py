"""Twilio: SMS by its REST API of 2010-04-01, status callbacks, and questions about messages.

Knows no clock and keeps nothing. The codes stand in codes.py, the signature in signature.py.
https://www.twilio.com/docs/messaging/api/message-resource
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from flows.connectors.base import (
    Accepted,
    Answer,
    CarrierFault,
    CarrierSender,
    Codes,
    ConfigField,
    ConnectionView,
    Connector,
    ErrorClass,
    ExampleHook,
    Hook,
    Http,
    NotTaken,
    OutboundMessage,
    ReceiptEvent,
    ReceiptStatus,
    Refused,
    SendResult,
    Unknown,
    Unreadable,
    explain,
)
from flows.connectors.outcomes import CREDENTIALS, by_status, posted, read_json, retry_after_s
from flows.placeholders import Channel

from .codes import CODES, CREDENTIAL_CODES, NOT_TAKEN
from .questions import (
    VERSION,
    account_sid,
    account_url,
    address,
    ask,
    sender_of,
    sending_headers,
    sends_sms,
    shown,
    try_api_key,
)
from .receipts import INBOUND, STATUSES, event_of, is_message_id, moment, said_by, with_our_id
from .signature import HEADER, body_hash, is_hash_of, is_signed, sign

KEY = "twilio"
LONGEST_VALIDITY_S = 36_000
SHORTEST_NUMBER = 8  # digits; fewer are a short code
PAGE_SIZE = 20  # numbers; a page must fit into what is read of an answer
MOST_PAGES = 50
_FORM = "application/x-www-form-urlencoded"
_POLLED = ("sid", "status", "error_code", "error_message", "date_sent", "date_updated")


class Twilio(Connector):
    key: ClassVar[str] = KEY
    label: ClassVar[str] = "Twilio"
    summary: ClassVar[str] = "SMS to almost every country, sent from your own Twilio account."
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.SMS})
    config_fields: ClassVar[Sequence[ConfigField]] = (
        ConfigField(
            "account_sid",
            "Account SID",
            help="It stands on the first page of the Twilio Console.",
            pattern=r"AC[0-9a-fA-F]{32}",
            fault="An Account SID is AC and 32 digits or letters from a to f.",
        ),
        ConfigField(
            "auth_token",
            "Auth token",
            is_secret=True,
            help="The primary one, beside the Account SID. It also proves that receipts are real.",
            pattern=r"[0-9a-zA-Z]{32}",
            fault="An auth token is 32 digits and letters.",
        ),
        ConfigField(
            "api_key_sid",
            "API key SID",
            is_required=False,
            help="If you want to send with an API key instead of the auth token.",
            pattern=r"SK[0-9a-fA-F]{32}",
            fault="An API key SID is SK and 32 digits or letters from a to f.",
        ),
        ConfigField(
            "api_key_secret",
            "API key secret",
            is_secret=True,
            is_required=False,
            help="The secret of that API key.",
        ),
        ConfigField(
            "messaging_service_sid",
            "Messaging Service SID",
            is_required=False,
            help="Twilio then chooses the sender from this service's senders.",
            pattern=r"MG[0-9a-fA-F]{32}",
            fault="A Messaging Service SID is MG and 32 digits or letters from a to f.",
        ),
    )
    codes: ClassVar[Codes] = CODES
    credential_codes: ClassVar[frozenset[str]] = CREDENTIAL_CODES | {CREDENTIALS}
    reports: ClassVar[frozenset[ReceiptStatus]] = frozenset(STATUSES.values()) - {
        ReceiptStatus.READ  # never said of an SMS
    }
    has_hooks: ClassVar[bool] = True
    receipt_help: ClassVar[str] = (
        "Nothing to do at Twilio: every message tells Twilio where its receipts go."
    )
    checks: ClassVar[bool] = True
    polls: ClassVar[bool] = True
    lists_senders: ClassVar[bool] = True

    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        answer = await posted(
            http,
            f"{account_url(connection)}/Messages.json",
            body=urlencode(_fields(message, connection)).encode(),
            headers={**sending_headers(connection), "Content-Type": _FORM},
        )
        return _outcome(answer) if isinstance(answer, Answer) else answer

    def verify(self, hook: Hook, *, connection: ConnectionView) -> bool:
        token = connection.config.get("auth_token", "")
        signature = hook.headers.get(HEADER, "")
        try:
            digest = body_hash(hook.url)
            pairs = hook.form() if digest is None else ()
        except ValueError:  # Unreadable is one
            return False
        is_whole = digest is None or is_hash_of(hook.body, digest)
        return is_signed(signature, token=token, url=hook.url, pairs=pairs) and is_whole

    def parse(self, hook: Hook, *, connection: ConnectionView) -> Sequence[ReceiptEvent]:
        said = said_by(hook)
        status = (said.get("MessageStatus") or said.get("SmsStatus") or "").lower()
        if status in INBOUND:  # somebody writes to us: no receipt
            return ()
        message_id = said.get("MessageSid") or said.get("SmsSid") or ""
        if not status or not is_message_id(message_id):
            raise Unreadable("The status callback names no message or no status.")
        event = event_of(message_id, status, said.get("ErrorCode", ""), raw=said)
        attempt = dict(hook.query).get("attempt", "")
        return (with_our_id(event, attempt),)

    def example(self, *, message_id: str, connection: ConnectionView) -> ExampleHook:
        sender = "+15005550006"  # the number that Twilio keeps for tests
        fields = {
            "SmsSid": message_id,
            "SmsStatus": "delivered",
            "MessageStatus": "delivered",
            "To": "+15005550009",
            "MessageSid": message_id,
            "AccountSid": connection.config.get("account_sid", ""),
            "From": sender,
            "ApiVersion": VERSION,
        }
        token, url = connection.config.get("auth_token", ""), connection.receipt_url
        return ExampleHook(
            method="POST",
            url=url,
            headers={"Content-Type": _FORM, "X-Twilio-Signature": sign(token, url, fields.items())},
            body=urlencode(fields).encode(),
        )

    async def check(self, *, connection: ConnectionView, http: Http) -> str:
        account = await ask(f"{account_url(connection)}.json", connection, http)
        status = str(account.get("status", ""))
        if status != "active":
            sentence = f"The Twilio account is {shown(status) or 'in no state that we know'}."
            raise CarrierFault(f"{sentence} Ask Twilio why.", ErrorClass.BLOCKED)
        await try_api_key(connection, http)
        name = shown(account.get("friendly_name")) or connection.config["account_sid"]
        if account.get("type") == "Trial":
            trial = f"Twilio accepts the credentials of the trial account “{name}”."
            return f"{trial} It sends to verified numbers only."
        return f"Twilio accepts the credentials of the account “{name}”."

    async def poll(
        self, message_id: str, *, connection: ConnectionView, http: Http
    ) -> Sequence[ReceiptEvent]:
        url = f"{account_url(connection)}/Messages/{quote(message_id, safe='')}.json"
        said = await ask(url, connection, http)
        status = str(said.get("status") or "").lower()
        if not status or said.get("sid") != message_id:
            raise CarrierFault("Twilio's answer about the message could not be read.")
        code = said.get("error_code")
        at = moment(said.get("date_updated"))
        kept = {name: said.get(name) for name in _POLLED}
        code = "" if code is None else str(code)
        return (event_of(message_id, status, code, raw=kept, carrier_at=at),)

    async def list_senders(
        self, *, connection: ConnectionView, http: Http
    ) -> Sequence[CarrierSender]:
        """The account's numbers; with a Messaging Service Twilio chooses among its own."""
        path = f"/{VERSION}/Accounts/{account_sid(connection)}/IncomingPhoneNumbers.json"
        page: str | None = f"{path}?PageSize={PAGE_SIZE}"
        found: list[CarrierSender] = []
        for _ in range(MOST_PAGES):
            said = await ask(f"{address(connection)}{page}", connection, http)
            numbers = said.get("incoming_phone_numbers")
            if not isinstance(numbers, list):
                raise CarrierFault("Twilio's list of numbers could not be read.")
            found += [sender_of(number) for number in numbers if sends_sms(number)]
            page = said.get("next_page_uri")
            if not isinstance(page, str) or not page.startswith(f"{path}?"):
                break  # the end; a page elsewhere would be given the credentials
        return found


CONNECTORS = (Twilio(),)


def _fields(message: OutboundMessage, connection: ConnectionView) -> dict[str, str]:
    """The validity ends with the step's wait: a message that still waits in Twilio's queue then
    must not come after the next step has taken over, or the person would get both."""
    fields = {
        "To": f"+{message.recipient}",
        "Body": message.resolved.body,
        "ValidityPeriod": str(min(max(message.wait_s, 1), LONGEST_VALIDITY_S)),
    }
    if service := connection.config.get("messaging_service_sid", ""):
        fields["MessagingServiceSid"] = service
    else:
        fields["From"] = _from(message.sender)
    if connection.receipt_url:
        ours = urlencode({"attempt": message.client_message_id})
        fields["StatusCallback"] = f"{connection.receipt_url}?{ours}"
    return fields


def _from(sender: str) -> str:
    """Numbers with a plus; short codes and names as they are."""
    is_number = sender.isascii() and sender.isdigit() and len(sender) >= SHORTEST_NUMBER
    return f"+{sender}" if is_number else sender


def _outcome(answer: Answer) -> SendResult:
    """Accepted only with an id: without one no receipt would find its message."""
    said = read_json(answer)
    if not isinstance(said, dict):
        return by_status(answer)
    sid = said.get("sid")
    if 200 <= answer.status < 300 and is_message_id(sid):
        return Accepted(sid, said)
    code = said.get("code")
    if answer.status < 400 or not isinstance(code, int) or isinstance(code, bool):
        return by_status(answer, raw=said)
    return _refusal(answer, str(code), said)


def _refusal(answer: Answer, code: str, said: Mapping[str, Any]) -> SendResult:
    error_class, reason = explain(CODES, code, said=shown(said.get("message")))
    if answer.status in (429, 503) or code in NOT_TAKEN:
        if code not in CODES:
            error_class = ErrorClass.THROTTLED if answer.status == 429 else ErrorClass.CARRIER_DOWN
        return NotTaken(code, error_class, reason, retry_after_s(answer), said)
    if answer.status >= 500:  # a fault of Twilio's may come after the message was made
        return Unknown(reason)
    return Refused(code, error_class, reason, said)
