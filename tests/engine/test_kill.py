"""Real engine processes on a real database file: killed without warning, and stopped politely."""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from flows.engine import invoke
from flows.models import Attempt, Execution, Flow, Receipt, Role
from tests import cast, serving
from tests.engine import drive, ledger_connector
from tests.serving import wait_until

EXECUTIONS = 500
# Of the first and of the second step; every kind of end is among them.
TAILS = [
    ("0001", "0001"), ("0003", "0001"), ("0004", "0002"), ("0005", "0001"), ("0007", "0001"),
    ("0008", "0001"), ("0009", "0001"), ("0010", "0001"), ("0005", "0005"), ("0011", "0001"),
]  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="needs the database file"),
]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger"
    path.touch()
    return path


@pytest.fixture
def flow() -> Flow:
    """A published flow whose messages go through the ledger carrier."""
    account = cast.make_account()
    cast.make_connection(account, "ledger")
    for channel in (cast.Channel.WHATSAPP, cast.Channel.SMS):
        sender = cast.make_sender(account, channel)
        sender.connection = account.connections.get(connector="ledger")
        sender.save()
    return cast.make_published_flow(account, by=cast.make_person(account, Role.ADMIN))


@contextmanager
def engine(ledger: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        "EXTRA_CONNECTORS": ledger_connector.__name__,
        ledger_connector.LEDGER: str(ledger),
        "ENGINE_BATCH_SIZE": "100",
    }
    with serving.engine(**environment) as process:
        yield process


def sends(ledger: Path) -> list[str]:
    return ledger.read_text().splitlines()


@pytest.mark.timeout(90)
def test_killed_engine_loses_nothing_and_sends_nothing_twice(flow: Flow, ledger: Path) -> None:
    calls = [
        drive.call(flow, *TAILS[number % len(TAILS)], kind="live", speed=30)
        for number in range(EXECUTIONS)
    ]
    invoke.invoke(calls, now=timezone.now())

    for lines in (30, 250, 500):  # in the middle of a batch each time
        with engine(ledger) as process:
            wait_until(lambda lines=lines: len(sends(ledger)) >= lines, timeout_s=20)
            process.send_signal(signal.SIGKILL)
    with engine(ledger) as process:
        running = Execution.objects.exclude(state="ended")
        wait_until(lambda: not running.exists(), timeout_s=40, every_s=0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0

    assert Execution.objects.filter(state="ended").exclude(outcome="").count() == EXECUTIONS
    written = Counter(tuple(line.split()) for line in sends(ledger))
    assert set(written.values()) == {1}
    tries = Counter(client_message_id for client_message_id, _, _ in written)
    attempts = {str(a.client_message_id): a for a in Attempt.objects.all()}
    assert set(tries) <= set(attempts)
    for client_message_id, attempt in attempts.items():
        answers = [tried["result"] for tried in attempt.tries]
        unknown_at = answers.index("unknown") if "unknown" in answers else None
        # Only what a carrier clearly did not take was tried again, and nothing after "unknown".
        assert set(answers[:-1]) <= {"not_taken"}
        if unknown_at is None:
            assert tries[client_message_id] == len(answers)
        else:
            assert unknown_at == len(answers) - 1
            assert tries[client_message_id] <= len(answers)
    lost = [
        a for a in attempts.values() if a.tries[-1]["reason"] == "The engine stopped while sending"
    ]
    assert lost, "no kill came while a send was under way: this run has proved nothing"
    assert not Receipt.objects.filter(attempt__isnull=False, folded_at=None).exists()


@pytest.mark.timeout(60)
def test_engine_that_is_told_to_stop_finishes_what_is_under_way(flow: Flow, ledger: Path) -> None:
    calls = [drive.call(flow, "0005", "0001", kind="live") for _ in range(100)]
    invoke.invoke(calls, now=timezone.now())
    with engine(ledger) as process:
        wait_until(lambda: len(sends(ledger)) >= 10, timeout_s=20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert not Attempt.objects.filter(state="sending").exists()
    assert Attempt.objects.filter(state="waiting").count() == len(sends(ledger)) > 0
    assert not Execution.objects.exclude(lease_token=None).exists()


@pytest.mark.timeout(60)
def test_call_is_sent_within_a_moment_by_an_idle_engine(flow: Flow, ledger: Path) -> None:
    with engine(ledger):
        invoke.invoke([drive.call(flow, "0001", "0001", kind="live")], now=timezone.now())
        wait_until(lambda: bool(sends(ledger)), timeout_s=20)  # it is up
        delays = []
        for number in range(1, 6):
            time.sleep(0.13 * number)
            started = time.monotonic()
            invoke.invoke([drive.call(flow, "0001", "0001", kind="live")], now=timezone.now())
            wait_until(lambda number=number: len(sends(ledger)) > number, timeout_s=5)
            delays.append(time.monotonic() - started)
    assert sorted(delays)[2] < 0.6, delays  # 0.1 on a quiet machine; others may share this one
