"""The whole story at each carrier, over real sockets: wizard, publish, invoke, a first step that
fails in each possible way, a second one that delivers, and the callback with the result.

All that can go wrong happens at the same time, to many recipients of one account.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer
from standardwebhooks import Webhook

from flows.connectors.base import ExampleHook
from flows.models import Attempt, Connection, Execution, Flow, Receipt
from flows.models.connections import connector_of
from flows.placeholders import Channel
from tests import cast, serving
from tests.fakes import acts
from tests.running import running_engine
from tests.stories.carriers import LINES, WAIT_S, Line, Stage, knock, staged

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("open_doors"),
]
PATIENCE_S = 45
RECIPIENT = "919876540001"
SENT_ON = "moved on to"
Result = dict[str, Any]


@dataclass(frozen=True)
class Trouble:
    """What the first carrier does, and what must come of it.

    `codes`: the statusCode of each step in the result, None where nothing was sent. `taken`: how
    often the first carrier took the message. `why`: words in the reason of the first step.
    """

    act: tuple[acts.Act, ...]
    codes: tuple[str, str | None]
    why: str
    taken: int = 1
    place: str = "Main"  # the connection that it happens at
    error_class: str = ""  # of the first step

    @property
    def is_delivered(self) -> bool:
        return "DELIVERED" in self.codes


def troubles(line: Line) -> Mapping[str, Trouble]:
    """Every way in which a first step can go, by name."""
    failed = "FAILED" if line.channel.value == "whatsapp" else "UNDELIVERED"
    alone = ("DELIVERED", None)
    refused = acts.Refuse(line.unreachable)
    return {
        "delivered": Trouble((acts.Deliver(),), alone, "Delivered"),
        "reported twice": Trouble((acts.Twice(),), alone, "Delivered"),
        "reported in the wrong order": Trouble((acts.OutOfOrder(),), alone, "Delivered"),
        "reported before the answer": Trouble((acts.BeforeAnswer(),), alone, "Delivered"),
        "not on the channel": Trouble(
            (refused,), to_second("FAILED"), "refused it: the ", 0,
            error_class="not_on_channel",
        ),
        "failed receipt": Trouble(
            (acts.FailLater(line.unreachable, 0.5),), to_second(failed), "could not deliver it",
            error_class="not_on_channel",
        ),
        "silence": Trouble((acts.Silent(),), to_second("TIMEOUT"), f"No receipt within {WAIT_S} s"),
        "late receipt": Trouble(
            (acts.Late(WAIT_S + 2),), to_second("TIMEOUT"), f"No receipt within {WAIT_S} s"
        ),
        "too many at first": Trouble((acts.TooMany(1),), alone, "Delivered"),
        "too many for long": Trouble(
            (acts.TooMany(3),), to_second("NOT-SENT"), "did not take it in 3 tries", 0,
            error_class="throttled",
        ),
        "template problem": Trouble(
            (acts.Refuse(line.template_problem),), to_second("FAILED"), "refused it: ", 0,
            error_class="template_problem",
        ),
        "opted out": Trouble(
            (acts.Refuse(line.opted_out),), ("FAILED", None), "nothing more is sent", 0,
            error_class="opted_out",
        ),
        "broken": Trouble((acts.Broken(500),), to_second("TIMEOUT"), "answer was lost", 0),
        "answer lost": Trouble((acts.Drop(),), to_second("TIMEOUT"), "answer was lost"),
        "answer lost and delivered": Trouble(
            (acts.Drop(then=acts.Deliver(0.5)),), alone, "Delivered"
        ),
        "hangs": Trouble((acts.Hang(30),), to_second("TIMEOUT"), "answer was lost"),
        "down": Trouble(
            (acts.Broken(503, times=3),), to_second("NOT-SENT"), "did not take it in 3 tries", 0,
            place="Down", error_class="carrier_down",
        ),
        "not there": Trouble(
            (), to_second("NOT-SENT"), "the connection was refused", 0,
            place="Not there", error_class="carrier_down",
        ),
        "wrong credentials": Trouble(
            (), to_second("FAILED"), "refused it: ", 0,
            place="Wrong credentials", error_class="blocked",
        ),
    }  # fmt: skip


def to_second(code: str) -> tuple[str, str]:
    """The first step ends so, and the second one delivers."""
    return code, "DELIVERED"


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("WhatsApp at kaleyra", "SMS at kaleyra"),
        ("WhatsApp at whatsapp_cloud", "SMS at twilio"),
        ("SMS at kaleyra", "WhatsApp at whatsapp_cloud"),
        ("SMS at twilio", "WhatsApp at kaleyra"),
    ],
)
def test_whatever_goes_wrong_first_the_second_step_delivers(
    live_server: LiveServer, caplog: pytest.LogCaptureFixture, first: str, second: str
) -> None:
    line, other = LINES[first], LINES[second]
    with (
        serving.receiver() as customer,
        staged(live_server.url, line, other, callback_url=customer.url) as stage,
    ):
        expected = troubles(line)
        flows = flows_at(stage, line, other)
        recipients = {name: f"91987654{at:04}" for at, name in enumerate(expected, 1)}
        for name, trouble in expected.items():
            stage.fakes[line.fake_class].play(recipients[name], *trouble.act)
        with running_engine():
            ids = {
                name: stage.invoke(flows[trouble.place], recipients[name], request_id=name)
                for name, trouble in expected.items()
            }
            wait(lambda: not Execution.objects.exclude(state="ended").exists())
            wait(lambda: len(customer.posts) == len(expected))
            wait(lambda: Receipt.objects.filter(was_late=True).exists())

        results = dict(map(opened(stage), customer.posts))
        assert {name: codes_of(results[name]) for name in expected} == {
            name: trouble.codes for name, trouble in expected.items()
        }
        for name, trouble in expected.items():
            assert results[name]["outcome"] == (
                "delivered" if trouble.is_delivered else "not_delivered"
            )
            tell_why(name, trouble, ids[name])
        look_at_carriers(stage, line, other, recipients, expected)
        late = Receipt.objects.get(was_late=True)
        assert late.attempt is not None
        assert late.attempt.recipient == recipients["late receipt"]
        assert not Receipt.objects.filter(attempt=None).exists()
        assert not Connection.objects.filter(forged_hooks__gt=0).exists()
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def flows_at(stage: Stage, line: Line, other: Line) -> Mapping[str, Flow]:
    """A flow for each connection that trouble may happen at; the second step is always well."""
    second = stage.sender(other, stage.connection(other))
    wrong = {
        field: f"{value[:-4]}0000" for field, value in stage.fakes[line.fake_class].config.items()
    }
    connections = {
        "Main": stage.connection(line),
        "Down": stage.connection(line, name="Down"),
        "Not there": stage.connection(
            line, name="Not there", base_url=f"http://127.0.0.1:{serving.free_port()}"
        ),
        "Wrong credentials": stage.connection(line, name="Wrong credentials", config=wrong),
    }
    return {
        name: stage.flow(name, stage.sender(line, connection), second)
        for name, connection in connections.items()
    }


def opened(stage: Stage) -> Callable[[tuple[dict[str, str], bytes]], tuple[str, Result]]:
    """The request ID and the result of a callback; raises when its signature is not ours."""

    def read(post: tuple[dict[str, str], bytes]) -> tuple[str, Result]:
        headers, body = post
        Webhook(stage.profile.secret).verify(body, headers)
        result = json.loads(body)
        return result["requestId"], result

    return read


def codes_of(result: Result) -> tuple[str, str | None]:
    channels = result["result"]
    return channels["channel1"]["statusCode"], channels.get("channel2", {}).get("statusCode")


def tell_why(name: str, trouble: Trouble, invocation: str) -> None:
    attempt = Attempt.objects.get(execution__public_id=invocation, step=0)
    assert trouble.why in attempt.reason, (name, attempt.reason)
    assert attempt.error_class == trouble.error_class, (name, attempt.error_code)
    has_second = trouble.codes[1] is not None
    assert (SENT_ON in attempt.reason) == has_second, (name, attempt.reason)


def look_at_carriers(
    stage: Stage,
    line: Line,
    other: Line,
    recipients: Mapping[str, str],
    expected: Mapping[str, Trouble],
) -> None:
    """No carrier was sent nonsense, and none took a message twice."""
    for fake in stage.fakes.values():
        assert fake.complaints == []
        assert fake.twice == []
        assert [posted for posted in fake.posted if posted.status != 200] == []

    def taken(at: Line) -> dict[str, int]:
        counts = dict.fromkeys(recipients, 0)
        names = {recipient: name for name, recipient in recipients.items()}
        for message in stage.fakes[at.fake_class].taken:
            if message.channel == at.channel.value:
                counts[names[message.recipient]] += 1
        return counts

    assert taken(line) == {name: trouble.taken for name, trouble in expected.items()}
    assert taken(other) == {
        name: int(trouble.codes[1] is not None) for name, trouble in expected.items()
    }


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", LINES)
def test_forged_altered_and_replayed_receipts_change_nothing(
    live_server: LiveServer, name: str
) -> None:
    line = LINES[name]
    with staged(live_server.url, line, callback_url="http://127.0.0.1:9/") as stage:
        fake, connection = stage.fakes[line.fake_class], stage.connection(line)
        fake.play(RECIPIENT, acts.Silent())
        other = next(channel for channel in Channel if channel is not line.channel)
        senders = stage.sender(line, connection), cast.make_sender(stage.account, other)
        flow = stage.flow("Parcel", *senders)
        with running_engine():
            stage.invoke(flow, RECIPIENT, request_id="forged")
            wait(lambda: Attempt.objects.filter(state="waiting").exists())
            before = Attempt.objects.values().get()
            (message,) = fake.taken
            genuine = fake.receipt(message, "delivered")
            for altered in forgeries(genuine, connection):
                assert knock(altered) in (403, 404), altered
            assert not Receipt.objects.exists()
            assert Attempt.objects.values().get() == before
            assert [knock(genuine) for _ in range(3)] == [200, 200, 200]
            wait(lambda: Attempt.objects.get().state == "succeeded")
        assert Receipt.objects.count() == 1
        counts = {"forged_hooks": len(forgeries(genuine, connection)), "repeated_hooks": 2}
        wait(lambda: Connection.objects.filter(pk=connection.pk, **counts).exists())
        assert fake.twice == []


def forgeries(hook: ExampleHook, connection: Connection) -> list[ExampleHook]:
    """The receipt as it would look when somebody else had made it, or changed it on its way."""
    if connector_of(connection).has_key_in_url:
        key = connection.hook_key
        return [replace(hook, url=hook.url.replace(key, wrong)) for wrong in (key[1:], f"{key}x")]
    signature = next(name for name in hook.headers if "signature" in name.lower())
    unsigned = {name: value for name, value in hook.headers.items() if name != signature}
    return [
        replace(hook, body=hook.body.replace(b"delivered", b"failed")),
        replace(hook, headers=unsigned),
        replace(hook, headers={**unsigned, signature: hook.headers[signature][::-1]}),
    ]


def wait(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, [
            (e.request_id, e.state, list(e.attempts.values_list("state", "reason")))
            for e in Execution.objects.exclude(state="ended")
        ]
        time.sleep(0.05)
