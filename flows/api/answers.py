"""The JSON answers of the API, byte shapes of the original's gateway; decides nothing.

Shapes: "Sample Success Response" and "Sample Failure Response" of the Invocation API, and the two
answers of the gateway in front of it (RBC001, RBC618).
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import JsonResponse

ACCEPTED_MESSAGE = "Request accepted, execution will start soon"
_WRONG_KEY = "Incorrect SID or API key."
_NO_PAGE = "Sorry, the page you are looking for could not be found."


def timestamp_now() -> str:
    """UTC with nine fractional digits and `Z`, as the original writes it."""
    return timestamp(time.time_ns())


def timestamp(at_ns: int) -> str:
    seconds, fraction = divmod(at_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


def accepted(
    request_id: str,
    invocation_id: str,
    *,
    message: str = ACCEPTED_MESSAGE,
    execution_status: str = "ACCEPTED",
) -> JsonResponse:
    """202: stored, and it will be done."""
    answer = {
        "requestId": request_id,
        "timestamp": timestamp_now(),
        "success": True,
        "status": 202,
        "message": message,
        "workflowInvocationId": invocation_id,
        "executionStatus": execution_status,
    }
    return JsonResponse(answer, status=202)


def rejected(
    errors: Sequence[str],
    *,
    request_id: str | None,
    invocation_id: str | None,
    status: int = 400,
) -> JsonResponse:
    """A call that was understood to come from the account, and is refused."""
    answer = {
        "requestId": request_id,
        "timestamp": timestamp_now(),
        "success": False,
        "status": status,
        "message": None,
        "errors": list(errors),
        "workflowInvocationId": invocation_id,
        "executionStatus": "REJECTED",
    }
    return JsonResponse(answer, status=status)


def found(answer: dict[str, Any]) -> JsonResponse:
    return JsonResponse(answer)


def wrong_key() -> JsonResponse:
    """401, the same for a missing, wrong or revoked key, a foreign SID and a forbidden address."""
    answer = {
        "code": "RBC001",
        "message": _WRONG_KEY,
        "data": [],
        "error": {"error": _WRONG_KEY},
    }
    return JsonResponse(answer, status=401)


def no_page() -> JsonResponse:
    """400 for an unknown path or a wrong method, decided before any key is looked at."""
    answer = {"code": "RBC618", "message": _NO_PAGE, "data": [], "error": {}}
    return JsonResponse(answer, status=400)
