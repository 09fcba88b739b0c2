"""Connections of an account at carriers: made, and as their connectors see them."""

from django.conf import settings
from django.db import transaction

from flows.connectors import registry
from flows.connectors.base import ConnectionView, Connector
from flows.connectors.sandbox import KEY as SANDBOX

from . import audit
from .account import Account, held
from .asset import Connection
from .people import User
from .refusals import Refused


class ConnectionRefused(Refused):
    """No connection was made."""


def connector_of(connection: Connection) -> Connector:
    """Raises registry.UnknownConnector when this installation does not have it."""
    return registry.find(connection.connector, extra=settings.EXTRA_CONNECTORS)


def receipt_url(connection: Connection) -> str:
    """Where the carrier calls us. The key is in it when the carrier signs nothing."""
    url = f"{settings.HOOKS_BASE_URL}/hooks/{connection.hook_code}/"
    return f"{url}{connection.hook_key}/" if connector_of(connection).has_key_in_url else url


def view_of(connection: Connection) -> ConnectionView:
    return ConnectionView(
        config=connection.config,
        base_url=connection.base_url.rstrip("/"),
        receipt_url=receipt_url(connection),
        hook_key=connection.hook_key,
    )


def new_sandbox(account: Account) -> Connection:
    """The row alone, for an account that has no connection."""
    return Connection.objects.create(account=account, connector=SANDBOX, name="Sandbox")


def use_sandbox(account: Account, *, by: User) -> Connection:
    """The account's Sandbox, made when it has no connection at all. Harmless to call again."""
    with transaction.atomic():
        held(account)
        connections = Connection.objects.filter(account=account)
        sandbox = connections.filter(connector=SANDBOX).first()
        if sandbox is None and connections.exists():
            raise ConnectionRefused("This account sends with a real carrier already.")
        if sandbox is None:
            sandbox = new_sandbox(account)
            audit.record(account, "connection.create", by=by, of=sandbox, label=sandbox.name)
    return sandbox
