"""Which connectors there are, by key; it loads modules and knows nothing of what they do."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module

from .base import Code, Connector
from .errors import COMMON_CODES

SHIPPED = (
    "flows.connectors.sandbox",
    "flows.connectors.kaleyra",
    "flows.connectors.twilio",
    "flows.connectors.whatsapp_cloud",
)


class UnknownConnector(LookupError):
    """There is no connector of this name."""


@cache
def load(extra: tuple[str, ...] = ()) -> Mapping[str, Connector]:
    """All connectors of the shipped modules and of `extra` ones, each naming its `CONNECTORS`.

    A later module replaces an earlier one's connector of the same key.
    """
    modules = (import_module(path) for path in (*SHIPPED, *extra))
    return {connector.key: connector for module in modules for connector in module.CONNECTORS}


def find(key: str, *, extra: Iterable[str] = ()) -> Connector:
    connectors = load(tuple(extra))
    if key not in connectors:
        raise UnknownConnector(f"There is no connector “{key}”.")
    return connectors[key]


def code_of(connector: str, code: str, *, extra: Iterable[str] = ()) -> Code | None:
    """What a code means at this carrier; None when neither it nor the carrier is known here."""
    known = load(tuple(extra)).get(connector)
    own = known.codes.get(code) if known else None
    return own or COMMON_CODES.get(code)
