"""Kaleyra as far as SMS and WhatsApp V1 need it: both send addresses, the status query, lists.

Checks what it is sent as the real gateway does (routing before credentials, E13001 for what is
missing) and renders receipts as a callback profile would. Written from Kaleyra's documentation,
not from our connector.
"""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from aiohttp import web

from flows.connectors.base import ExampleHook
from tests.fakes.server import FakeCarrier, Taken, digits

SID = "HXIN1695108440IN"
API_KEY = "Af0e1d2c3b4a5968778695a4b3c2d1e0f"
PROFILE = "IN_09b3dfa7-e0a1-4d84-ab2d-6ed654272c11"
ReceiptForm = Literal["get", "json", "form"]

TYPES = {"OTP", "TXN", "MKT", "DEFAULT"}
REFERENCES = {"ref", "ref1", "ref2", "callback_profile_id"}
SMS_FIELDS = {
    "to", "sender", "type", "body", "template_id", "entity_id", "unicode", "callback", "source",
} | REFERENCES  # fmt: skip
WHATSAPP_FIELDS = {"channel", "from", "to", "type", "template_name", "callback_url"} | REFERENCES
FIELDS_OF_TYPE = {
    "template": {"lang_code", "params", "param_header", "param_url"},
    "mediatemplate": {
        "lang_code", "params", "param_header", "param_url", "media_url",
        "payload1", "payload2", "payload3",
    },
    "authenticationtemplate": {"verification_code"},
}  # fmt: skip
HTTP_STATUS = {"RBC001": 401}
WORDS = {
    "RBC001": "Incorrect SID or API key.",
    "RBC618": "Sorry, the page you are looking for could not be found.",
    "E110": "Insufficient balance.",
}
# Trace codes with which Kaleyra itself does not hand a message on.
NOT_SENT = {
    "NOT-ALLOWED", "NO-CREDITS", "SERIES-BLOCK", "KLR-INV-NUMBER", "SPAM", "BLACKLIST", "CON-DND",
    "INV-MOB-PATTRN", "TEMPLATE-NOT-FOUND", "INV-TEMPLATE-MATCH", "SENDER-ID-NOT-FOUND",
    "NOT-OPTIN", "OUTPUT-REJ", "OPT-OUT", "REJECTED-MULTIPART", "DND-NUMB",
}  # fmt: skip
SPELLING = {
    "sms": {"accepted": "Submitted", "sent": "Sent", "delivered": "Delivered", "read": "Read",
            "failed": "UnDelivered", "not-sent": "NotSent"},
    "whatsapp": {name: name for name in ("sent", "delivered", "read", "failed", "not-sent")},
}  # fmt: skip
_NUMBER = re.compile(r"\+?[1-9]\d{7,14}")
_SENDER = re.compile(r"[0-9A-Za-z]{3,15}")


