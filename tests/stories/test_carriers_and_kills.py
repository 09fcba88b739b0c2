"""What happens between a send and its answer: the engine is killed, or a receipt is faster."""

import signal
from collections import Counter
from collections.abc import Mapping

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from flows.models import Attempt, Execution, Flow, Outcome, Receipt
from tests import serving
from tests.fakes import acts
from tests.running import running_engine
from tests.serving import wait_until
from tests.stories.carriers import LINES, Line, Stage, staged

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("open_doors"),
]
NOBODY = "http://127.0.0.1:9/"  # these stories are over before the callback
LOST = "The engine stopped while sending"
needs_a_file = pytest.mark.skipif(connection.vendor != "sqlite", reason="needs the database file")


def flow_of(stage: Stage, first: Line, second: Line) -> Flow:
    lines = (first, second)
    return stage.flow("Parcel", *(stage.sender(line, stage.connection(line)) for line in lines))


def invoke_all(stage: Stage, flow: Flow, script: Mapping[str, acts.Act]) -> None:
    for recipient in script:
        stage.invoke(flow, recipient, request_id=recipient)


@needs_a_file
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("first", "second"),
    [("WhatsApp at whatsapp_cloud", "SMS at twilio"), ("SMS at kaleyra", "WhatsApp at kaleyra")],
)
def test_killed_between_request_and_answer_no_message_is_taken_twice(
    live_server: LiveServer, first: str, second: str
) -> None:
    """Every answer of the first carrier is held back; half of its messages are delivered."""
    line, other = LINES[first], LINES[second]
    arrives, stays_silent = acts.Hang(1.5, then=acts.Deliver(0.3)), acts.Hang(1.5)
    with staged(live_server.url, line, other, callback_url=NOBODY) as stage:
        fake, flow = stage.fakes[line.fake_class], flow_of(stage, line, other)
        script = {f"91987654{at:04}": (arrives, stays_silent)[at % 2] for at in range(1, 37)}
        for recipient, act in script.items():
            fake.play(recipient, act)
        invoke_all(stage, flow, script)

        environment = {"HOOKS_BASE_URL": live_server.url, "ENGINE_BATCH_SIZE": "12"}
        for taken in (6, 24):
            with serving.engine(**environment) as process:
                wait_until(lambda taken=taken: first_steps(stage, line) >= taken, timeout_s=30)
                process.send_signal(signal.SIGKILL)
        with serving.engine(**environment):
            running = Execution.objects.exclude(state="ended")
            wait_until(lambda: not running.exists(), timeout_s=45, every_s=0.1)

        for carrier in stage.fakes.values():
            assert (carrier.twice, carrier.complaints) == ([], [])
        attempts = list(Attempt.objects.filter(step=0))
        assert len(attempts) == len(script)
        lost = [attempt for attempt in attempts if attempt.tries[-1]["reason"] == LOST]
        assert len(lost) >= 6, "no kill came while a send was under way: this has proved nothing"
        taken_ids = {message.client_message_id for message in fake.taken}
        for attempt in attempts:
            was_taken = str(attempt.client_message_id) in taken_ids
            delivered = was_taken and script[attempt.recipient] is arrives
            assert (attempt.state == "succeeded") == delivered, attempt.reason
            assert was_taken or attempt in lost
        ends = Counter(Execution.objects.values_list("outcome", "outcome_step"))
        assert set(ends) == {(Outcome.DELIVERED, 0), (Outcome.DELIVERED, 1)}


def first_steps(stage: Stage, line: Line) -> int:
    """How many messages the carrier of the first step has taken there."""
    taken = stage.fakes[line.fake_class].taken
    return sum(message.channel == line.channel.value for message in taken)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", LINES)
def test_receipts_that_come_before_the_answer_are_matched(
    live_server: LiveServer, name: str
) -> None:
    line = LINES[name]
    other = next(known for known in LINES.values() if known.channel is not line.channel)
    with staged(live_server.url, line, other, callback_url=NOBODY) as stage:
        flow = flow_of(stage, line, other)
        script = {f"91987654{at:04}": acts.BeforeAnswer() for at in range(1, 9)}
        for recipient, act in script.items():
            stage.fakes[line.fake_class].play(recipient, act)
        with running_engine():
            invoke_all(stage, flow, script)
            running = Execution.objects.exclude(state="ended")
            wait_until(lambda: not running.exists(), timeout_s=30, every_s=0.05)
        ends = Counter(Execution.objects.values_list("outcome", "outcome_step"))
        assert ends == {(Outcome.DELIVERED, 0): len(script)}
        for receipt in Receipt.objects.select_related("attempt"):
            assert receipt.attempt is not None
            assert receipt.attempt.accepted_at is not None
            assert receipt.received_at < receipt.attempt.accepted_at
        assert not stage.fakes[line.fake_class].twice
