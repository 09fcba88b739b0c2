"""The engine fetches every list once an hour, and a carrier that fails holds up nobody."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from flows.connectors.base import CarrierFault, NotReached
from flows.connectors.whatsapp_cloud import WhatsAppCloud
from flows.engine import template_lists
from flows.models import Account, CarrierTemplate, Connection, User, connections
from tests import cast
from tests.fakes.whatsapp_cloud import FakeWhatsAppCloud
from tests.running import running_engine

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def connection(account: Account, meta: FakeWhatsAppCloud) -> Connection:
    return make(account, meta.url)


def make(account: Account, url: str, **fields: Any) -> Connection:
    made = Connection(account=account, connector=FakeWhatsAppCloud.key, base_url=url, **fields)
    made.config = dict(FakeWhatsAppCloud.config)
    made.save()
    return made


def begun(now: datetime = NOW, *, limit: int = 50) -> Sequence[Connection]:
    return template_lists.begin(limit=limit, now=now)[1]


def test_list_is_fetched_every_hour(connection: Connection, meta: FakeWhatsAppCloud) -> None:
    assert template_lists.turn(NOW) == 1
    connection.refresh_from_db()
    assert (connection.synced_at, connection.sync_error) == (NOW, "")
    assert CarrierTemplate.objects.count() == 2
    assert template_lists.next_due_at() == NOW + HOUR
    assert template_lists.turn(NOW + HOUR - timedelta(seconds=1)) == 0
    assert template_lists.turn(NOW + HOUR) == 1
    assert len(meta.asked) == 2


def test_claim_lasts_until_its_lease_is_over(connection: Connection) -> None:
    assert begun() == [connection]
    assert begun() == []
    assert begun(NOW + template_lists.LEASE) == [connection]


def test_only_one_of_two_engines_has_it(connection: Connection) -> None:
    seen_by_the_slower = Connection.objects.get(pk=connection.pk)
    assert begun() == [connection]
    assert not template_lists._claim(seen_by_the_slower, now=NOW)


def test_only_carriers_with_a_list_are_asked(
    account: Account, connection: Connection, admin: User
) -> None:
    cast.make_connection(account)
    cast.make_connection(account, "twilio")
    connections.delete(connection, by=admin, revision=connection.revision)
    assert begun() == []
    assert template_lists.next_due_at() is None


def test_no_more_are_claimed_than_asked_for(account: Account, connection: Connection) -> None:
    other = make(account, connection.base_url)
    assert begun(limit=1) == [connection]
    assert begun(limit=1) == [other]


def test_carrier_that_is_not_there_is_asked_again_soon(
    account: Account, connection: Connection
) -> None:
    gone = make(account, "http://127.0.0.1:9")
    assert template_lists.turn(NOW) == 2
    gone.refresh_from_db()
    connection.refresh_from_db()
    assert gone.sync_error == "Meta was not reached: the connection was refused."
    assert (gone.synced_at, gone.sync_at) == (None, NOW + timedelta(minutes=15))
    assert connection.synced_at == NOW


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (CarrierFault("Meta has no time now."), "Meta has no time now."),
        (TimeoutError(), "The carrier did not give its whole list in time."),
        (KeyError("data"), "The carrier's list could not be read."),
        (NotReached("x"), "The carrier's list could not be read."),
    ],
)
def test_whatever_goes_wrong_is_a_sentence(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, fault: Exception, sentence: str
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(WhatsAppCloud, "list_templates", fail)
    template_lists.turn(NOW)
    connection.refresh_from_db()
    assert connection.sync_error == sentence


def test_carrier_that_hangs_is_given_up(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr(WhatsAppCloud, "list_templates", hang)
    monkeypatch.setattr(template_lists, "LIMIT_S", 0.05)
    template_lists.turn(NOW)
    connection.refresh_from_db()
    assert connection.sync_error == "The carrier did not give its whole list in time."


@pytest.mark.django_db(transaction=True)
def test_running_engine_fetches_by_itself(connection: Connection) -> None:
    with running_engine():
        deadline = time.monotonic() + 10
        while connection.synced_at is None:
            assert time.monotonic() < deadline, "the list was not fetched"
            time.sleep(0.02)
            connection.refresh_from_db()
    assert timezone.now() - connection.synced_at < timedelta(seconds=10)
    assert CarrierTemplate.objects.filter(connection=connection).count() == 2
