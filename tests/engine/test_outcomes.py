"""Each of the Sandbox's eleven outcomes on either channel, first and second, through the engine."""

from dataclasses import dataclass

import pytest

from flows.models import Account, Flow, User, lifecycle
from flows.placeholders import Channel
from tests import cast
from tests.engine import drive


@dataclass(frozen=True)
class Expected:
    """What becomes of a step whose recipient has these last digits."""

    state: str
    status_code: str
    reason: str
    settles_after_s: float
    ends_there: bool = False


TABLE = {
    "0001": Expected("succeeded", "DELIVERED", "Delivered", 2, True),
    "0002": Expected("succeeded", "DELIVERED", "Delivered", 2, True),
    "0003": Expected(
        "failed", "FAILED", "The carrier refused it: the number is not on {channel}", 0
    ),
    "0004": Expected(
        "failed",
        "{failed}",
        "The carrier could not deliver it: the Sandbox was asked to fail this message",
        1,
    ),
    "0005": Expected("timed_out", "TIMEOUT", "No receipt within 60 s", 60),
    "0006": Expected("timed_out", "TIMEOUT", "No receipt within 60 s", 60),
    "0007": Expected("succeeded", "DELIVERED", "Delivered", 3, True),
    "0008": Expected("succeeded", "DELIVERED", "Delivered", 2, True),
    "0009": Expected("succeeded", "READ", "Read", 1, True),
    "0010": Expected("succeeded", "DELIVERED", "Delivered", 5, True),
    "0011": Expected("failed", "FAILED", "The carrier refused it: the person has opted out", 0),
    "4242": Expected("succeeded", "DELIVERED", "Delivered", 2, True),
}
ORDERS = {
    "whatsapp first": (Channel.WHATSAPP, Channel.SMS),
    "sms first": (Channel.SMS, Channel.WHATSAPP),
}


def make_flow(account: Account, admin: User, order: tuple[Channel, ...]) -> Flow:
    steps = tuple(cast.make_step(account, channel) for channel in order)
    return cast.make_published_flow(account, by=admin, title="Table", steps=steps)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("tail", TABLE)
def test_first_step_ends_as_its_recipient_says(
    account: Account, admin: User, order: tuple[Channel, ...], tail: str
) -> None:
    flow = make_flow(account, admin, order)
    expected = TABLE[tail]
    execution = drive.run_flow(flow, tail, "0001")
    first, *others = drive.attempts(execution)

    failed = "FAILED" if order[0] is Channel.WHATSAPP else "UNDELIVERED"
    reason = expected.reason.format(channel=order[0].label)
    assert first.state == expected.state
    assert first.status_code == expected.status_code.format(failed=failed)
    assert drive.since_start(first.settled_at) == expected.settles_after_s
    if expected.ends_there:
        assert first.reason == reason
        assert (execution.outcome, execution.outcome_step) == ("delivered", 0)
        assert execution.outcome_channel == order[0]
        assert others == []
    elif tail == "0011":
        assert first.reason == f"{reason}, nothing more is sent"
        assert (execution.outcome, others) == ("not_delivered", [])
        assert execution.reason == "The person has opted out, so no further step was tried"
    else:
        assert first.reason == f"{reason}, moved on to {order[1].label}"
        assert (execution.outcome, execution.outcome_step) == ("delivered", 1)
        assert [other.status_code for other in others] == ["DELIVERED"]
        assert others[0].created_at == first.settled_at
    assert execution.delivered_twice == (tail == "0006")


def test_five_steps_are_tried_in_their_order(account: Account, admin: User) -> None:
    order = (Channel.SMS, Channel.WHATSAPP, Channel.WHATSAPP, Channel.SMS, Channel.WHATSAPP)
    execution = drive.run_flow(
        make_flow(account, admin, order), "0003", "0004", "0005", "0003", "0001"
    )
    made = drive.attempts(execution)
    assert tuple(attempt.channel for attempt in made) == order
    assert [attempt.status_code for attempt in made] == [
        "FAILED", "FAILED", "TIMEOUT", "FAILED", "DELIVERED",
    ]  # fmt: skip
    assert (execution.outcome_step, execution.outcome_channel) == (4, "whatsapp")
    assert made[2].reason == "No receipt within 60 s, moved on to SMS"


@pytest.mark.parametrize(
    ("tail", "settles_after_s"), [("0005", 1), ("0007", 0.05), ("0001", 2 / 60)]
)
def test_speed_divides_waits_pauses_and_receipt_delays(
    account: Account, admin: User, tail: str, settles_after_s: float
) -> None:
    flow = make_flow(account, admin, ORDERS["whatsapp first"])
    execution = drive.run_flow(flow, tail, "0001", speed=60)
    assert drive.since_start(drive.attempts(execution)[0].settled_at) == pytest.approx(
        settles_after_s, abs=1e-5
    )


def test_execution_keeps_the_version_it_was_accepted_with(account: Account, admin: User) -> None:
    flow = make_flow(account, admin, ORDERS["whatsapp first"])
    execution = drive.accept(flow, "0005", "0001")
    steps = tuple(
        cast.make_step(account, channel, wait_s=5) for channel in (Channel.SMS, Channel.WHATSAPP)
    )
    changed = cast.make_definition(account, "Changed", steps=steps)
    lifecycle.save_draft(flow, changed, by=admin, revision=flow.revision)
    lifecycle.publish(flow, by=admin)
    lifecycle.unpublish(flow, by=admin)
    drive.play(execution)
    first, second = drive.attempts(execution)
    assert (first.channel, second.channel) == ("whatsapp", "sms")
    assert drive.since_start(first.settled_at) == 60
    assert execution.outcome == "delivered"


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("tail", TABLE)
def test_second_step_ends_as_its_recipient_says(
    account: Account, admin: User, order: tuple[Channel, ...], tail: str
) -> None:
    flow = make_flow(account, admin, order)
    expected = TABLE[tail]
    execution = drive.run_flow(flow, "0003", tail)
    _, second = drive.attempts(execution)

    assert second.state == expected.state
    assert drive.since_start(second.settled_at) == expected.settles_after_s
    if expected.ends_there:
        assert (execution.outcome, execution.outcome_step) == ("delivered", 1)
        assert execution.reason.endswith(order[1].label)
    else:
        assert (execution.outcome, execution.outcome_step) == ("not_delivered", None)
    assert execution.ended_at == second.settled_at
    assert not execution.delivered_twice
