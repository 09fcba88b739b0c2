"""Two carriers for the tests of the doors: one signs what it posts, one puts a key into its URL.

Both say what happened as JSON: [["event key", "status", "message id", "our id"], …].
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import ClassVar

from flows.connectors.base import (
    Accepted,
    ConfigField,
    ConnectionView,
    Connector,
    Hook,
    HookAnswer,
    Http,
    OutboundMessage,
    ReceiptEvent,
    ReceiptStatus,
    SendResult,
    Unreadable,
)

MODULE = __name__
SECRET = "secret-of-the-carrier & co"
HEADER = "x-signed"


class _Carrier(Connector):
    has_hooks: ClassVar[bool] = True
    hook_max_bytes: ClassVar[int] = 2048

    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        return Accepted(f"sent-{message.client_message_id}")

    def parse(self, hook: Hook, *, connection: ConnectionView) -> Sequence[ReceiptEvent]:
        told = hook.json() if hook.method == "POST" else json.loads(dict(hook.query)["told"])
        if not isinstance(told, list):
            raise Unreadable(f"The body is no list; the key is {connection.hook_key}.")
        return [
            ReceiptEvent(
                event_key=key, status=ReceiptStatus(status), message_id=message_id,
                client_message_id=ours, raw={"told": told},
            )
            for key, status, message_id, ours in told
        ]  # fmt: skip


class Signing(_Carrier):
    """Signs address and body with its secret; wants its word back before it begins."""

    key: ClassVar[str] = "signing"
    label: ClassVar[str] = "Signing"
    config_fields: ClassVar[Sequence[ConfigField]] = (ConfigField("secret", "Secret", True),)

    def handshake(self, hook: Hook, *, connection: ConnectionView) -> HookAnswer | None:
        asked = dict(hook.query)
        if "challenge" not in asked:
            return None
        fits = hmac.compare_digest(asked.get("key", "").encode(), connection.hook_key.encode())
        return HookAnswer(200, asked["challenge"]) if fits else HookAnswer(403)

    def verify(self, hook: Hook, *, connection: ConnectionView) -> bool:
        given = hook.headers.get(HEADER, "")
        return hmac.compare_digest(given.encode(), signature(hook.url, hook.body).encode())


class Keyed(_Carrier):
    """Signs nothing; its key is the first part of the path."""

    key: ClassVar[str] = "keyed"
    label: ClassVar[str] = "Keyed"
    has_key_in_url: ClassVar[bool] = True

    def verify(self, hook: Hook, *, connection: ConnectionView) -> bool:
        given = hook.rest.partition("/")[0]
        return hmac.compare_digest(given.encode(), connection.hook_key.encode())


def signature(url: str, body: bytes) -> str:
    return hmac.new(SECRET.encode(), url.encode() + body, hashlib.sha256).hexdigest()


CONNECTORS = (Signing(), Keyed())
