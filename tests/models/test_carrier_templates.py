"""The carrier's list of templates: replaced as a whole, or kept with the reason why there is no
newer one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flows.connectors import base
from flows.connectors.base import TemplateState
from flows.models import Account, AuditEntry, Connection, User, carrier_questions, connections
from flows.models import carrier_templates as lists
from flows.models.carrier_templates import Listed, SyncRefused
from flows.models.connections import Wanted
from flows.placeholders import TemplateContent
from tests import cast
from tests.fakes.whatsapp_cloud import (
    ACCOUNT_ID,
    APP_SECRET,
    ORDER_UPDATE,
    TOKEN,
    FakeWhatsAppCloud,
)

KEY = FakeWhatsAppCloud.key


@pytest.fixture
def connection(account: Account, meta: FakeWhatsAppCloud) -> Connection:
    return make(account, meta)


def make(account: Account, meta: FakeWhatsAppCloud, **fields: Any) -> Connection:
    made = Connection(account=account, connector=KEY, name="WhatsApp", base_url=meta.url, **fields)
    made.config = dict(meta.config)
    made.save()
    return made


def theirs(name: str = "one", language: str = "en", **fields: Any) -> base.CarrierTemplate:
    return base.CarrierTemplate(
        **{"name": name, "language": language, "state": TemplateState.APPROVED, **fields}
    )


def states(connection: Connection) -> dict[str, str]:
    return {row.name: row.state for row in lists.of(connection)}


def test_list_is_kept_as_the_carrier_gives_it(
    connection: Connection, meta: FakeWhatsAppCloud
) -> None:
    meta.have(replace(ORDER_UPDATE, language="hi"), status="REJECTED", reason="SCAM")
    assert lists.sync(connection) == ""
    english, hindi, _ = lists.of(connection)
    assert (english.name, english.language, english.state) == ("order_update", "en", "approved")
    assert english.category == "utility" and english.carrier_id
    assert TemplateContent.from_json(english.content) == ORDER_UPDATE
    assert (hindi.language, hindi.state) == ("hi", "rejected")
    assert hindi.reason == "it looks like a scam"
    assert connection.synced_at == english.seen_at == hindi.seen_at
    assert connection.sync_error == ""
    assert connection.sync_at == connection.synced_at + timedelta(hours=1)


def test_next_list_replaces_the_one_before(connection: Connection, meta: FakeWhatsAppCloud) -> None:
    lists.sync(connection)
    meta.templates.clear()
    meta.have(ORDER_UPDATE, status="PAUSED")
    lists.sync(connection)
    assert states(connection) == {"order_update": "paused"}


def test_list_of_another_connection_stays(
    account: Account, connection: Connection, meta: FakeWhatsAppCloud
) -> None:
    other = make(account, meta)
    lists.sync(connection)
    lists.sync(other)
    meta.templates.clear()
    lists.sync(other)
    assert (len(states(connection)), len(states(other))) == (2, 0)


def test_old_list_stays_when_there_is_no_new_one(
    connection: Connection, meta: FakeWhatsAppCloud
) -> None:
    lists.sync(connection)
    before = connection.synced_at
    connection.config = {**meta.config, "access_token": "EAAGexpired0123456789"}
    connection.save()
    fault = lists.sync(connection)
    assert fault.startswith("The access token has expired or was withdrawn.")
    assert (connection.sync_error, connection.synced_at) == (fault, before)
    assert len(states(connection)) == 2
    assert connection.sync_at and connection.sync_at < timezone.now() + timedelta(minutes=16)
    connection.config = dict(meta.config)
    connection.save()
    assert lists.sync(connection) == ""
    assert connection.sync_error == ""


def test_who_asked_stands_in_the_audit_log(connection: Connection, admin: User) -> None:
    lists.sync(connection)
    assert not AuditEntry.objects.exists()
    lists.sync(connection, by=admin)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.after) == ("connection.sync", admin, {"templates": 2})


def test_fault_stands_in_the_audit_log_without_a_secret(
    connection: Connection, meta: FakeWhatsAppCloud, admin: User
) -> None:
    planted = "EAAGplanted-token-0123456789"
    connection.config = {**meta.config, "access_token": planted}
    connection.save()
    fault = lists.sync(connection, by=admin)
    entry = AuditEntry.objects.get()
    assert entry.after == {"result": fault}
    shown = f"{entry.after}{connection.sync_error}"
    assert not [secret for secret in (planted, TOKEN, APP_SECRET) if secret in shown]


def test_carrier_without_a_list_is_not_asked(account: Account) -> None:
    with pytest.raises(SyncRefused):
        lists.sync(cast.make_connection(account))


def test_list_asked_for_with_other_credentials_is_thrown_away(
    connection: Connection, admin: User
) -> None:
    stale = Connection.objects.get(pk=connection.pk)
    new = {"account_id": ACCOUNT_ID, "api_version": "v26.0", "access_token": "EAAGnew0123456789012"}
    wanted = Wanted("WhatsApp", new)
    connections.change(connection, wanted, by=admin, revision=connection.revision)
    assert not lists.keep(stale, Listed([theirs()]), now=timezone.now(), by=admin)
    connection.refresh_from_db()
    assert (connection.synced_at, connection.sync_at, states(connection)) == (None, None, {})
    assert not AuditEntry.objects.filter(action="connection.sync").exists()


def test_list_of_a_deleted_connection_is_thrown_away(connection: Connection, admin: User) -> None:
    stale = Connection.objects.get(pk=connection.pk)
    connections.delete(connection, by=admin, revision=connection.revision)
    assert not lists.keep(stale, Listed([theirs()]), now=timezone.now())
    assert states(connection) == {}


def test_strange_lists_are_kept_too(connection: Connection) -> None:
    strange = [
        theirs(),
        theirs(state=TemplateState.PAUSED),
        theirs("x" * 600, "y" * 30, category="z" * 60, reason="r" * 900, carrier_id="1" * 99),
    ]
    assert lists.keep(connection, Listed(strange), now=timezone.now())
    assert states(connection) == {"one": "approved", "x" * 512: "approved"}


def test_statements_do_not_grow_with_the_list(connection: Connection) -> None:
    def statements(count: int) -> int:
        listed: Sequence[base.CarrierTemplate] = [theirs(f"t{n}") for n in range(count)]
        with CaptureQueriesContext(database) as seen:
            lists.keep(connection, Listed(listed), now=timezone.now())
        return len(seen)

    assert statements(2) == statements(100)


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_carrier_is_asked(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_then: list[bool] = []
    ask = carrier_questions.ask

    def watched(*arguments: Any, **more: Any) -> Any:
        open_then.append(database.in_atomic_block)
        return ask(*arguments, **more)

    monkeypatch.setattr(carrier_questions, "ask", watched)
    assert lists.sync(connection) == ""
    assert open_then == [False]


def test_list_changed_meanwhile_by_a_person_wins(
    connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_and_answer(*_: Any, **__: Any) -> list[base.CarrierTemplate]:
        current = Connection.objects.get(pk=connection.pk)
        wanted = Wanted("Renamed", {"account_id": ACCOUNT_ID, "api_version": "v26.0"})
        connections.change(current, wanted, by=admin, revision=current.revision)
        return [theirs()]

    monkeypatch.setattr(carrier_questions, "ask", change_and_answer)
    lists.sync(connection)
    assert (connection.name, connection.synced_at, states(connection)) == ("Renamed", None, {})