class FakeKaleyra(FakeCarrier):
    """One account. `receipt_form` is how its WhatsApp callbacks and its SMS profile are made;
    `profiles` are its callback profiles (ID to endpoint), `params` how many each template has."""

    key = "kaleyra"
    config: ClassVar[Mapping[str, str]] = {"pod": "IN", "sid": SID, "api_key": API_KEY}

    def __init__(self, *, port: int = 0, webhook_url: str = "") -> None:
        super().__init__(port=port, webhook_url=webhook_url)
        self.receipt_form: ReceiptForm = "get"
        self.refuses_politely = False  # 202 with a filled error, as the SMS API does at times
        self.profiles: dict[str, str] = {PROFILE: webhook_url}
        self.params: dict[str, int] = {}
        self.senders = ["KLRHXA", "ACMERT"]

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/v1/{sid}/sms", self.on_sms),
            web.post("/v1/{sid}/messages", self.on_message),
            web.get("/v1/{sid}/{path:sms|messages}/status", self.on_status),
            web.get("/v1/{sid}/messages/identifier", self.on_senders),
            web.get("/v1/{sid}/callback/profiles", self.on_profiles),
        ]

    # --- Sending ---

    async def on_sms(self, request: web.Request) -> web.Response:
        return await self._on_send(request, self._sms)

    async def on_message(self, request: web.Request) -> web.Response:
        fields = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
        is_whatsapp = fields.get("channel", "").lower() == "whatsapp"
        return await self._on_send(request, self._whatsapp if is_whatsapp else self._sms)

    async def _on_send(
        self, request: web.Request, read: Callable[[Mapping[str, str]], Taken | str]
    ) -> web.Response:
        if not self._may(request):
            return problem("RBC001")
        message = read(await self._form(request))
        if isinstance(message, str):
            self.complain(message)
            return problem("E13001", message)
        return await self.follow(request, message)

    async def _form(self, request: web.Request) -> dict[str, str]:
        if request.content_type != "application/x-www-form-urlencoded":
            self.complain(f"a message is a form here, not {request.content_type}")
        pairs = parse_qsl((await request.read()).decode(), keep_blank_values=True)
        if len(dict(pairs)) != len(pairs):
            self.complain("a field came twice")
        return dict(pairs)

    def _sms(self, fields: Mapping[str, str]) -> Taken | str:
        """The SMS, or what is wrong with it."""
        self._look_for_strangers(fields, SMS_FIELDS)
        if missing := [name for name in ("to", "sender", "type", "body") if not fields.get(name)]:
            return f"The field {missing[0]} is mandatory."
        recipients = fields["to"].split(",")
        if fields["type"] == "OTP" and len(recipients) > 1:
            return "Only one recipient is allowed for OTP."
        if len(recipients) > 1 or not _NUMBER.fullmatch(recipients[0]):
            return "The recipient is not one number with its country code."
        if fields["type"] not in TYPES:
            return "The type must be one of OTP, TXN, MKT, DEFAULT."
        if not _SENDER.fullmatch(fields["sender"]):
            return "The sender is not a Sender ID."
        if fields.get("unicode", "1") not in ("1", "Auto"):
            return "unicode must be 1 or Auto."
        if not fields["body"].isascii() and "unicode" not in fields:
            self.complain("a text beyond ASCII without unicode")
        for name in ("template_id", "entity_id"):
            if not fields.get(name, "0").isdigit():
                return f"{name} must be a number."
        url, method = self._callback(fields)
        return self._taken(
            fields, channel="sms", text=fields["body"], webhook_url=url, method=method
        )

    def _callback(self, fields: Mapping[str, str]) -> tuple[str, str]:
        """Where the receipts of an SMS go and how, by its callback object or its profile."""
        if "callback_profile_id" in fields:
            if "callback" in fields:
                self.complain("a callback object and a profile")
            if fields["callback_profile_id"] not in self.profiles:
                self.complain("no such callback profile")
            return self.profiles.get(fields["callback_profile_id"], ""), self.receipt_form
        try:
            asked = json.loads(fields.get("callback", '{"url": ""}'))
            method = {"GET": "get", "POST": "json"}[asked.get("method", "POST")]
            unknown = asked.keys() - {"url", "method", "header", "retry"}
            retry = asked.get("retry", {"count": "0", "interval": []})
            if unknown or int(retry["count"]) != len(retry["interval"]):
                self.complain("a callback object that is not as documented")
            return str(asked["url"]), method
        except (ValueError, KeyError, AttributeError, TypeError):
            self.complain("a callback object that cannot be read")
            return "", "get"

    def _whatsapp(self, fields: Mapping[str, str]) -> Taken | str:
        """The message, or what is wrong with it."""
        for name, words in (
            ("from", "The WhatsApp Number is mandatory."),
            ("to", "The recipient is mandatory."),
            ("type", "The type is mandatory."),
            ("template_name", "The template name is mandatory."),
        ):
            if not fields.get(name):
                return words
        if not (_NUMBER.fullmatch(fields["from"]) and _NUMBER.fullmatch(fields["to"])):
            return "The number must have its country code."
        if fields["type"] not in FIELDS_OF_TYPE:
            return "The type is not valid."
        self._look_for_strangers(fields, WHATSAPP_FIELDS | FIELDS_OF_TYPE[fields["type"]])
        if not re.fullmatch(r"[a-z0-9_]{1,512}", fields["template_name"]):
            return "The template name is not valid."
        if fields["type"] == "authenticationtemplate" and not fields.get("verification_code"):
            return "The verification code is mandatory."
        if urlsplit(fields.get("media_url", "https://x/")).scheme not in ("http", "https"):
            return "The media URL is not valid."
        params = self._params(fields)
        if len(params) != self.params.get(fields["template_name"], len(params)):
            return "The number of parameters does not match the template."
        code = fields.get("verification_code", "")
        return self._taken(
            fields,
            channel="whatsapp",
            text=code,
            params=params,
            webhook_url=fields.get("callback_url", ""),
            method=self.receipt_form,
        )

    def _params(self, fields: Mapping[str, str]) -> list[str]:
        given = fields.get("params", "")
        if not given:
            return []
        if not re.fullmatch(r'"[^"\\]*"(,"[^"\\]*")*', given):
            self.complain("params is not a list of values in quotes")
        return next(csv.reader([given.replace("\n", " ")]))

    def _taken(self, fields: Mapping[str, str], *, method: str, **known: Any) -> Taken:
        url = known["webhook_url"]
        in_url = parse_qs(urlsplit(url).query).get("ref", [""])[0]
        return Taken(
            recipient=digits(fields["to"]),
            client_message_id=in_url or fields.get("ref1", ""),
            fields={**fields, "receipt_form": method},
            **known,
        )

    def _look_for_strangers(self, fields: Mapping[str, str], known: set[str]) -> None:
        for name in sorted(fields.keys() - known):
            self.complain(f"no such field: {name}")
        for name in sorted(name for name, value in fields.items() if not value):
            self.complain(f"an empty field: {name}")

    # --- Answers ---

    def accepted(self, message: Taken) -> web.Response:
        place = 1 if message.channel == "sms" else 0
        said = {
            "id": message.message_id,
            "sender": message.fields.get("sender", message.fields.get("from")),
            "type": message.fields["type"],
            "body": message.text,
            "createdDateTime": message.at.isoformat(" ", "seconds"),
            "totalCount": 1,
            "data": [
                {"message_id": f"{message.message_id}:{place}", "recipient": message.recipient}
            ],
            "dlrurl": message.webhook_url or None,
            "error": {},
        }
        return web.json_response(said, status=202)

    def refused(self, message: Taken, code: str) -> web.Response:
        if self.refuses_politely:
            said = {"data": [], "error": {"code": code, "message": words_of(code)}}
            return web.json_response(said, status=202)
        return problem(code)

    def too_many(self, message: Taken) -> web.Response:
        return problem("RBC429", "Too many requests.", status=429)

    def nowhere(self, request: web.Request) -> web.Response:
        """An unknown path and a wrong method are one, before the key is looked at."""
        said = {"code": "RBC618", "message": WORDS["RBC618"], "data": [], "error": {}}
        return web.json_response(said, status=400)

    def _may(self, request: web.Request) -> bool:
        """A wrong key, no key and a wrong SID are one and the same."""
        is_ours = request.match_info["sid"] == SID
        return is_ours and request.headers.get("api-key") == API_KEY

    # --- Receipts ---

    async def _say(self, message: Taken, *statuses: str, code: str = "", times: int = 1) -> None:
        if message.channel == "sms":  # nobody learns whether an SMS was read
            statuses = tuple(status for status in statuses if status != "read")
        await super()._say(message, *statuses, code=code, times=times)

    def receipt(self, message: Taken, status: str, code: str = "") -> ExampleHook:
        channel = message.channel or "sms"
        if status == "failed" and code in NOT_SENT:
            status = "not-sent"
        spelled = SPELLING[channel][status]
        make = sms_variables if channel == "sms" else whatsapp_variables
        variables = make(message, spelled, code) | {
            name: message.fields.get(name, "") for name in ("ref", "ref1", "ref2")
        }
        form = message.fields.get("receipt_form", self.receipt_form)
        return rendered(variables, url=self.webhook_of(message), form=form)

    # --- Questions ---

    async def on_status(self, request: web.Request) -> web.Response:
        if not self._may(request):
            return problem("RBC001")
        asked = [one for one in request.query.get("message_ids", "").split(",") if one]
        if not asked:
            return problem("E13001", "The list of Message IDs is empty.")
        of_sms = {message.message_id for message in self.taken if message.channel == "sms"}
        data = []
        for place, message_id in ((one, one.partition(":")[0]) for one in asked):
            if place != f"{message_id}:1":
                self.complain("a message ID without its place")
            if message_id in of_sms:
                status, code = self.state[message_id]
                name = "not-sent" if code in NOT_SENT else status
                spelled = SPELLING["sms"][name]
                data.append(
                    {
                        "campaign_id": place,
                        "status": spelled,
                        "status_details": code or spelled.upper(),
                    }
                )
        return web.json_response({"data": data, "error": {}})

    async def on_senders(self, request: web.Request) -> web.Response:
        if not self._may(request):
            return problem("RBC001")
        return web.json_response({"data": [{"identifier": name} for name in self.senders]})

    async def on_profiles(self, request: web.Request) -> web.Response:
        if not self._may(request):
            return problem("RBC001")
        found = [{"profileId": name, "url": url} for name, url in self.profiles.items()]
        return web.json_response({"code": "RBC020", "data": found, "error": {}, "status": 200})


