"""Which connection a receipt address belongs to. An address of nobody costs what a real one costs.

At carriers that sign nothing whoever knows the address is believed. So a row is always found and
its key always deciphered and compared: neither the answer nor its time tells a wrong address from
a wrong key.
"""

import hmac
import re
from dataclasses import dataclass

from django.db import connection as database

from flows.connectors import registry
from flows.connectors.base import ConnectionView, Connector
from flows.connectors.sandbox import KEY as SANDBOX
from flows.models import Connection
from flows.models.connections import connector_of, view_of

# Where the code is nobody's, the oldest connection stands in and its code does not fit. In SQL,
# because making the statement anew for every receipt takes longer than running it.
_COLUMNS = ("id", "connector", "config_encrypted", "base_url", "hook_code", "hook_key_encrypted")
_SQL = f"""
    SELECT {", ".join(_COLUMNS)}
    FROM flows_connection WHERE id = COALESCE(
        (SELECT id FROM flows_connection WHERE hook_code = %s),
        (SELECT min(id) FROM flows_connection)
    )
"""  # noqa: S608 - our own columns
_CODE = re.compile(r"[0-9A-Za-z]{22}")
_NO_CODE = "-"


@dataclass(frozen=True)
class Place:
    """A connection, its carrier, and whether the address is this connection's."""

    connection: Connection
    connector: Connector
    view: ConnectionView
    is_known: bool
    is_open: bool


def find(hook_code: str, rest: str) -> Place | None:
    """What is behind `/hooks/<hook_code>/<rest>`; None where a connector is missing here."""
    code = hook_code if _CODE.fullmatch(hook_code) else _NO_CODE
    connection = _read(code)
    try:
        connector, view = connector_of(connection), view_of(connection)
    except registry.UnknownConnector:
        return None
    is_known = hmac.compare_digest(connection.hook_code.encode(), code.encode())
    has_key = _are_same(rest.partition("/")[0], view.hook_key)
    is_open = is_known and connector.has_hooks and (has_key or not connector.has_key_in_url)
    return Place(connection, connector, view, is_known, is_open)


def _read(code: str) -> Connection:
    with database.cursor() as cursor:
        cursor.execute(_SQL, [code])
        row = cursor.fetchone()
    if row is None:  # an installation without any connection
        return Connection(connector=SANDBOX, hook_code="")
    return Connection.from_db(database.alias, _COLUMNS, row)


def _are_same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), key.encode())
