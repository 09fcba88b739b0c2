"""Connections in words: what a carrier offers, what is stored of a connection, its history.

No secret comes through here: of what is secret it says only whether it is stored. Makes no query.
"""

from dataclasses import dataclass

from flows.connectors.base import ConfigField, Connector
from flows.models import AuditEntry, Connection
from flows.placeholders import Channel

_DONE = {
    "connection.create": "Added",
    "connection.change": "Changed",
    "connection.check": "Credentials checked",
    "connection.sync": "Templates fetched",
    "connection.new_address": "Given a new receipt address",
    "connection.self_test": "Receipt path tried",
}
_OF_SECRETS = frozenset({"given_anew", "removed"})
_BY_SUPPORT = {"base_url": "address of the carrier", "config": "credentials"}  # Django's admin


@dataclass(frozen=True)
class Carrier:
    """A carrier that people may choose, or why they may not."""

    connector: Connector
    summary: str
    channels: tuple[Channel, ...]
    obstacle: str = ""


@dataclass(frozen=True)
class Fact:
    """One value of a connection's configuration; `is_missing` ones keep it from working."""

    name: str
    label: str
    value: str
    is_missing: bool = False


def carrier_of(connector: Connector, *, obstacle: str = "") -> Carrier:
    serves = tuple(channel for channel in Channel if channel in connector.channels)
    words = " and ".join(channel.label for channel in serves)
    return Carrier(connector, connector.summary or f"Sends {words}.", serves, obstacle)


def asks_first(connector: Connector | None) -> bool:
    """Whether the carrier asks for a word of ours before it sends receipts."""
    return bool(connector and type(connector).handshake is not Connector.handshake)


def facts_of(connection: Connection, connector: Connector | None) -> list[Fact]:
    """Its configuration, field by field, as its carrier declares them."""
    config = connection.config
    return [
        _fact(declared, str(config.get(declared.name, "")))
        for declared in (connector.config_fields if connector else ())
    ]


def _fact(declared: ConfigField, value: str) -> Fact:
    if not value:
        words = "Missing" if declared.is_required else "Not given"
        return Fact(declared.name, declared.label, words, declared.is_required)
    if declared.is_secret:
        return Fact(declared.name, declared.label, "Stored")
    labels = {choice.value: choice.label for choice in declared.choices}
    return Fact(declared.name, declared.label, labels.get(value, value))


def history(entry: AuditEntry) -> str:
    """What happened, and by whom."""
    done = _DONE.get(entry.action, entry.action)
    after = entry.after if isinstance(entry.after, dict) else {}
    sentence = f"{done} by {entry.actor or 'somebody'}"
    if result := after.get("result"):
        return f"{sentence}: {result}"
    if entry.action != "connection.change":
        return f"{sentence}."
    before = entry.before if isinstance(entry.before, dict) else {}
    changed = [
        str(_BY_SUPPORT.get(name, name))
        for name, value in after.items()
        if name not in _OF_SECRETS and value != before.get(name)
    ]
    words = f": {', '.join(changed)}" if changed else ""
    given, removed = after.get("given_anew"), after.get("removed")
    words += f", with a new {' and '.join(given)}" if given else ""
    words += f", without the {' and '.join(removed)}" if removed else ""
    return f"{sentence}{words}."
