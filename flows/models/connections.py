"""Connections of an account at carriers: as their connectors see them, and the verbs of their life.

Whatever is secret stays in the encrypted configuration: the audit log learns which secret fields
were given anew, never a part of their values. Asking the carrier: carrier_questions.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from flows.connectors import registry
from flows.connectors.base import CarrierFault, ConnectionView, Connector, ErrorClass
from flows.connectors.sandbox import KEY as SANDBOX

from . import audit
from .account import Account, KycStatus, held
from .asset import Connection, Sender, new_hook_code, new_hook_key
from .connection_log import record, said, secrets_given
from .execution import Attempt, ExecutionState
from .people import User
from .refusals import Refused


class ConnectionRefused(Refused):
    """The connection was not made or changed."""


class ConnectionNameTaken(ConnectionRefused):
    """Another connection of the account has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another connection is called “{name}”. Choose another name.")


@dataclass(frozen=True)
class Wanted:
    """What a person decides about a connection: a text for each field that was filled in.

    A secret field that is not in `config` keeps what is stored, unless it is one of `removed`.
    """

    name: str
    config: Mapping[str, str] = field(default_factory=dict, repr=False)
    removed: frozenset[str] = frozenset()


# --- As it is -------------------------------------------------------------------------------------


def connector_of(connection: Connection) -> Connector:
    """Raises registry.UnknownConnector when this installation does not have it."""
    return registry.find(connection.connector, extra=settings.EXTRA_CONNECTORS)


def known_connector(connection: Connection) -> Connector | None:
    return registry.load(tuple(settings.EXTRA_CONNECTORS)).get(connection.connector)


def carrier_name(connection: Connection) -> str:
    """What people call its carrier."""
    known = known_connector(connection)
    return known.label if known else connection.connector


def company_of(connection: Connection) -> str:
    """Who is behind its carrier, where that is called otherwise."""
    known = known_connector(connection)
    return (known.company if known else "") or carrier_name(connection)


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


def of(account: Account) -> "QuerySet[Connection]":
    """Those that were not deleted."""
    return Connection.objects.filter(account=account, deleted_at=None)


def state_of(connection: Connection) -> str:
    """One word for the badge: whether it works, as far as anybody knows."""
    if connection.down_since:
        return "down"
    if connection.check_error:
        is_refused = connection.check_class == ErrorClass.BLOCKED
        return "credentials_refused" if is_refused else "check_failed"
    if connection.checked_at or connection.connector == SANDBOX:
        return "works"
    return "not_checked"


def why_not_real(account: Account) -> str:
    """Why this account may not have a real carrier yet, as a sentence; empty when it may."""
    if account.is_kyc_by_sandbox:
        return "Only the Sandbox has approved the company details, and it approves anything."
    return _NOT_APPROVED.get(KycStatus(account.kyc_status), "")


_NOT_APPROVED = {
    KycStatus.TO_DO: "The company details have not been handed in yet.",
    KycStatus.IN_REVIEW: "The company details are still being checked.",
    KycStatus.REJECTED: "The company details were rejected.",
}


def senders_at(connection: Connection) -> "QuerySet[Sender]":
    return Sender.objects.filter(connection=connection, deleted_at=None).order_by("pk")


def running_at(connection: Connection) -> int:
    """Executions under way that have sent with it: their receipts are still waited for."""
    attempts = Attempt.objects.filter(connection=connection)
    under_way = attempts.exclude(execution__state=ExecutionState.ENDED)
    return under_way.values("execution").distinct().count()


# --- Made -----------------------------------------------------------------------------------------


def create(account: Account, connector: Connector, wanted: Wanted, *, by: User) -> Connection:
    """With a receipt address of its own; the form has checked what each field may hold."""
    with transaction.atomic():
        current = held(account)
        if connector.key != SANDBOX and (why := why_not_real(current)):
            raise ConnectionRefused(f"{why} Real carriers need a check by people first.")
        if connector.key == SANDBOX and of(account).filter(connector=SANDBOX).exists():
            raise ConnectionRefused("This account has a Sandbox already.")
        _claim_name(account, wanted.name)
        connection = Connection(account=account, connector=connector.key, name=wanted.name)
        connection.config = dict(wanted.config)
        connection.save()
        after = said(connection, connector) | secrets_given(connector, given=wanted.config)
        record(connection, "create", by=by, after=after)
    return connection


def new_sandbox(account: Account) -> Connection:
    """The row alone, for an account that has no connection."""
    return Connection.objects.create(account=account, connector=SANDBOX, name="Sandbox")


def use_sandbox(account: Account, *, by: User) -> Connection:
    """The account's Sandbox, made when it has no connection at all. Harmless to call again."""
    with transaction.atomic():
        held(account)
        sandbox = of(account).filter(connector=SANDBOX).first()
        if sandbox is None and of(account).exists():
            raise ConnectionRefused("This account sends with a real carrier already.")
        if sandbox is None:
            sandbox = new_sandbox(account)
            record(sandbox, "create", by=by)
    return sandbox


# --- Changed --------------------------------------------------------------------------------------


