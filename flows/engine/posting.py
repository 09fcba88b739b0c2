"""What a callback looks like on the wire, and when it is tried again; pure but for randomness."""

import base64
import json
import random
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from standardwebhooks import Webhook

from flows.callback_body import body_of

__all__ = ["body_of", "exchange_of", "headers_of", "next_try_at"]

RETRIES_S = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
JITTER = 0.1
NOT_SHOWN = "(not shown)"
ANSWER_CHARACTERS = 2000
TOKEN_CHARACTERS = 6  # a shorter word of a header is hidden with the rest of it alone
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)])


def headers_of(
    *,
    message_id: str,
    secrets: Sequence[str],
    body: bytes,
    at: datetime,
    extra: Mapping[str, str],
    basic_auth: str = "",
) -> dict[str, str]:
    """The headers of one try, signed per Standard Webhooks; extra ones cannot replace ours.

    One signature for each of `secrets`: a receiver may check with whichever it knows.
    """
    signatures = [Webhook(secret).sign(message_id, at, body.decode()) for secret in secrets]
    ours = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    if basic_auth:
        ours["Authorization"] = "Basic " + base64.b64encode(basic_auth.encode()).decode()
    taken = {name.lower() for name in ours}
    return {name: text for name, text in extra.items() if name.lower() not in taken} | ours


def exchange_of(
    headers: Mapping[str, str], body: bytes, answer: bytes, *, extra: Mapping[str, str]
) -> dict[str, Any]:
    """What went to and fro, for people to read: no value that an admin gave as a secret.

    An endpoint may say in its answer what it was sent, so they are taken out there too.
    """
    hidden = {name for name in headers if name in extra or name == "Authorization"}
    text = answer.decode(errors="replace").translate(_CONTROLS)
    text = _without(text, [headers[name] for name in hidden])
    return {
        "headers": {k: NOT_SHOWN if k in hidden else text for k, text in headers.items()},
        "body": body.decode(),
        "answer": text[:ANSWER_CHARACTERS],
    }


def _without(text: str, values: Sequence[str]) -> str:
    """The text without these values, as they are and as JSON writes them, nor a password that
    stands in one. In one pass: what takes a value's place is not looked into again, or a few
    values of one letter would make gigabytes of it."""
    plain = {part for value in values for part in _readings(value)}
    found = sorted(plain | {json.dumps(part)[1:-1] for part in plain}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, found)), NOT_SHOWN, text) if found else text


def _readings(value: str) -> list[str]:
    """A header's value, and what an endpoint may have read out of it: a token, a password."""
    scheme, _, token = value.partition(" ")
    found = [value, *(word for word in value.split() if len(word) >= TOKEN_CHARACTERS)]
    if scheme == "Basic":
        with suppress(ValueError):
            pair = base64.b64decode(token, validate=True).decode()
            found += [token, pair, pair.partition(":")[2]]
    return [text for text in found if text]


def next_try_at(failed_tries: int, *, now: datetime) -> datetime | None:
    """When to try again after so many failed tries, a little spread out; None: never."""
    if failed_tries > len(RETRIES_S):
        return None
    pause_s = RETRIES_S[failed_tries - 1]
    return now + timedelta(seconds=pause_s * random.uniform(1, 1 + JITTER))  # noqa: S311 - spread
