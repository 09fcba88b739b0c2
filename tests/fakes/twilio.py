"""Twilio as far as an SMS needs it: messages, their status, the account and its numbers.

Checks what it is sent as the real one does, and signs its status callbacks. Written from Twilio's
documentation, not from our connector: even the signature is made here a second time.
"""

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from uuid import uuid4

from aiohttp import web

from flows.connectors.base import ExampleHook
from tests.fakes.server import FakeCarrier, Taken

API = "/2010-04-01/Accounts"
ACCOUNT = "ACf0000000000000000000000000000001"
TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
API_KEY = "SKf0000000000000000000000000000001"
API_SECRET = "abcdefghijklmnopqrstuvwxyz012345"
SERVICE = "MGf0000000000000000000000000000001"
# Codes that Twilio does not answer with 400, and what it says with some.
HTTP_STATUS = {"20003": 401, "20403": 403, "70051": 403, "20404": 404, "20429": 429, "20500": 500,
               "20503": 503}  # fmt: skip
WORDS = {
    "20003": "Authenticate",
    "20404": "The requested resource was not found",
    "20429": "Too Many Requests",
    "21211": "The 'To' number is not a valid phone number.",
    "21610": "Attempt to send to unsubscribed recipient",
    "21617": "The concatenated message body exceeds the 1600 character limit",
}
KNOWN = {"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod"}
SPELLING = {"sent": "sent", "delivered": "delivered", "failed": "undelivered", "accepted": "queued"}
_E164 = re.compile(r"\+[1-9]\d{7,14}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_SHORT_CODE = re.compile(r"\d{3,7}")


class FakeTwilio(FakeCarrier):
    """One account with a token, a key and a Messaging Service; `account_status` may be changed,
    and `numbers` are the ones it owns."""

    key = "twilio"
    config: ClassVar[Mapping[str, str]] = {"account_sid": ACCOUNT, "auth_token": TOKEN}
    statuses = frozenset({"sent", "delivered", "failed"})

    def __init__(self, *, port: int = 0, webhook_url: str = "") -> None:
        super().__init__(port=port, webhook_url=webhook_url)
        self.account_status, self.account_type = "active", "Full"
        self.key_is_good = True
        self.question_takes_s = 0.0  # until one about a message is answered
        self.numbers: list[dict[str, Any]] = [number("15005550006"), number("447700900001")]

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post(f"{API}/{{account}}/Messages.json", self.on_send),
            web.get(f"{API}/{{account}}/Messages.json", self.on_messages),
            web.get(f"{API}/{{account}}/Messages/{{message}}.json", self.on_message),
            web.get(f"{API}/{{account}}/IncomingPhoneNumbers.json", self.on_numbers),
            web.get(f"{API}/{{account}}.json", self.on_account),
        ]

    # --- Messages ---

    async def on_send(self, request: web.Request) -> web.Response:
        if not self._may(request, also_key=True):
            return problem("20003")
        if request.content_type != "application/x-www-form-urlencoded":
            self.complain(f"a message is a form, not {request.content_type}")
        pairs = parse_qsl((await request.read()).decode(), keep_blank_values=True)
        fields = dict(pairs)
        if len(fields) != len(pairs):
            self.complain("a field came twice")
        for name in fields.keys() - KNOWN:
            self.complain(f"no such field: {name}")
        if code := self._fault_of(fields):
            self.complain(f"refused with {code}: {sorted(fields)}")
            return problem(code)
        callback = fields.get("StatusCallback", "")
        ours = parse_qs(urlsplit(callback).query).get("attempt", [""])[0]
        return await self.follow(
            request,
            Taken(
                recipient=fields["To"],
                client_message_id=ours,
                channel="sms",
                text=fields["Body"],
                webhook_url=callback,
                fields=fields,
            ),
        )

    def _fault_of(self, fields: Mapping[str, str]) -> str:
        """The code that Twilio refuses these fields with; empty: they are fine."""
        validity = fields.get("ValidityPeriod", "36000")
        sender = fields.get("From", "")
        is_sender = any(form.fullmatch(sender) for form in (_E164, _SHORT_CODE, _NAME))
        callback = urlsplit(fields.get("StatusCallback", "https://example.com/"))
        faults = {
            "21604": not fields.get("To"),
            "21211": not _E164.fullmatch(fields.get("To", "")),
            "21602": not fields.get("Body"),
            "21617": len(fields.get("Body", "")) > 1600,
            "21603": ("From" in fields) == ("MessagingServiceSid" in fields),
            "21212": "From" in fields and not is_sender,
            "21705": not re.fullmatch(
                r"MG[0-9a-f]{32}", fields.get("MessagingServiceSid", SERVICE)
            ),
            "21701": fields.get("MessagingServiceSid", SERVICE) != SERVICE,
            "21609": callback.scheme not in ("http", "https") or "_" in (callback.hostname or "_"),
            "90007": not validity.isdigit() or not 1 <= int(validity) <= 36_000,
        }
        return next((code for code, is_fault in faults.items() if is_fault), "")

    def accepted(self, message: Taken) -> web.Response:
        return web.json_response(self._resource(message), status=201)

    def refused(self, message: Taken, code: str) -> web.Response:
        return problem(code)

    def too_many(self, message: Taken) -> web.Response:
        return problem("20429")

    def nowhere(self, request: web.Request) -> web.Response:
        return problem("20404")

    def new_message_id(self, message: Taken) -> str:
        return f"SM{uuid4().hex}"

    async def on_messages(self, request: web.Request) -> web.Response:
        if not self._may(request, also_key=True):
            return problem("20003")
        return web.json_response({"messages": [self._resource(m) for m in self.taken]})

    async def on_message(self, request: web.Request) -> web.Response:
        if not self._may(request, also_key=True):
            return problem("20003")
        await asyncio.sleep(self.question_takes_s)
        asked = request.match_info["message"]
        found = [message for message in self.taken if message.message_id == asked]
        return web.json_response(self._resource(found[0])) if found else problem("20404")

    def _resource(self, message: Taken) -> dict[str, Any]:
        status, code = self.state[message.message_id]
        fields, now = message.fields, format_datetime(datetime.now(UTC))
        return {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": message.text,
            "date_created": format_datetime(message.at),
            "date_sent": now if status in ("sent", "delivered") else None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": int(code) if code else None,
            "error_message": WORDS.get(code) if code else None,
            "from": fields.get("From"),
            "messaging_service_sid": fields.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": message.message_id,
            "status": SPELLING[status],
            "subresource_uris": {
                "media": f"{API}/{ACCOUNT}/Messages/{message.message_id}/Media.json"
            },
            "to": f"+{message.recipient}",
            "uri": f"{API}/{ACCOUNT}/Messages/{message.message_id}.json",
        }

    def receipt(self, message: Taken, status: str, code: str = "") -> ExampleHook:
        spelled = SPELLING[status]
        fields = {
            "ApiVersion": "2010-04-01",
            "SmsSid": message.message_id,
            "SmsStatus": spelled,
            "SmsStatusCallbackTest": "",  # blank fields are signed too
            "From": message.fields.get("From", "+15005550006"),
            "MessageSid": message.message_id,
            "MessageStatus": spelled,
            "AccountSid": ACCOUNT,
            "To": f"+{message.recipient}",
            **({"ErrorCode": code} if code else {}),
            **({"RawDlrDoneDate": "2601011200"} if status == "delivered" else {}),
        }
        url = self.webhook_of(message)
        return ExampleHook(
            method="POST",
            url=url,
            headers={
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                "X-Twilio-Signature": signature(url, fields),
                "I-Twilio-Idempotency-Token": str(uuid4()),
            },
            body=urlencode(fields).encode(),
        )

    # --- The account ---

    async def on_account(self, request: web.Request) -> web.Response:
        if not self._may(request):  # an API key cannot read the account
            return problem("20003")
        return web.json_response(
            {
                "auth_token": TOKEN,  # Twilio does say it here
                "friendly_name": "Acme Retail",
                "sid": ACCOUNT,
                "status": self.account_status,
                "type": self.account_type,
                "owner_account_sid": ACCOUNT,
                "uri": f"{API}/{ACCOUNT}.json",
            }
        )

    async def on_numbers(self, request: web.Request) -> web.Response:
        if not self._may(request):
            return problem("20003")
        size, page = int(request.query.get("PageSize", 50)), int(request.query.get("Page", 0))
        if not 1 <= size <= 1000:
            return problem("20007")
        shown = self.numbers[page * size : (page + 1) * size]
        more = f"{request.path}?PageSize={size}&Page={page + 1}&PageToken=PA{page + 1}"
        return web.json_response(
            {
                "incoming_phone_numbers": shown,
                "page": page,
                "page_size": size,
                "next_page_uri": more if (page + 1) * size < len(self.numbers) else None,
            }
        )

    def _may(self, request: web.Request, *, also_key: bool = False) -> bool:
        """Whether the basic authentication is good for this account."""
        good = [basic(ACCOUNT, TOKEN)]
        if also_key and self.key_is_good:
            good.append(basic(API_KEY, API_SECRET))
        given = request.headers.get("Authorization", "")
        return request.match_info["account"] == ACCOUNT and given in good


def basic(name: str, secret: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"


def number(digits: str, *, sms: bool = True) -> dict[str, Any]:
    """An IncomingPhoneNumber resource."""
    return {
        "sid": f"PN{hashlib.md5(digits.encode(), usedforsecurity=False).hexdigest()}",
        "account_sid": ACCOUNT,
        "phone_number": f"+{digits}",
        "friendly_name": f"+{digits}",
        "capabilities": {"voice": True, "sms": sms, "mms": False, "fax": False},
        "sms_url": "https://demo.twilio.com/welcome/sms/reply",
    }


def problem(code: str) -> web.Response:
    """An error as Twilio says it."""
    said = {
        "code": int(code),
        "message": WORDS.get(code, "Twilio's words"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": HTTP_STATUS.get(code, 400),
    }
    return web.json_response(said, status=HTTP_STATUS.get(code, 400))


def signature(url: str, fields: Mapping[str, str], *, token: str = TOKEN) -> str:
    """X-Twilio-Signature: the URL, then every field by name, under HMAC-SHA1 with the token."""
    text = url
    for name in sorted(fields):
        text += name + fields[name]
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()
