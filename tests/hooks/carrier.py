"""Calls a receipt door as a carrier would. Asserts nothing."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from flows.models import Connection
from flows.models.connections import receipt_url

from . import carriers

Told = list[tuple[str, str, str, str]]


def told(key: str, status: str = "delivered", *, message_id: str = "m", ours: str = "") -> Told:
    """What a carrier says about one message."""
    return [(key, status, message_id, ours)]


@dataclass
class Carrier:
    """One that has the connection's receipt URL, and its secret where it signs."""

    connection: Connection
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    @property
    def url(self) -> str:
        return receipt_url(self.connection)

    def post(self, said: Any, *, url: str = "", signed: str | None = None, **extra: Any) -> Any:
        """`said` as JSON, or as bytes as they are; `signed` instead of the right signature."""
        url, body = url or self.url, said if isinstance(said, bytes) else json.dumps(said).encode()
        if signed is None:
            signed = carriers.signature(url, body)
        headers = {carriers.HEADER: signed} if self.connection.connector == "signing" else {}
        headers |= extra.pop("headers", {})
        extra = {"content_type": "application/json", **extra}
        return self.client.post(path_of(url), body, headers=headers, **extra)

    def get(self, *, url: str = "", **query: str) -> Any:
        headers = {carriers.HEADER: carriers.signature(url or self.url, b"")}
        return self.client.get(path_of(url or self.url), query, headers=headers)


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
