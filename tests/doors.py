"""Every door of the product, as the URL resolver knows it, and who may come in.

NEEDED is the only thing written by hand; a URL without an entry fails tests/views/test_access.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from flows.models import Role

ANYONE = "anyone"
SIGNED_IN = "anyone who is signed in"
SUPPORT = "the support staff of the installation"
API_KEY = "whoever has an API key of the account"
FRAGMENTS = {"flow-preview", "execution-news"}  # asked for by htmx alone, never by a person

NEEDED: dict[str, Role | str] = {
    "healthz": ANYONE,
    "theme": ANYONE,
    "sign-in": ANYONE,
    "sign-out": ANYONE,
    "openapi": ANYONE,
    "api-no-page": ANYONE,
    "api-invoke": API_KEY,
    "api-invocation": API_KEY,
    "api-confirm": API_KEY,
    "api-cancel": API_KEY,
    "api-reference": ANYONE,
    "home": SIGNED_IN,
    "admin-sign-in": SUPPORT,
    "account-home": Role.VIEWER,
    "flow-list": Role.VIEWER,
    "flow-detail": Role.VIEWER,
    "flow-history": Role.VIEWER,
    "flow-create": Role.MARKETER,
    "flow-edit": Role.MARKETER,
    "flow-steps": Role.MARKETER,
    "flow-step": Role.MARKETER,
    "flow-check": Role.MARKETER,
    "flow-preview": Role.MARKETER,
    "flow-discard": Role.MARKETER,
    "flow-duplicate": Role.MARKETER,
    "flow-request": Role.MARKETER,
    "flow-version-restore": Role.MARKETER,
    "flow-publish": Role.ADMIN,
    "flow-unpublish": Role.ADMIN,
    "flow-delete": Role.ADMIN,
    "flow-restore": Role.ADMIN,
    "flow-deleted-list": Role.VIEWER,
    "test-send": Role.TESTER,
    "execution-list": Role.VIEWER,
    "execution-export": Role.VIEWER,
    "execution-detail": Role.VIEWER,
    "execution-timeline": Role.VIEWER,
    "execution-cancel": Role.ADMIN,
    "execution-news": Role.VIEWER,
    "flow-sample": Role.MARKETER,
    "test-send-result": Role.TESTER,
    "test-target": Role.ADMIN,
    "rejected-call-list": Role.VIEWER,
    "callback-resend": Role.ADMIN,
}


@dataclass(frozen=True)
class Door:
    """One URL pattern: its name, and the names of the values in its path."""

    name: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def _doors(resolver: URLResolver, values: tuple[str, ...] = ()) -> Iterator[Door]:
    for pattern in resolver.url_patterns:
        found = (*values, *pattern.pattern.converters)
        if isinstance(pattern, URLPattern):
            yield Door(pattern.name or str(pattern.pattern), found)
        elif pattern.namespace != "admin":
            yield from _doors(pattern, found)


DOORS = tuple(_doors(get_resolver()))
