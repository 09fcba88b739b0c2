"""What of a connection stands in the audit log: never a secret, only which of them were given."""

from collections.abc import Collection, Mapping
from typing import Any

from flows.connectors.base import Connector

from . import audit
from .asset import Connection
from .people import User


def said(
    connection: Connection,
    connector: Connector | None,
    *,
    name: str = "",
    config: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """As it is stored, or as it will be with another `name` and `config`."""
    stored = connection.config if config is None else config
    public = [one for one in connector.config_fields if not one.is_secret] if connector else []
    return {
        "name": name or connection.name,
        "carrier": connector.label if connector else connection.connector,
        **{one.label: stored[one.name] for one in public if one.name in stored},
    }


def secrets_given(
    connector: Connector, *, given: Mapping[str, str], removed: Collection[str] = ()
) -> dict[str, list[str]]:
    """Which secrets were given or removed, never what they are."""
    secret = {one.name: one.label for one in connector.config_fields if one.is_secret}
    anew = sorted(label for name, label in secret.items() if given.get(name))
    gone = sorted(label for name, label in secret.items() if name in removed)
    return {**({"given_anew": anew} if anew else {}), **({"removed": gone} if gone else {})}


def record(
    connection: Connection, verb: str, *, by: User, before: Any = None, after: Any = None
) -> None:
    audit.record(
        connection.account,
        f"connection.{verb}",
        by=by,
        of=connection,
        label=connection.name,
        before=before,
        after=after,
    )
