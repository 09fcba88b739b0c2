"""The demo's history: two weeks of executions, played by the real engine with the Sandbox carrier.

All are invoked at one instant in the past and played to their end on the engine's own clock; then
each is moved to a moment of its own. So every row is what the engine really writes.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from flows.base62 import new_invocation_id
from flows.engine import invoke, run, store, wake
from flows.invocation import Send
from flows.models import (
    Account,
    ApiKey,
    CallbackDelivery,
    CallbackTry,
    DeliveryState,
    Execution,
    ExecutionState,
    Flow,
    FlowVersion,
    KeyKind,
    RejectedCall,
)
from flows.placeholders import fields

from .collection import DELIVERY, LOGIN, ORDER
from .moving import move

DAYS = 14
EXECUTIONS = 420
PREFIX = "demo-"
ACTING = timedelta(seconds=8)  # after the call, on the engine's clock
SETTLING = timedelta(minutes=40)  # by then the longest run has ended
CALLBACK_AFTER = timedelta(milliseconds=380)

# How often the Sandbox plays which outcome (the last four digits), out of 1,000.
_MIX = {
    "0001": 470, "0002": 240, "0003": 85, "0004": 45, "0005": 70, "0006": 25,
    "0007": 15, "0008": 10, "0009": 15, "0010": 10, "0011": 15,
}  # fmt: skip
_SHARE = {ORDER: 60, LOGIN: 25, DELIVERY: 15}
_BUSY_HOURS = (8, 9, 9, 10, 10, 10, 11, 11, 11, 12, 13, 14, 14, 15, 15, 16, 17, 18, 18, 19, 20, 21)


class Planned(NamedTuple):
    """One execution to play: when it will have happened, of which flow, to whom."""

    at: datetime
    flow: Flow
    sends: tuple[Send, ...]
    is_test: bool


def seed_history(account: Account, flows: dict[str, Flow]) -> None:
    """Play the history once; does nothing when it is there."""
    if Execution.objects.filter(account=account, request_id__startswith=PREFIX).exists():
        return
    now = timezone.now()
    start = now - timedelta(days=DAYS + 1)
    with transaction.atomic():
        before = (now - SETTLING).astimezone(ZoneInfo(account.time_zone))
        planned = sorted(_plan(flows, before=before, dice=_dice()), key=attrgetter("at"))
        _invoke(account, planned, at=start)
        _play(since=start)
        _backdate(flows, until=start)
        move(account, start=start, to=[plan.at for plan in planned], prefix=PREFIX, dice=_dice())
        _answer_callbacks(account)
        _reject_some_calls(flows[ORDER], before=now)


def _dice() -> Random:
    return Random(20250214)  # noqa: S311 - the same demo every time, no secret


def _plan(flows: dict[str, Flow], *, before: datetime, dice: Random) -> Iterator[Planned]:
    """More towards today, most by day; one in twelve is a test."""
    for number in range(EXECUTIONS):
        days_ago = int(DAYS * (1 - (number / EXECUTIONS) ** 0.8))
        day = (before - timedelta(days=days_ago)).replace(minute=0, second=0, microsecond=0)
        seconds = timedelta(seconds=dice.randrange(3600), milliseconds=dice.randrange(1000))
        at = day.replace(hour=dice.choice(_BUSY_HOURS)) + seconds
        flow = flows[dice.choices(list(_SHARE), weights=list(_SHARE.values()))[0]]
        yield Planned(
            at=at if at < before else at - timedelta(days=1),
            flow=flow,
            sends=tuple(_sends(flow, person=dice.randrange(10_000), dice=dice)),
            is_test=dice.random() < 1 / 12,
        )


def _sends(flow: Flow, *, person: int, dice: Random) -> Iterator[Send]:
    """The same person on every channel; only the digits that the Sandbox reads may differ."""
    version = _live(flow)
    for step in version.pinned.steps:
        tail = dice.choices(list(_MIX), weights=list(_MIX.values()))[0]
        params = {field.key: field.sample for field in fields(step.content)}
        yield Send(recipient=f"9198{person:04d}{tail}", params=params)


def _live(flow: Flow) -> FlowVersion:
    if flow.live_version is None:
        raise ValueError(f"{flow.title} has never been published")
    return flow.live_version


def _invoke(account: Account, planned: Sequence[Planned], *, at: datetime) -> None:
    keys = {
        kind: ApiKey.objects.filter(account=account, kind=kind, revoked_at=None).latest("id")
        for kind in (KeyKind.LIVE, KeyKind.TEST)
    }
    invoke.invoke([_call(plan, number, keys) for number, plan in enumerate(planned)], now=at)


def _call(plan: Planned, number: int, keys: dict[KeyKind, ApiKey]) -> invoke.Call:
    kind = KeyKind.TEST if plan.is_test else KeyKind.LIVE
    return invoke.Call(
        account_id=plan.flow.account_id,
        flow_id=plan.flow.pk,
        version_id=_live(plan.flow).pk,
        request_id=f"{PREFIX}{number + 1:04d}",
        sends=plan.sends,
        kind=kind,
        api_key_id=keys[kind].pk,
        is_test_send=plan.is_test,
    )


def _play(*, since: datetime) -> None:
    """Turn the engine from one due moment to the next until nothing is left to do."""
    _turn_until(since + ACTING)
    _let_some_people_act(at=since + ACTING)
    _turn_until(since + SETTLING)


def _turn_until(end: datetime) -> None:
    while (due := store.next_due_at()) and due < end:
        run.until_idle(now=due)


def _let_some_people_act(*, at: datetime) -> None:
    """Of those whose WhatsApp is silent, some use their code anyway; one is stopped by hand."""
    silent = Execution.objects.filter(
        state=ExecutionState.WAITING, request_id__startswith=PREFIX, flow__title=LOGIN
    ).order_by("id")
    for number, execution in enumerate(silent):
        if number == 0:
            wake.cancel(execution, by="Asha Rao", now=at)
        elif number % 3 == 1:
            wake.confirm(execution, by="API key Demo live", now=at)


def _backdate(flows: dict[str, Flow], *, until: datetime) -> None:
    """The flows were published before their first execution."""
    for flow in flows.values():
        Flow.objects.filter(pk=flow.pk).update(created_at=until - timedelta(days=9))
        for version in flow.versions.all():
            days = 8 - 3 * version.number
            published_at = until - timedelta(days=days)
            FlowVersion.objects.filter(pk=version.pk).update(published_at=published_at)


def _answer_callbacks(account: Account) -> None:
    """The demo's order system took every result at once: nothing is left to be posted."""
    found = CallbackDelivery.objects.filter(
        execution__account=account,
        execution__request_id__startswith=PREFIX,
        state=DeliveryState.PENDING,
    )
    owed = list(found.order_by("created_at"))
    found.delete()
    for delivery in owed:
        delivery.pk = None  # written again, in the order in which they came to be
        delivery.state = DeliveryState.DELIVERED
        delivery.wake_at = None
        delivery.tries_made = 1
    CallbackDelivery.objects.bulk_create(owed)
    CallbackTry.objects.bulk_create(
        CallbackTry(
            delivery=delivery,
            number=1,
            at=delivery.created_at + CALLBACK_AFTER,
            status_code=204,
            duration_ms=40 + delivery.pk % 90,
        )
        for delivery in owed
    )


def _reject_some_calls(flow: Flow, *, before: datetime) -> None:
    key = ApiKey.objects.filter(account=flow.account, kind=KeyKind.LIVE, revoked_at=None).latest(
        "id"
    )
    RejectedCall.objects.bulk_create(
        RejectedCall(
            account=flow.account,
            api_key=key,
            flow=flow,
            public_id=new_invocation_id(),
            workflow_id=str(flow.workflow_id),
            request_id=request_id,
            status=400,
            errors=errors,
            caller_ip="127.0.0.1",
            created_at=before - timedelta(hours=hours_ago),
        )
        for hours_ago, request_id, errors in _REJECTED
    )


_REJECTED: tuple[tuple[int, str, list[str]], ...] = (
    (
        290,
        "order-1007",
        ["input.send1.recipient: Leave out the + and start with the country code."],
    ),
    (171, f"{PREFIX}0001", [f"Request ID [{PREFIX}0001] has already been used."]),
    (52, "order-1203", ["input.send2: This step is missing."]),
    (
        7,
        "order-1311",
        [
            "input.send1.recipient: Use digits only: country code and number, no spaces or signs.",
            "input.send2.recipient: Use digits only: country code and number, no spaces or signs.",
        ],
    ),
)
