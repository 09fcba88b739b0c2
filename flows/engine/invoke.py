"""The door of the engine: accepted calls become executions, committed before it returns.

A batch costs the same few statements whatever its size; a list of one is the ordinary case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.utils import timezone

from flows.base62 import new_invocation_id
from flows.invocation import Send
from flows.models import Execution, Flow, FlowState

from . import rows
from .gather import Gather

CALLERS_AT_ONCE = 64  # who share one commit
# In the insert itself: once an unpublish is committed, not one more call is accepted.
_IS_PUBLISHED = """
    EXISTS (
        SELECT 1 FROM flows_flow AS flow
        WHERE flow.id = v.flow_id AND flow.account_id = v.account_id
            AND flow.state = 'published' AND flow.deleted_at IS NULL
    )
"""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One invocation that was parsed against the version `version_id` of a flow (primary keys)."""

    account_id: int
    flow_id: int
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
    at the same moment elsewhere: exactly one is accepted. What is accepted is committed, unless
    the caller has a transaction open.

    One statement, also where hundreds are accepted; a second and a third one find the reasons
    when some are not.
    """
    now = now or timezone.now()
    inserted = rows.insert(
        [_row(call, now) for call in calls],
        ignore_conflicts=True,
        only_if=_IS_PUBLISHED,
        returning=["public_id"],
    )
    accepted = {public_id for (public_id,) in inserted}
    rest = [call for call in calls if call.public_id not in accepted]
    refusals = _refusals(rest, now) if rest else {}
    return [refusals.get(call.public_id) or Accepted(call.public_id, now) for call in calls]


def invoke_one(call: Call) -> Answer:
    """The same for one call; threads that come at the same moment share one commit."""
    return invoke([call])[0] if connection.in_atomic_block else _together(call)


_together: Gather[Call, Answer] = Gather(invoke, most=CALLERS_AT_ONCE)


def _refusals(calls: Sequence[Call], now: datetime) -> dict[str, Answer]:
    """Why these were not inserted, by their public ids."""
    first = _first_ids(calls)
    found = Flow.objects.filter(pk__in={call.flow_id for call in calls}, deleted_at=None)
    flows = {flow.pk: flow for flow in found.only("account", "state")}
    return {
        call.public_id: _refusal(
            call, flows.get(call.flow_id), first.get((call.account_id, call.request_id), ""), now
        )
        for call in calls
    }


def _refusal(call: Call, flow: Flow | None, holder: str, now: datetime) -> Answer:
    """`holder` has the requestId. It is the call itself where it had been accepted before, and
    only the answer of the database was lost."""
    if holder == call.public_id:
        return Accepted(call.public_id, now)
    if flow is None or flow.account_id != call.account_id:
        return NotFound()
    is_used = bool(holder) and flow.state == FlowState.PUBLISHED
    return Duplicate(holder) if is_used else NotPublished()


def _row(call: Call, now: datetime) -> Execution:
    return Execution(
        account_id=call.account_id,
        flow_id=call.flow_id,
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
