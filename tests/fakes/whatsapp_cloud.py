"""A fake of Meta's WhatsApp Cloud API: its paths, token, template checks, errors and webhooks.

Written from Meta's documentation, not from the connector, so that each checks the other.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

import requests
from aiohttp import web

from flows.connectors.base import ExampleHook
from flows.placeholders import Channel, TemplateContent
from tests.fakes.server import STATUSES, FakeCarrier, Taken
from tests.fakes.whatsapp_templates import Misfit, filled, listed

Json = Any
TOKEN = "EAAGm0PX4ZCpsBAfakeTokenOfTheSystemUser0123456789"
ACCOUNT_ID, NUMBER_ID, NUMBER = "102290129340398", "106540352242922", "918047182200"
APP_SECRET = "614fc2afde15eee07a26b2fe3eaee9b9"
VERSION = "v26.0"
HTTP_STATUS = {
    "0": 401, "190": 401, "10": 403, "200": 403, "368": 403, "130497": 403, "131005": 403,
    "131031": 403, "3": 500, "131000": 500, "131016": 500, "131045": 500, "131057": 500,
    "133000": 500, "2": 503, "133004": 503, "132001": 404,
}  # fmt: skip
_MESSAGE_KEYS = {
    "messaging_product", "recipient_type", "to", "type", "template", "biz_opaque_callback_data",
}  # fmt: skip
# What the builders of the cast call a template of this name.
ORDER_UPDATE = TemplateContent(
    Channel.WHATSAPP, "order_update", "text", "Hi {{1}}, your order *{{2}}* arrives by {{3}}.",
    language="en", category="utility",
)  # fmt: skip
PARCEL_NEWS = TemplateContent(
    Channel.WHATSAPP, "parcel_news", "text", "Hi {{1}}, your parcel {{2}} is here.",
    language="en", category="utility",
)  # fmt: skip


class FakeWhatsAppCloud(FakeCarrier):
    """One WhatsApp Business Account with one number; `have` gives it templates."""

    key: ClassVar[str] = "whatsapp_cloud"
    config: ClassVar[Mapping[str, str]] = {
        "access_token": TOKEN,
        "account_id": ACCOUNT_ID,
        "app_secret": APP_SECRET,
        "api_version": VERSION,
    }
    sender_id: ClassVar[str] = NUMBER_ID
    statuses: ClassVar[frozenset[str]] = frozenset(STATUSES)

    def __init__(self, *, port: int = 0, webhook_url: str = "") -> None:
        super().__init__(port=port, webhook_url=webhook_url)
        self.templates: list[dict[str, Json]] = []
        self.most_per_page = 100
        self.message_status = "accepted"
        self.have(ORDER_UPDATE)
        self.have(PARCEL_NEWS)
        self.numbers = [
            {
                "id": NUMBER_ID,
                "display_phone_number": "+91 80471 82200",
                "verified_name": "Acme Retail",
                "quality_rating": "GREEN",
                "throughput": {"level": "STANDARD"},
            }
        ]

    def have(
        self, content: TemplateContent, *, status: str = "APPROVED", reason: str = "NONE"
    ) -> None:
        """The account has this template from now on, instead of one of the same name."""
        row = listed(content, number=len(self.templates), status=status, reason=reason)
        others = [t for t in self.templates if not _same(t, row["name"], row["language"])]
        self.templates = [*others, row]

    def greet(self, token: str, *, challenge: str = "1158201444") -> requests.Response:
        """The handshake that Meta makes when somebody enters the callback URL."""
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
        return requests.get(self.webhook_url, params=asked, timeout=5)

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/{version}/{number}/messages", self.on_send),
            web.get("/{version}/{account}", self.on_account),
            web.get("/{version}/{account}/phone_numbers", self.on_numbers),
            web.get("/{version}/{account}/message_templates", self.on_templates),
        ]

    # --- Messages ---

    async def on_send(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._stopped(request, "number", NUMBER_ID):
            return refusal
        if request.content_type != "application/json":
            self.complain(f"the content type is {request.content_type}")
        try:
            return await self.follow(request, self._read(await request.read()))
        except Misfit as misfit:
            if misfit.is_ours:
                self.complain(f"{misfit.code}: {misfit.details}")
            return error(misfit.code, misfit.details)

    def _read(self, body: bytes) -> Taken:
        """The message; raises Misfit."""
        try:
            sent = json.loads(body)
        except ValueError:
            raise Misfit("100", "the body is not JSON", is_ours=True) from None
        if surplus := sent.keys() - _MESSAGE_KEYS:
            raise Misfit("100", f"unexpected keys {sorted(surplus)}", is_ours=True)
        fixed = {
            "messaging_product": "whatsapp", "recipient_type": "individual", "type": "template",
        }  # fmt: skip
        for name, value in fixed.items():
            if sent.get(name) != value:
                raise Misfit("100", f"{name} is {sent.get(name)!r}", is_ours=True)
        to, ours = sent.get("to", ""), sent.get("biz_opaque_callback_data", "")
        if not (isinstance(to, str) and to.isascii() and to.isdigit() and 8 <= len(to) <= 15):
            raise Misfit("131009", f"to is {to!r}", is_ours=True)
        if not isinstance(ours, str) or len(ours) > 512:
            raise Misfit("100", "biz_opaque_callback_data is no text", is_ours=True)
        template = sent.get("template", {})
        if surplus := template.keys() - {"name", "language", "components"}:
            raise Misfit("100", f"unexpected keys {sorted(surplus)}", is_ours=True)
        name, language = template.get("name"), template.get("language", {}).get("code")
        row = next((row for row in self.templates if _same(row, name, language)), None)
        if row is None:
            raise Misfit("132001", f"template name ({name}) does not exist in {language}")
        text, values = filled(row, template.get("components", []))
        return Taken(
            recipient=to,
            client_message_id=ours,
            channel="whatsapp",
            text=text,
            params=values,
            fields={"template": template},
        )

    def new_message_id(self, message: Taken) -> str:
        inner = base64.b64encode(f"{message.recipient}{uuid4()}".encode()).decode()
        return f"wamid.{inner}"

    def accepted(self, message: Taken) -> web.Response:
        taken = {"id": message.message_id, "message_status": self.message_status}
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": message.recipient, "wa_id": message.recipient}],
                "messages": [taken],
            }
        )

    def refused(self, message: Taken, code: str) -> web.Response:
        return error(code, "as it was played")

    def too_many(self, message: Taken) -> web.Response:
        return error("130429", "Cloud API message throughput has been reached.", status=429)

    def nowhere(self, request: web.Request) -> web.Response:
        return error("2500", f"Unknown path components: {request.path}")

    # --- Webhooks ---

    def receipt(self, message: Taken, status: str, code: str = "") -> ExampleHook:
        said: dict[str, Json] = {
            "id": message.message_id,
            "status": status,
            "timestamp": str(int(message.at.timestamp()) + STATUSES.index(status)),
            "recipient_id": message.recipient,
        }
        if message.client_message_id:
            said["biz_opaque_callback_data"] = message.client_message_id
        if status == "sent":
            said["pricing"] = {"billable": True, "pricing_model": "PMP", "category": "utility"}
        if status == "failed":
            said["errors"] = [_reported(code or "131000")]
        return self.webhook([said])

    def webhook(self, statuses: Sequence[Json], **more: Json) -> ExampleHook:
        """What Meta posts, signed; `more` stands beside the statuses, e.g. messages."""
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": NUMBER, "phone_number_id": NUMBER_ID},
            "statuses": list(statuses),
            **more,
        }
        entry = {"id": ACCOUNT_ID, "changes": [{"value": value, "field": "messages"}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        return ExampleHook(method="POST", url=self.webhook_url, headers=signed(body), body=body)

    # --- Questions ---

    async def on_account(self, request: web.Request) -> web.Response:
        if refusal := self._stopped(request, "account", ACCOUNT_ID):
            return refusal
        return web.json_response(_picked({"id": ACCOUNT_ID, "name": "Acme Retail"}, request))

    async def on_numbers(self, request: web.Request) -> web.Response:
        refusal = self._stopped(request, "account", ACCOUNT_ID)
        return refusal or self._page(request, self.numbers)

    async def on_templates(self, request: web.Request) -> web.Response:
        refusal = self._stopped(request, "account", ACCOUNT_ID)
        return refusal or self._page(request, self.templates)

    def _page(self, request: web.Request, rows: Sequence[Mapping[str, Json]]) -> web.Response:
        limit = min(int(request.query.get("limit", "25")), self.most_per_page)
        start = int(base64.b64decode(request.query.get("after", "")) or b"0")
        end = start + limit
        after = base64.b64encode(str(end).encode()).decode()
        paging: dict[str, Json] = {"cursors": {"before": "MAZDZD", "after": after}}
        if end < len(rows):  # the real one has the token in it as well
            paging["next"] = f"{self.url}{request.path}?access_token={TOKEN}&after={after}"
        found = [_picked(row, request) for row in rows[start:end]]
        return web.json_response({"data": found, "paging": paging})

    # --- Letting in ---

    def _stopped(self, request: web.Request, name: str, node: str) -> web.Response | None:
        """The answer to a wrong token or address; None when all is well."""
        given = request.headers.get("Authorization", "")
        token = given.removeprefix("Bearer ")
        if token != TOKEN or not given.startswith("Bearer "):
            said = f"Malformed access token {token}" if token else "An access token is required"
            return error("190", said)
        proof = request.query.get("appsecret_proof")
        if proof is not None and proof != _digest(TOKEN.encode()):
            return error("100", "Invalid appsecret_proof provided in the API argument")
        if request.match_info["version"] != VERSION:
            return error("2635", f"You are calling {request.match_info['version']}")
        if request.match_info[name] != node:
            asked = request.match_info[name]
            said = f"Unsupported request. Object with ID '{asked}' does not exist"
            return error("100", said, subcode=33)
        return None


def error(code: str, details: str, *, status: int = 0, subcode: int = 0) -> web.Response:
    """A refusal as the Graph API words it."""
    found: dict[str, Json] = {
        "message": f"(#{code}) {details}",
        "type": "OAuthException",
        "code": int(code),
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": "AXk2Vp4fakeTrace",
    }
    if subcode:
        found["error_subcode"] = subcode
    return web.json_response({"error": found}, status=status or HTTP_STATUS.get(code, 400))


def signed(body: bytes) -> dict[str, str]:
    """The headers of a webhook with this body."""
    return {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={_digest(body)}",
    }


def _digest(body: bytes) -> str:
    return hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()


def _reported(code: str) -> dict[str, Json]:
    return {
        "code": int(code),
        "title": f"Title of {code}",
        "message": f"Message of {code}",
        "error_data": {"details": f"Details of {code}"},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }


def _picked(row: Mapping[str, Json], request: web.Request) -> dict[str, Json]:
    """Only the fields that were asked for; the id always comes along."""
    asked = {"id", *request.query.get("fields", "").split(",")}
    return {name: value for name, value in row.items() if name in asked}


def _same(row: Mapping[str, Json], name: Json, language: Json) -> bool:
    return bool((row["name"], row["language"]) == (name, language))
