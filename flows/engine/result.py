"""What the result callback says of an execution (product description, section 9); writes nothing.

Also read while an execution is under way, by the API and the pages.
"""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.base62 import new_invocation_id
from flows.models import Attempt, Execution
from flows.openapi.examples import COMPLETED


def payload(execution: Execution, attempts: Iterable[Attempt]) -> dict[str, Any]:
    """The JSON of the callback; of an execution that has not ended, what is known so far."""
    return {
        "workflowInvocationId": execution.public_id,
        "requestId": execution.request_id,
        "executionStatus": "COMPLETED" if execution.ended_at else "RUNNING",
        "timestamp": nine_digits(execution.ended_at or execution.created_at),
        "outcome": execution.outcome,
        "result": result_of(execution, attempts),
    }


def test_event(now: datetime) -> dict[str, Any]:
    """A result like any other, of an execution that never was, marked by `"test": true`."""
    sent_at = (now - timedelta(seconds=61), now - timedelta(seconds=1))
    channels = zip(COMPLETED["result"].items(), sent_at, strict=True)
    return {
        "test": True,
        **COMPLETED,
        "workflowInvocationId": new_invocation_id(),
        "requestId": f"test-event-{secrets.token_hex(4)}",
        "timestamp": nine_digits(now),
        "result": {
            name: {**channel, "createdAt": nine_digits(at)} for (name, channel), at in channels
        },
    }


def result_of(execution: Execution, attempts: Iterable[Attempt]) -> dict[str, Any]:
    """`channel1`, `channel2`… of the steps that were reached; the others are left out."""
    waits = [step["wait_s"] for step in execution.version.definition["steps"]]
    in_order = sorted(attempts, key=lambda attempt: attempt.step)
    return {f"channel{a.step + 1}": _channel(a, wait_s=waits[a.step]) for a in in_order}


def nine_digits(at: datetime) -> str:
    """A time as the API writes it: UTC with nine fractional digits."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"


def _channel(attempt: Attempt, *, wait_s: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        "createdAt": nine_digits(attempt.created_at),
        "from": attempt.sender,
        "to": attempt.recipient,
        "messageId": attempt.message_id,
        "clientMessageId": str(attempt.client_message_id),
        "channel": attempt.channel,
        "statusCode": attempt.status_code or "PENDING",
        "timeout": f"PT{wait_s}S",
    }
    if attempt.status_code in ("FAILED", "UNDELIVERED", "NOT-SENT"):
        said["error"] = {
            "code": attempt.error_code,
            "class": attempt.error_class or "unknown",
            "reason": attempt.reason,
        }
    return said
