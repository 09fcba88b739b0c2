"""The stage for tests of connectors: the web as it is and as it is not, hooks, plain messages.

Knows no carrier and asserts nothing about one.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from flows.connectors.base import Answer, ConfigField, ExampleHook, Hook
from flows.connectors.http import Web
from flows.placeholders import Channel, TemplateContent

DOOR = "https://fallback.example/hooks/3kTMd9Zq0000000000000a/"
HOOK_KEY = "the-key-of-this-receipt-door"
RECIPIENT = "919876540001"
HURRY_S = 0.4
CONTENTS: Mapping[Channel, TemplateContent] = {
    Channel.WHATSAPP: TemplateContent(
        Channel.WHATSAPP, "order_update", "text", "Hi {{1}}, your order {{2}} is here.",
        language="en", category="utility",
    ),
    Channel.SMS: TemplateContent(Channel.SMS, "Order update", "TXN", "Hi {#var#}, order {#var#}."),
}  # fmt: skip
SENDERS: Mapping[Channel, str] = {Channel.WHATSAPP: "918047182200", Channel.SMS: "ACMERT"}
SUBJECTS_OF_THEIR_OWN = ("WhatsApp", "Meta", "Kaleyra", "Twilio", "India")  # may start a clause
Result = TypeVar("Result")


class Hurried:
    """The web for a test that does not wait as long as a connector would."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        return await self._web.post(
            url, body=body, headers=headers, timeout_s=min(timeout_s, HURRY_S)
        )

    async def get(self, url: str, *, headers: Mapping[str, str], timeout_s: float) -> Answer:
        return await self._web.get(url, headers=headers, timeout_s=min(timeout_s, HURRY_S))


class Canned:
    """The web as a carrier that always answers the same, or never at all."""

    def __init__(self, answer: Answer | Exception) -> None:
        self._answer = answer

    async def post(self, url: str, **_: object) -> Answer:
        return await self.get(url)

    async def get(self, url: str, **_: object) -> Answer:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def do(act: Callable[[Hurried], Awaitable[Result]]) -> Result:
    """What `act` makes of the real web."""

    async def go() -> Result:
        async with Web(allow_private=True) as web:
            return await act(Hurried(web))

    return asyncio.run(go())


def hook_of(example: ExampleHook, *, door: str = DOOR) -> Hook:
    """The request as the receipt door would hand it to the connector."""
    path, below = urlsplit(example.url).path, urlsplit(door).path
    assert path.startswith(below), f"{example.url} is not below {door}"
    return Hook(
        method=example.method,
        url=example.url,
        rest=path[len(below) :].strip("/"),
        headers={name.lower(): value for name, value in example.headers.items()},
        body=example.body,
    )


def is_clause(text: str) -> bool:
    """Whether it can stand inside a sentence: starts small or with a name, no full stop."""
    first = text.partition(" ")[0]
    starts_small = first[:1].islower() or first.isupper() or first in SUBJECTS_OF_THEIR_OWN
    return bool(text.strip() == text and len(text) > 8 and starts_small and text[-1] not in ".!?")


def is_sentence(text: str) -> bool:
    return bool(text.strip() == text and len(text) > 8 and text[0].isupper() and text[-1] in ".?")


def fits(field: ConfigField, value: str) -> bool:
    """Whether the value may stand in the field, as its form would say."""
    if not value:
        return not field.is_required
    if field.choices:
        return value in {choice.value for choice in field.choices}
    return not field.pattern or re.fullmatch(field.pattern, value) is not None


async def awaited(question: Callable[[], Awaitable[Result]]) -> Result:
    return await question()
