"""The endpoints of the Invocation API: invoke a flow, look at an invocation, confirm or cancel it.

Each reads the request, calls one verb of the engine and words the answer; the engine decides.
"""

import re
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from flows.engine import invoke as engine
from flows.invocation import (
    Invocation,
    InvocationError,
    parse_invocation,
    parse_json_strict,
    peek_request_id,
)
from flows.models import ApiKey, KeyKind
from flows.models.flow import pinned_version
from flows.request_body import BodyError, media_type, read_body

from . import answers, targets
from .door import door
from .rejections import reject, shown
from .targets import Target

MAX_SPEED = 60
_SPEED = re.compile(r"[1-9][0-9]?")


@door("POST")
def invoke(request: HttpRequest, key: ApiKey, workflow_id: str) -> JsonResponse:
    """Run a published flow once. 202 means: on disk, and it will be carried out."""
    flow = targets.find(key.account_id, workflow_id)
    call = _read(request, key, flow, workflow_id)
    if call.errors or call.invocation is None or flow is None or flow.version_id is None:
        return reject(
            request,
            key,
            call.errors,
            workflow_id=workflow_id,
            flow_id=flow.pk if flow else None,
            request_id=call.request_id,
        )
    outcome = engine.invoke_one(
        engine.Call(
            account_id=key.account_id,
            flow_id=flow.pk,
            version_id=flow.version_id,
            request_id=call.invocation.request_id,
            sends=call.invocation.sends,
            kind=key.kind,
            api_key_id=key.pk,
            is_test_send=key.is_for_test_send,
            speed=call.speed,
        )
    )
    if isinstance(outcome, engine.Accepted):
        return answers.accepted(call.invocation.request_id, outcome.public_id)
    return reject(
        request,
        key,
        [_refusal(outcome, call.invocation.request_id, workflow_id)],
        workflow_id=workflow_id,
        flow_id=flow.pk,
        request_id=call.invocation.request_id,
        first_id=outcome.public_id if isinstance(outcome, engine.Duplicate) else "",
    )


@dataclass(frozen=True)
class _Call:
    """One request as it was understood; without errors there is an invocation."""

    errors: list[str]
    request_id: str | None = None
    invocation: Invocation | None = None
    speed: int = 1


def _read(request: HttpRequest, key: ApiKey, flow: Target | None, workflow_id: str) -> _Call:
    """Every fault of the request at once."""
    errors = _content_type_faults(request)
    speed, faults = _speed(request, key)
    errors += faults
    payload, request_id, faults = _payload(request)
    errors += faults
    if fault := _flow_fault(flow, workflow_id):
        return _Call([*errors, fault], request_id)
    if faults or flow is None or flow.version_id is None:
        return _Call(errors, request_id)
    try:
        invocation = parse_invocation(payload, steps=pinned_version(flow.version_id).steps)
    except InvocationError as error:
        return _Call(errors + error.errors, request_id)
    return _Call(errors + _team_faults(key, invocation), request_id, invocation, speed)


def _content_type_faults(request: HttpRequest) -> list[str]:
    given = media_type(request)
    if given == "application/json":
        return []
    return [f"Content-Type: Must be application/json, is {shown(given) or 'missing'}."]


def _payload(request: HttpRequest) -> tuple[object, str | None, list[str]]:
    """The body's JSON, the requestId to echo, and what is wrong with the body as a whole."""
    try:
        payload = parse_json_strict(read_body(request, limit=settings.API_BODY_MAX_BYTES))
    except BodyError as error:
        return None, None, [str(error)]
    except InvocationError as error:
        return None, error.request_id, error.errors
    return payload, peek_request_id(payload), []


def _speed(request: HttpRequest, key: ApiKey) -> tuple[int, list[str]]:
    """How many times faster than life a test runs; the header means nothing with other keys."""
    given = request.headers.get("x-test-speed")
    if given is None or key.kind != KeyKind.TEST:
        return 1, []
    if _SPEED.fullmatch(given) and int(given) <= MAX_SPEED:
        return int(given), []
    return 1, [f"x-test-speed: Must be a whole number from 1 to {MAX_SPEED}."]


def _flow_fault(flow: Target | None, workflow_id: str) -> str:
    if flow is None:
        return f"Workflow Instance [{shown(workflow_id)}] does not exist."
    return "" if flow.version_id else f"Workflow Instance [{workflow_id}] is not published."


def _team_faults(key: ApiKey, invocation: Invocation) -> list[str]:
    """A team key cannot reach a customer, whatever the body says."""
    if key.kind != KeyKind.TEAM:
        return []
    allowed = set(key.account.test_recipients.values_list("number", flat=True))
    return [
        f"input.send{number}.recipient: A team key sends only to the account's test recipients, "
        "and this number is not one of them."
        for number, send in enumerate(invocation.sends, 1)
        if send.recipient not in allowed
    ]


def _refusal(outcome: object, request_id: str, workflow_id: str) -> str:
    """Why the engine did not take a call that was in order when it was read."""
    if isinstance(outcome, engine.Duplicate):
        return f"Request ID [{request_id}] has already been used."
    if isinstance(outcome, engine.NotPublished):
        return f"Workflow Instance [{workflow_id}] is not published."
    return f"Workflow Instance [{workflow_id}] does not exist."
