"""What a callback looks like on the wire, and when it is tried again; pure but for randomness."""

import base64
import json
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from standardwebhooks import Webhook

PLACEHOLDER = "<workflowevent>"
RETRIES_S = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
JITTER = 0.1


def body_of(payload: Mapping[str, Any], template: str = "") -> bytes:
    """The bare result, or the template with the result in the place of `<workflowevent>`.

    In a template that is JSON, a text that is only the placeholder becomes the result as an
    object; within a longer text the result is written out.
    """
    written = _written(payload)
    if not template.strip():
        return written.encode()
    try:
        shape = json.loads(template)
    except ValueError:
        return template.replace(PLACEHOLDER, written).encode()
    return _written(_filled(shape, payload, written)).encode()


def _filled(shape: Any, payload: Mapping[str, Any], written: str) -> Any:
    if isinstance(shape, dict):
        return {key: _filled(value, payload, written) for key, value in shape.items()}
    if isinstance(shape, list):
        return [_filled(item, payload, written) for item in shape]
    if shape == PLACEHOLDER:
        return payload
    return shape.replace(PLACEHOLDER, written) if isinstance(shape, str) else shape


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def headers_of(
    *,
    message_id: str,
    secret: str,
    body: bytes,
    at: datetime,
    extra: Mapping[str, str],
    basic_auth: str = "",
) -> dict[str, str]:
    """The headers of one try, signed per Standard Webhooks; extra ones cannot replace ours."""
    ours = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, body.decode()),
    }
    if basic_auth:
        ours["Authorization"] = "Basic " + base64.b64encode(basic_auth.encode()).decode()
    taken = {name.lower() for name in ours}
    return {name: text for name, text in extra.items() if name.lower() not in taken} | ours


def next_try_at(failed_tries: int, *, now: datetime) -> datetime | None:
    """When to try again after so many failed tries, a little spread out; None: never."""
    if failed_tries > len(RETRIES_S):
        return None
    pause_s = RETRIES_S[failed_tries - 1]
    return now + timedelta(seconds=pause_s * random.uniform(1, 1 + JITTER))  # noqa: S311 - spread
