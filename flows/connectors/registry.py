"""Which connectors there are, by key; it loads modules and knows nothing of what they do."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module

from .base import Connector

SHIPPED = ("flows.connectors.sandbox",)


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