def change(connection: Connection, wanted: Wanted, *, by: User, revision: int) -> None:
    """New credentials have to be checked anew, and may be tried at once where it was down."""
    connector = connector_of(connection)
    with transaction.atomic():
        held(connection.account)
        current = _seen(connection, revision)
        _claim_name(connection.account, wanted.name, unless=connection)
        before, kept = said(current, connector), _kept_secrets(current, connector, wanted)
        config = {**kept, **wanted.config}
        is_new = config != current.config
        after = said(current, connector, name=wanted.name, config=config)
        after |= secrets_given(connector, given=wanted.config, removed=wanted.removed)
        if after == before:
            return
        current.name = wanted.name
        if is_new:
            current.config = config
        _write(current, "name", "config_encrypted", **(unchecked(current) if is_new else {}))
        record(current, "change", by=by, before=before, after=after)
    connection.refresh_from_db()


def give_new_address(connection: Connection, *, by: User, revision: int) -> None:
    """A new receipt address and key; whoever calls the old one is a stranger from now on."""
    with transaction.atomic():
        current = _seen(connection, revision)
        _close_door(current)
        _write(current, "hook_code", "hook_key_encrypted", self_tested_at=None, self_test_error="")
        record(current, "new_address", by=by)
    connection.refresh_from_db()


def delete(connection: Connection, *, by: User, revision: int) -> None:
    """Nothing may need it any more. What it sent stays; its credentials and its door are erased."""
    with transaction.atomic():
        held(connection.account)
        current = _seen(connection, revision)
        if held_by := why_needed(current):
            raise ConnectionRefused(held_by)
        before = said(current, known_connector(current))
        current.config_encrypted = ""
        _close_door(current)
        _write(current, "config_encrypted", "hook_code", "hook_key_encrypted",
               deleted_at=timezone.now())  # fmt: skip
        current.carrier_templates.all().delete()
        current.kept_hooks.all().delete()
        record(current, "delete", by=by, before=before)
    connection.refresh_from_db()


def why_needed(connection: Connection) -> str:
    """What keeps it from being deleted, as a sentence; empty when nothing does."""
    if senders := senders_at(connection).count():
        if senders == 1:
            return "A sender belongs to it. Delete the sender first."
        return f"{senders} senders belong to it. Delete them first."
    if running := running_at(connection):
        noun = "execution has" if running == 1 else "executions have"
        return f"{running} running {noun} sent with it and wait for receipts. Try again later."
    return ""


def require(connection: Connection) -> None:
    """Whoever lets a sender belong to it holds it, so that it is not deleted meanwhile."""
    rows = Connection.objects.select_for_update(no_key=True)
    if not rows.filter(pk=connection.pk, deleted_at=None).exists():
        raise ConnectionRefused(f"The connection “{connection.name}” was deleted.")


def note_check(
    connection: Connection, fault: CarrierFault | None, *, by: User, now: datetime
) -> None:
    """What came of asking the carrier, unless the connection was changed while it was asked."""
    with transaction.atomic():
        current = _seen(connection, connection.revision)
        current.checked_at, current.check_error = now, str(fault)[:300] if fault else ""
        current.check_class = fault.error_class.value if fault else ""
        columns = ["checked_at", "check_error", "check_class"]
        if not fault and current.down_since:  # the next message may try at once
            current.probe_at = now
            columns.append("probe_at")
        current.save(update_fields=columns)
        audit.record_sitting(
            current.account,
            "connection.check",
            by=by,
            of=current,
            label=current.name,
            after={"result": current.check_error or "The credentials are good."},
        )
    connection.refresh_from_db()


# --- Shared ---------------------------------------------------------------------------------------


def _seen(connection: Connection, revision: int) -> Connection:
    """Its row, held, as long as nobody has changed it since the person looked."""
    rows = Connection.objects.select_for_update(no_key=True, of=("self",))
    rows = rows.select_related("account")
    current = rows.filter(pk=connection.pk, deleted_at=None).first()
    if current is None:
        raise ConnectionRefused("This connection was deleted meanwhile.")
    if current.revision != revision:
        raise ConnectionRefused("Somebody changed this connection meanwhile. Look at it again.")
    return current


def _claim_name(account: Account, name: str, unless: Connection | None = None) -> None:
    """The account is held, so two connections cannot take one name at the same moment."""
    others = of(account)
    if unless:
        others = others.exclude(pk=unless.pk)
    if name.casefold() in {taken.casefold() for taken in others.values_list("name", flat=True)}:
        raise ConnectionNameTaken(name)


def _write(current: Connection, *columns: str, **more: Any) -> None:
    """Only what people change: the engine writes its own columns meanwhile."""
    for name, value in more.items():
        setattr(current, name, value)
    current.revision += 1
    current.save(update_fields=[*columns, *more, "revision", "updated_at"])


def unchecked(current: Connection) -> dict[str, Any]:
    """What its columns say once its credentials are others: nobody has tried them."""
    probe = {"probe_at": timezone.now()} if current.down_since else {}
    return {"checked_at": None, "check_error": "", "check_class": "", "sync_at": None, **probe}


def _close_door(current: Connection) -> None:
    current.hook_code, current.hook_key_encrypted = new_hook_code(), new_hook_key()


def _kept_secrets(current: Connection, connector: Connector, wanted: Wanted) -> dict[str, str]:
    stored = current.config
    return {
        one.name: stored[one.name]
        for one in connector.config_fields
        if one.is_secret and one.name in stored and one.name not in wanted.removed
    }