def problem(code: str, message: str = "", *, status: int = 0) -> web.Response:
    """A refusal in the shape of the gateway."""
    message = message or words_of(code)
    said = {"code": code, "message": message, "data": [], "error": {"error": message}}
    return web.json_response(said, status=status or HTTP_STATUS.get(code, 400))


def words_of(code: str) -> str:
    return WORDS.get(code, "Validation failed.")


def whatsapp_variables(message: Taken, status: str, code: str) -> dict[str, str]:
    return {
        "id": f"{bare(message)}:0",
        "custom_response": "false",
        "timestamp": f"{datetime.now(UTC).timestamp():.0f}",
        "mobile": message.recipient,
        "message": f"Message {status}",
        "status": status,
        "phone_number": digits(message.fields.get("from", "918047182200")),
        "error": f"Message {status}" if code else "",
        "error_code": code,
        "price": "0.01" if status == "delivered" else "",
    }


def sms_variables(message: Taken, status: str, code: str) -> dict[str, str]:
    return {
        "id": f"{bare(message)}:1",
        "status": status,
        "status_trace": code or status.upper(),
        "description": f"Message is {status}",
        "recipient": f"+{message.recipient}",
        "timestamp": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        "unknown_variable": "<unknown_variable>",  # what a profile cannot fill in stays as it is
    }


def bare(message: Taken) -> str:
    return message.message_id.partition(":")[0]


def rendered(variables: Mapping[str, str], *, url: str, form: str) -> ExampleHook:
    """A callback as a profile with this method and body makes it."""
    if form == "get":
        glue = "&" if urlsplit(url).query else "?"
        return ExampleHook(method="GET", url=f"{url}{glue}{urlencode(variables)}")
    if form == "json":
        kind, body = "application/json", json.dumps(variables)
    else:
        kind, body = "application/x-www-form-urlencoded", urlencode(variables)
    return ExampleHook(method="POST", url=url, headers={"Content-Type": kind}, body=body.encode())
