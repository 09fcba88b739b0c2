"""Every way a call can be refused: the status, when, and what the answer says."""

from dataclasses import dataclass
from typing import Any

from . import examples


@dataclass(frozen=True)
class Case:
    """One row of the error table. `key` names its example in the OpenAPI document."""

    key: str
    status: int
    when: str
    answer: dict[str, Any]

    @property
    def says(self) -> str:
        errors = self.answer.get("errors") or [f"{self.answer['code']} {self.answer['message']}"]
        return str(errors[0])


INVOKE = (
    Case(
        "draft",
        400,
        "The flow is a draft",
        examples.rejected(f"Workflow Instance [{examples.WORKFLOW_ID}] is not published."),
    ),
    Case(
        "unknown",
        400,
        "The Workflow ID is unknown, deleted or of another account",
        examples.rejected(f"Workflow Instance [{examples.WORKFLOW_ID}] does not exist."),
    ),
    Case(
        "duplicate",
        400,
        "The requestId was used before in this account; workflowInvocationId is the first call's",
        examples.rejected(
            f"Request ID [{examples.REQUEST_ID}] has already been used.",
            workflowInvocationId=examples.INVOCATION_ID,
        ),
    ),
    Case(
        "faults",
        400,
        "Anything else is wrong: content type, JSON, size over 64 KiB, a field, a parameter",
        examples.rejected(
            "input.send2.recipient: Leave out the + and start with the country code.",
            "input.send3: Not a step of this flow, which has send1 to send2.",
        ),
    ),
    Case(
        "team",
        400,
        "A team key writes to a number that is not one of the account's test recipients",
        examples.rejected(
            "input.send1.recipient: A team key sends only to the account's test recipients, "
            "and this number is not one of them."
        ),
    ),
)
NO_PAGE = Case("no_page", 400, "Unknown path or wrong method", examples.NO_PAGE)
WRONG_KEY = Case(
    "wrong_key",
    401,
    "The key is missing, wrong, revoked or of another SID, or this address may not use it",
    examples.WRONG_KEY,
)
TOO_MANY = Case(
    "too_many",
    429,
    "Too many requests in this minute; the header Retry-After says for how many seconds to wait",
    examples.rejected(
        "Too many requests. Call again after the seconds that the header Retry-After gives.",
        status=429,
        requestId=None,
    ),
)
UNKNOWN_INVOCATION = Case(
    "unknown_invocation",
    404,
    "There is no such invocation, or this key may not see it",
    examples.rejected(
        f"Workflow Invocation [{examples.INVOCATION_ID}] does not exist.",
        status=404,
        requestId=None,
        workflowInvocationId=None,
    ),
)
TOO_LATE = Case(
    "too_late",
    409,
    "The invocation ended before, or is being stopped in the other way",
    examples.rejected(
        f"Workflow Invocation [{examples.INVOCATION_ID}] has already ended: delivered.",
        status=409,
        workflowInvocationId=examples.INVOCATION_ID,
    ),
)
ALL = (*INVOKE, NO_PAGE, WRONG_KEY, UNKNOWN_INVOCATION, TOO_LATE, TOO_MANY)
