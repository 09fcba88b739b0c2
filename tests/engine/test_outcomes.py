"""Each of the Sandbox's eleven outcomes on either channel, first and second, through the engine."""

from dataclasses import dataclass

import pytest

from flows.models import Account, Flow, User
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
