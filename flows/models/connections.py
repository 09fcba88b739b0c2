"""Connections of an account at carriers. So far an account can only be given its Sandbox."""

from django.db import transaction

from flows.connectors.sandbox import KEY as SANDBOX

from . import audit
from .account import Account, held
from .asset import Connection
from .people import User
from .refusals import Refused


class ConnectionRefused(Refused):
    """No connection was made."""


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
