"""The doors of the real carriers: what each says of itself, genuine, altered and repeated."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from flows.connectors import registry
from flows.connectors.base import ExampleHook
from flows.models import Account, Connection, Receipt
from flows.models.connections import connector_of, view_of
from tests import cast
from tests.fakes.kaleyra import FakeKaleyra
from tests.fakes.twilio import FakeTwilio
from tests.fakes.whatsapp_cloud import FakeWhatsAppCloud

FAKES = (FakeKaleyra, FakeTwilio, FakeWhatsAppCloud)
MESSAGE = "2e3a7c9a-1f0b-4b4c-9d57-0c6f2f1f9a11"


@pytest.fixture(params=FAKES, ids=lambda fake: fake.key)
def real(request: pytest.FixtureRequest, account: Account) -> Connection:
    return cast.make_connection(account, request.param.key, config=dict(request.param.config))


def example(connection: Connection) -> ExampleHook:
    return connector_of(connection).example(message_id=MESSAGE, connection=view_of(connection))


def come(hook: ExampleHook, *, url: str = "", body: bytes | None = None, **headers: str) -> Any:
    parts = urlsplit(url or hook.url)
    found = {name: value for name, value in {**hook.headers, **headers}.items() if value}
    kind = found.pop("Content-Type", "application/octet-stream")
    return Client(enforce_csrf_checks=True).generic(
        hook.method,
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        hook.body if body is None else body,
        kind,
        headers=found,
    )


def test_every_carrier_with_a_door_is_tried_here() -> None:
    with_door = {key for key, found in registry.load().items() if found.has_hooks}
    assert with_door == {fake.key for fake in FAKES}


def test_its_receipt_is_let_in_and_stored(real: Connection) -> None:
    with CaptureQueriesContext(database) as done:
        assert come(example(real)).status_code == 200
    assert len(done) <= 3
    receipt = Receipt.objects.get()
    assert (receipt.connection, receipt.message_id, receipt.status) == (real, MESSAGE, "delivered")
    real.refresh_from_db()
    assert (real.forged_hooks, real.repeated_hooks, real.unread_hooks) == (0, 0, 0)


def test_its_receipt_again_changes_nothing_and_is_counted(real: Connection) -> None:
    hook = example(real)
    assert {come(hook).status_code for _ in range(3)} == {200}
    real.refresh_from_db()
    assert (Receipt.objects.count(), real.repeated_hooks) == (1, 2)


def test_its_receipt_altered_is_turned_away_and_counted(real: Connection) -> None:
    hook, connector = example(real), connector_of(real)
    if connector.has_key_in_url:
        answers = [come(hook, url=hook.url.replace(real.hook_key, real.hook_key[::-1]))]
    else:
        answers = [
            come(hook, body=hook.body.replace(b"delivered", b"failed").replace(b"2e", b"3e"))
        ]
        answers += [
            come(hook, **{name: ""}) for name in hook.headers if "signature" in name.lower()
        ]
    assert {answer.status_code for answer in answers} == {404 if connector.has_key_in_url else 403}
    real.refresh_from_db()
    assert (Receipt.objects.count(), real.forged_hooks) == (0, len(answers))


def test_its_receipt_opens_no_other_connection(real: Connection) -> None:
    """Not even one with the same credentials elsewhere: the address is signed, or has its key."""
    other = cast.make_connection(cast.make_account("Globex"), real.connector)
    hook = example(real)
    url = hook.url.replace(real.hook_code, other.hook_code)
    assert come(hook, url=url).status_code in (403, 404)
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("body", [b"", b"\0", b"{", b"[]", b"null", b"a=%00", b"\xff" * 99])
def test_garbage_never_breaks_its_door(real: Connection, body: bytes) -> None:
    hook = example(real)
    for method in ("GET", "POST"):
        answer = come(ExampleHook(method=method, url=hook.url, headers=hook.headers, body=body))
        assert answer.status_code in (200, 403, 404)
