"""A carrier that nobody reaches, over real sockets: skipped, tried again, used once it is back."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from flows.engine import run
from flows.engine.breaker import FIRST_PAUSE_S, LIMIT
from flows.models import Account, Connection, Execution, Flow, KeyKind, User
from flows.placeholders import Channel
from tests import cast
from tests.engine import drive
from tests.engine.drive import START
from tests.fakes.server import FakeCarrier

from .carriers import LINES, Line

NOBODY = "http://127.0.0.1:9"  # no port that anything listens at


@pytest.fixture(params=LINES.values(), ids=LINES)
def line(request: pytest.FixtureRequest) -> Line:
    found: Line = request.param
    return found


@pytest.fixture
def fake(line: Line) -> Iterator[FakeCarrier]:
    with line.fake_class() as fake:
        yield fake
        assert fake.complaints == []


@pytest.fixture
def connection(account: Account, line: Line, fake: FakeCarrier) -> Connection:
    return cast.make_connection(account, fake.key, config=dict(fake.config), base_url=NOBODY)


@pytest.fixture
def flow(account: Account, admin: User, line: Line, connection: Connection) -> Flow:
    """First the line's channel at its carrier, then the other one at the Sandbox."""
    cast.make_sender(account, line.channel, connection=connection, carrier_id=line.carrier_id)
    other = Channel.SMS if line.channel is Channel.WHATSAPP else Channel.WHATSAPP
    steps = (cast.make_step(account, line.channel), cast.make_step(account, other))
    return cast.make_published_flow(account, by=admin, steps=steps)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def send(flow: Flow, after_s: float) -> Execution:
    execution = drive.accept(flow, "0001", "0001", kind=KeyKind.LIVE, at=at(after_s))
    run.until_idle(at(after_s))
    return execution


def test_it_is_skipped_while_it_is_down_and_used_again_by_itself(
    flow: Flow, fake: FakeCarrier, connection: Connection
) -> None:
    first = [send(flow, 0) for _ in range(LIMIT)]
    skipped = drive.attempts(send(flow, 1))
    assert skipped[0].reason.endswith("the connection was refused), moved on to " + second(flow))
    assert "has been down since 12:00 UTC" in skipped[0].reason
    assert skipped[1].connector == "sandbox"
    run.until_idle(at(2))  # the tries of the first ones are over: none of them is sent again
    assert all(drive.attempts(one)[0].reason.startswith("Not tried again:") for one in first)
    Connection.objects.filter(pk=connection.pk).update(base_url=fake.url)
    assert drive.attempts(send(flow, FIRST_PAUSE_S - 1))[0].state == "skipped"
    assert fake.taken == []
    assert drive.attempts(send(flow, FIRST_PAUSE_S))[0].state == "waiting"
    send(flow, FIRST_PAUSE_S + 1)
    connection.refresh_from_db()
    assert (len(fake.taken), connection.down_since) == (2, None)


def test_credentials_that_it_does_not_accept_count_like_a_carrier_that_is_down(
    flow: Flow, fake: FakeCarrier, connection: Connection
) -> None:
    secret = {"kaleyra": "api_key", "twilio": "auth_token", "whatsapp_cloud": "access_token"}
    name = secret[fake.key]
    connection.config = {**fake.config, name: "0" * len(fake.config[name])}
    connection.base_url = fake.url
    connection.save()
    for _ in range(LIMIT):
        assert drive.attempts(send(flow, 0))[0].state == "failed"
    connection.refresh_from_db()
    assert connection.down_since == START
    assert connection.last_error
    assert drive.attempts(send(flow, 1))[0].state == "skipped"
    assert fake.taken == []


def second(flow: Flow) -> str:
    return flow.definition.steps[1].channel.label
