"""The door of the engine: accepted calls become executions, committed before it returns.

A batch costs the same few statements whatever its size; a list of one is the ordinary case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from flows.base62 import new_invocation_id
from flows.invocation import Send
from flows.models import Execution, Flow, FlowState

from . import rows


@dataclass(frozen=True, kw_only=True)
class Call:
    """One invocation that was parsed against the flow version `version_id` (a primary key)."""

    account_id: int
    workflow_id: UUID
    version_id: int
    request_id: str
    sends: tuple[Send, ...]
    kind: str
    api_key_id: int | None = None
    is_test_send: bool = False
    speed: int = 1
    public_id: str = field(default_factory=new_invocation_id)


@dataclass(frozen=True)
class Accepted:
    """The execution is on disk."""

    public_id: str
    created_at: datetime


@dataclass(frozen=True)
class Duplicate:
    """The requestId was used before in this account; `public_id` is that of the first call."""

    public_id: str


@dataclass(frozen=True)
class NotPublished:
    """The flow is a draft."""


@dataclass(frozen=True)
class NotFound:
    """There is no such flow in this account, or it was deleted."""


Answer = Accepted | Duplicate | NotPublished | NotFound


def invoke(calls: Sequence[Call], *, now: datetime | None = None) -> list[Answer]:
    """Accept or turn away each call, in the order given. Two calls with one requestId, here or
    at the same moment elsewhere: exactly one is accepted."""
    now = now or timezone.now()
    with transaction.atomic():
        flows = _flows(calls)
        verdicts = [_verdict(call, flows.get(call.workflow_id)) for call in calls]
        fit = [call for call, verdict in zip(calls, verdicts, strict=True) if verdict is None]
        new = [_row(call, flows[call.workflow_id], now) for call in fit]
        inserted = rows.insert(new, ignore_conflicts=True, returning=["public_id"])
        first = {} if len(inserted) == len(new) else _first_ids(fit)
    return [
        verdict or _answer(call, first, now) for call, verdict in zip(calls, verdicts, strict=True)
    ]


def _flows(calls: Sequence[Call]) -> Mapping[UUID | None, Flow]:
    found = Flow.objects.filter(
        workflow_id__in={call.workflow_id for call in calls}, deleted_at=None
    )
    return {flow.workflow_id: flow for flow in found.only("account", "state", "workflow_id")}


def _verdict(call: Call, flow: Flow | None) -> Answer | None:
    if flow is None or flow.account_id != call.account_id:
        return NotFound()
    return None if flow.state == FlowState.PUBLISHED else NotPublished()


def _row(call: Call, flow: Flow, now: datetime) -> Execution:
    return Execution(
        account_id=call.account_id,
        flow=flow,
        version_id=call.version_id,
        api_key_id=call.api_key_id,
        public_id=call.public_id,
        request_id=call.request_id,
        kind=call.kind,
        is_test_send=call.is_test_send,
        speed=call.speed,
        recipient=call.sends[0].recipient,
        sends=[{"recipient": s.recipient, "params": dict(s.params)} for s in call.sends],
        wake_at=now,
        created_at=now,
    )


def _first_ids(calls: Sequence[Call]) -> dict[tuple[int, str], str]:
    """Who holds each requestId now, by account."""
    found = Execution.objects.filter(
        account__in={call.account_id for call in calls},
        request_id__in={call.request_id for call in calls},
    )
    return {
        (account_id, request_id): public_id
        for account_id, request_id, public_id in found.values_list(
            "account_id", "request_id", "public_id"
        )
    }


def _answer(call: Call, first: Mapping[tuple[int, str], str], now: datetime) -> Answer:
    public_id = first.get((call.account_id, call.request_id), call.public_id)
    return Accepted(public_id, now) if public_id == call.public_id else Duplicate(public_id)
