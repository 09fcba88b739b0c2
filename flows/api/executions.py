"""One invocation afterwards: its state and result so far, and the wishes to confirm or cancel it.

Beyond the original API. A live key sees every invocation of its account, any other key only those
of its own kind, so that a test key can never stop a real message.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, JsonResponse

from flows.engine import result, wake
from flows.models import ApiKey, Execution, ExecutionState, KeyKind, Outcome

from . import answers
from .door import door
from .rejections import shown

_INVOCATION_ID = re.compile(r"[0-9A-Za-z]{22}")


@door("GET", "HEAD")
def show(request: HttpRequest, key: ApiKey, invocation_id: str) -> JsonResponse:
    execution = _execution_of(key, invocation_id)
    return answers.found(_state(execution)) if execution else _unknown(invocation_id)


@dataclass(frozen=True)
class _Wish:
    """How an invocation is asked to stop, and the outcome that shows the wish was granted."""

    ask: Callable[..., bool]
    outcome: Outcome
    message: str


_CONFIRM = _Wish(
    wake.confirm, Outcome.CONFIRMED, "Confirmation accepted, no further step will be sent"
)
_CANCEL = _Wish(
    wake.cancel, Outcome.CANCELLED, "Cancellation accepted, no further step will be sent"
)


@door("POST")
def confirm(request: HttpRequest, key: ApiKey, invocation_id: str) -> JsonResponse:
    """The person acted, for example used the code: stop the chain."""
    return _stop(key, invocation_id, _CONFIRM)


@door("POST")
def cancel(request: HttpRequest, key: ApiKey, invocation_id: str) -> JsonResponse:
    """The message is no longer wanted: stop the chain."""
    return _stop(key, invocation_id, _CANCEL)


def _stop(key: ApiKey, invocation_id: str, wish: _Wish) -> JsonResponse:
    """202 also when the same wish was granted before: a caller may repeat itself safely."""
    execution = _execution_of(key, invocation_id)
    if execution is None:
        return _unknown(invocation_id)
    if not wish.ask(execution, by=f"API key {key.name}"):
        execution.refresh_from_db()
        if wish.outcome not in (execution.outcome, _pending_outcome(execution)):
            return _too_late(execution)
    return answers.accepted(
        execution.request_id,
        execution.public_id,
        message=wish.message,
        execution_status=_status(execution),
    )


def _pending_outcome(execution: Execution) -> Outcome | None:
    return {"confirm": Outcome.CONFIRMED, "cancel": Outcome.CANCELLED}.get(execution.signal)


def _execution_of(key: ApiKey, invocation_id: str) -> Execution | None:
    if not _INVOCATION_ID.fullmatch(invocation_id):
        return None
    visible = Execution.objects.select_related("version").filter(account_id=key.account_id)
    if key.kind != KeyKind.LIVE:
        visible = visible.filter(kind=key.kind)
    return visible.filter(public_id=invocation_id).first()


def _state(execution: Execution) -> dict[str, Any]:
    """The result callback's body, with a status that also tells what has not ended."""
    state = result.payload(execution, list(execution.attempts.all()))
    if execution.state == ExecutionState.ENDED:
        return state
    running = {"executionStatus": _status(execution), "timestamp": answers.timestamp_now()}
    return {**state, **running, "outcome": None}


def _status(execution: Execution) -> str:
    if execution.state == ExecutionState.ENDED:
        return "COMPLETED"
    return "ACCEPTED" if execution.state == ExecutionState.ACCEPTED else "RUNNING"


def _unknown(invocation_id: str) -> JsonResponse:
    sentence = f"Workflow Invocation [{shown(invocation_id)}] does not exist."
    return answers.rejected([sentence], request_id=None, invocation_id=None, status=404)


def _too_late(execution: Execution) -> JsonResponse:
    if execution.state == ExecutionState.ENDED:
        outcome = execution.get_outcome_display().lower()
        sentence = f"Workflow Invocation [{execution.public_id}] has already ended: {outcome}."
    else:
        sentence = f"Workflow Invocation [{execution.public_id}] is already being stopped."
    return answers.rejected(
        [sentence],
        request_id=execution.request_id,
        invocation_id=execution.public_id,
        status=409,
    )
