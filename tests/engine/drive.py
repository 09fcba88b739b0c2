"""Plays executions on a clock of its own, from wake to wake, without sleeping. Asserts nothing."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.engine import invoke, run, store
from flows.invocation import Send
from flows.models import Attempt, Execution, Flow, KeyKind
from tests import cast

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def call(
    flow: Flow, *tails: str, kind: str = KeyKind.TEST, request_id: str = "", **fields: Any
) -> invoke.Call:
    """A call whose recipients end in these digits, one per step."""
    version = flow.live_version
    assert version is not None and flow.workflow_id is not None
    sends = tuple(Send(f"91987654{tail}", cast.PARAMS) for tail in tails)
    return invoke.Call(
        account_id=flow.account_id,
        flow_id=flow.pk,
        version_id=version.pk,
        request_id=request_id or f"drive-{next(_numbers)}",
        sends=sends,
        kind=kind,
        **fields,
    )


def accept(flow: Flow, *tails: str, at: datetime = START, **fields: Any) -> Execution:
    """The execution of one accepted call."""
    (answer,) = invoke.invoke([call(flow, *tails, **fields)], now=at)
    assert isinstance(answer, invoke.Accepted)
    return Execution.objects.get(public_id=answer.public_id)


def play(*executions: Execution, start: datetime = START, until_s: float = 3600) -> datetime:
    """Turn after turn until nothing more will happen or `until_s` is over; returns the time."""
    now, limit = start, start + timedelta(seconds=until_s)
    while True:
        run.until_idle(now)
        due_at = store.next_due_at()
        if due_at is None or due_at > limit:
            break
        now = max(now, due_at)
    for execution in executions:
        execution.refresh_from_db()
    return now


def run_flow(flow: Flow, *tails: str, **fields: Any) -> Execution:
    """Accept and play to the very end."""
    execution = accept(flow, *tails, **fields)
    play(execution)
    return execution


def attempts(execution: Execution) -> list[Attempt]:
    return list(execution.attempts.order_by("step"))


def since_start(at: datetime | None) -> float:
    """Seconds since START."""
    assert at is not None
    return (at - START).total_seconds()


def next_number() -> int:
    return next(_numbers)
