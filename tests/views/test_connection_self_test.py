"""The self-test of a connection: our own address, called over a real socket as carriers do."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from flows.engine import chores, receive, run
from flows.models import Account, AuditEntry, Connection, Receipt, own_door, self_tests
from flows.models.self_tests import NOT_ACCEPTED, NOT_SEEN, NOT_STORED, PREFIX
from flows.placeholders import Channel
from flows.views.connection_self_test import OFTEN, TESTS_A_MINUTE
from tests import cast
from tests.engine.endpoint import Endpoint, endpoint

CONFIGS = {
    "kaleyra": {"sid": "HXAP1234567890IN", "api_key": "A" + "0" * 32, "pod": "IN"},
    "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "0" * 32},
    "whatsapp_cloud": {"token": "EAA", "app_secret": "5" * 32, "waba_id": "1", "phone_id": "2"},
}


@pytest.fixture
def our_address(live_server: LiveServer, settings: Settings) -> str:
    settings.HOOKS_BASE_URL = live_server.url
    return str(live_server.url)


@pytest.fixture(params=sorted(CONFIGS))
def connection(request: pytest.FixtureRequest, our_address: str, account: Account) -> Connection:
    return cast.make_connection(account, request.param, config=CONFIGS[request.param])


@pytest.fixture
def kaleyra(account: Account) -> Connection:
    return cast.make_connection(account, "kaleyra", config=CONFIGS["kaleyra"])


@pytest.fixture
def twilio(account: Account) -> Connection:
    return cast.make_connection(account, "twilio", config=CONFIGS["twilio"])


def url_of(connection: Connection, name: str = "connection-self-test") -> str:
    return reverse(name, args=[connection.account.sid, connection.public_id])


def press(client: Client, connection: Connection) -> str:
    """Press the button; the page that the answer leads to."""
    answer = client.post(url_of(connection), follow=True)
    connection.refresh_from_db()
    return str(answer.content.decode())


def panel(client: Client, connection: Connection) -> str:
    return str(client.get(url_of(connection), headers={"HX-Request": "true"}).content.decode())


def let_the_engine_look() -> None:
    run.until_idle()
    chores.turn()


def states(connection: Connection) -> list[str]:
    connection.refresh_from_db()
    return [step.state.value for step in self_tests.steps_of(connection, now=timezone.now())]


# --- Proved ---------------------------------------------------------------------------------------


def test_a_receipt_is_followed_from_the_address_to_the_engine(
    as_admin: Client, connection: Connection
) -> None:
    page = press(as_admin, connection)
    assert connection.self_test_error == ""
    assert states(connection) == ["completed", "completed", "running"]
    assert "Waiting for the engine" in page
    assert "data-poll" in panel(as_admin, connection)
    assert Receipt.objects.get().message_id.startswith(PREFIX)
    let_the_engine_look()
    assert states(connection) == ["completed"] * 3
    shown = panel(as_admin, connection)
    assert "Receipts that come to the address arrive." in shown
    assert "Not proved: that" in shown
    assert "data-poll" not in shown
    assert Receipt.objects.count() == 0
    assert connection.self_tested_at is not None


def test_nothing_is_called_signed_that_a_carrier_does_not_sign(
    account: Account, kaleyra: Connection
) -> None:
    meta = cast.make_connection(account, "whatsapp_cloud")
    for connection, words in ((kaleyra, "The key in the address"), (meta, "The signature")):
        connection.self_tested_at = timezone.now()
        steps = self_tests.steps_of(connection, now=timezone.now())
        assert steps[1].words == f"{words} is accepted and the receipt stored"


def test_it_leads_on_to_a_real_test_message(
    as_admin: Client, account: Account, admin: Any, our_address: str, kaleyra: Connection
) -> None:
    cast.make_sender(account, Channel.SMS, connection=kaleyra)
    flow = cast.make_published_flow(account, by=admin)
    press(as_admin, kaleyra)
    let_the_engine_look()
    shown = panel(as_admin, kaleyra)
    assert reverse("test-send", args=[account.sid, flow.public_id]) in shown


def test_it_is_in_the_audit_log_and_counts_nothing_as_forged(
    as_admin: Client, our_address: str, kaleyra: Connection
) -> None:
    press(as_admin, kaleyra)
    assert AuditEntry.objects.filter(action="connection.self_test").count() == 1
    assert (kaleyra.forged_hooks, kaleyra.unread_hooks) == (0, 0)


# --- Not proved -----------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(settings: Settings) -> Iterator[Endpoint]:
    """Something that answers at our address, but is not us."""
    with endpoint() as played:
        settings.HOOKS_BASE_URL = played.url.removesuffix("/hook")
        yield played


@pytest.mark.parametrize(
    ("status", "words", "proved"),
    [
        (200, NOT_STORED, 1),
        (403, NOT_ACCEPTED, 1),
        (404, "not this connection&#x27;s door (HTTP 404)", 0),
        (401, "asks for a password", 0),
        (301, "leads on to another one (HTTP 301)", 0),
        (502, "answers with the HTTP status 502", 0),
        (429, "Wait a minute", 0),
    ],
)
def test_whoever_else_answers_the_page_says_what_to_do(
    as_admin: Client,
    elsewhere: Endpoint,
    twilio: Connection,
    status: int,
    words: str,
    proved: int,
) -> None:
    elsewhere.status = status
    assert words in press(as_admin, twilio)
    after = ["completed"] * proved + ["failed"] + ["waiting"] * (2 - proved)
    assert states(twilio) == after
    assert twilio.self_test_key == ""
    assert len(elsewhere.got) == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9", "The connection was refused."),
        ("http://nowhere.invalid", "Nobody knows the host name."),
        ("http://127.0.0.1:99999", "is no address that can be called"),
    ],
)
def test_an_address_that_does_not_answer_is_named_with_what_to_do(
    as_admin: Client, settings: Settings, kaleyra: Connection, address: str, words: str
) -> None:
    settings.HOOKS_BASE_URL = address
    assert words in press(as_admin, kaleyra)
    assert states(kaleyra)[0] == "failed"


def test_a_silent_address_is_given_up(
    as_admin: Client,
    elsewhere: Endpoint,
    twilio: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_door, "LIMIT_S", 0.2)
    elsewhere.pause_s = 0.4
    assert "did not answer within 0.2 s" in press(as_admin, twilio)


def test_an_engine_that_does_not_run_is_named(
    as_admin: Client, our_address: str, kaleyra: Connection
) -> None:
    press(as_admin, kaleyra)
    Connection.objects.update(self_tested_at=timezone.now() - self_tests.PATIENCE)
    assert NOT_SEEN in panel(as_admin, kaleyra)
    assert states(kaleyra) == ["completed", "completed", "failed"]
    let_the_engine_look()  # it runs again
    assert states(kaleyra) == ["completed"] * 3


def test_a_test_that_was_left_alone_ends_by_itself(kaleyra: Connection) -> None:
    long_ago = timezone.now() - timedelta(minutes=11)
    Connection.objects.update(self_test_key=f"{PREFIX}x", self_tested_at=long_ago)
    chores.turn()
    kaleyra.refresh_from_db()
    assert (kaleyra.self_test_key, kaleyra.self_test_error) == ("", NOT_STORED)


# --- Guards ---------------------------------------------------------------------------------------


def test_one_at_a_time_and_only_so_often(
    as_admin: Client, our_address: str, kaleyra: Connection
) -> None:
    press(as_admin, kaleyra)
    assert "being tried already" in press(as_admin, kaleyra)
    for _ in range(TESTS_A_MINUTE - 2):
        press(as_admin, kaleyra)
    assert OFTEN in press(as_admin, kaleyra)
    assert Receipt.objects.count() == 1


def test_only_our_own_address_is_ever_called(
    as_admin: Client, kaleyra: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evil(*_: Any, **__: Any) -> Any:
        return own_door.ExampleHook(method="GET", url="http://127.0.0.1:9/hooks/x/")

    monkeypatch.setattr("flows.connectors.kaleyra.Kaleyra.example", evil)
    assert "would call another address" in press(as_admin, kaleyra)
    assert kaleyra.self_test_key == ""


def test_a_connector_that_fails_or_is_gone_breaks_no_page(
    as_admin: Client, account: Account, kaleyra: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr("flows.connectors.kaleyra.Kaleyra.example", broken)
    assert "could not make a receipt" in press(as_admin, kaleyra)
    gone = cast.make_connection(account, "gone")
    assert "No carrier reports receipts" in press(as_admin, gone)
    assert "No carrier reports receipts" in press(as_admin, cast.make_connection(account))


def test_the_receipt_of_a_test_touches_no_attempt(
    as_admin: Client, account: Account, admin: Any, our_address: str, kaleyra: Connection
) -> None:
    flow = cast.make_published_flow(account, by=admin)
    execution = cast.make_execution(flow, state="waiting", wake_at=None)
    press(as_admin, kaleyra)
    let_the_engine_look()
    execution.refresh_from_db()
    assert (execution.wake_at, execution.state) == (None, "waiting")
    assert receive.match(limit=10, now=timezone.now()) == 0


def test_without_javascript_the_answer_is_the_page_of_the_connection(
    as_admin: Client, our_address: str, kaleyra: Connection
) -> None:
    answer = as_admin.get(url_of(kaleyra))
    assert answer.headers["Location"] == url_of(kaleyra, "connection-detail") + "#self-test"
