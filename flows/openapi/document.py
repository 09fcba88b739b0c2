"""Put the OpenAPI 3.1 document together from schemas, cases and examples."""

from typing import Any

from . import cases, examples, schemas
from .cases import Case

Json = dict[str, Any]

_WORKFLOW = "/v1/{sid}/workflow/v1"
_INVOCATION = f"{_WORKFLOW}/invocations/{{workflowInvocationId}}"
_TAG = "Invocations"
_DESCRIPTION = """\
Start a published Fallback flow for one person, and follow what becomes of it. The first call is \
compatible with Kaleyra's Fallback Invocation API: change the host name, keep the rest."""


def document(base_url: str, *, version: str = "1.0") -> Json:
    """The whole description; `base_url` is where this installation is reached."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fallback Invocation API",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base_url, "description": "This installation"}],
        "tags": [{"name": _TAG, "description": "Runs of a flow, one per accepted call."}],
        "security": [{"apiKey": []}],
        "paths": {
            f"{_WORKFLOW}/instances/{{workflowId}}/invoke": _invoke(),
            _INVOCATION: _show(),
            f"{_INVOCATION}/confirm": _stop("confirm"),
            f"{_INVOCATION}/cancel": _stop("cancel"),
        },
        "components": {
            "schemas": schemas.ALL,
            "parameters": {"sid": _SID, "workflowId": _WORKFLOW_ID, "invocationId": _INVOCATION_ID},
            "securitySchemes": {"apiKey": _API_KEY},
        },
    }


_API_KEY: Json = {
    "type": "apiKey",
    "in": "header",
    "name": "api-key",
    "description": (
        "A key of the account. live sends for real; team sends only to the account's test "
        "recipients; test never leaves the building, every step is played by the Sandbox carrier."
    ),
}


def _path_parameter(name: str, description: str, example: str, **schema: Any) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", **schema},
        "example": example,
    }


_SID = _path_parameter("sid", "The SID of your account.", examples.SID, minLength=1)
_WORKFLOW_ID = _path_parameter(
    "workflowId",
    "The Workflow ID of the flow, shown on its page since it was first published.",
    examples.WORKFLOW_ID,
    format="uuid",
)
_INVOCATION_ID = _path_parameter(
    "workflowInvocationId",
    "The id that the accepted answer gave.",
    examples.INVOCATION_ID,
    pattern=schemas.INVOCATION_ID,
)
_SPEED: Json = {
    "name": "x-test-speed",
    "in": "header",
    "required": False,
    "description": (
        "With a test key: run every wait and every receipt of the Sandbox so many times faster. "
        "Other keys ignore it."
    ),
    "schema": {"type": "integer", "minimum": 1, "maximum": 60, "default": 1},
}


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def _content(schema: str, **named: Json) -> Json:
    values = {name: {"value": value} for name, value in named.items()}
    return {"application/json": {"schema": schemas.ref(schema), "examples": values}}


def _refusal(description: str, *found: Case) -> Json:
    """One answer for these cases; the schema allows the shapes that they have."""
    names = sorted({"GatewayError" if "code" in case.answer else "Rejected" for case in found})
    shapes = [schemas.ref(name) for name in names]
    schema = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    shown = {case.key: {"summary": case.when, "value": case.answer} for case in found}
    return {
        "description": description,
        "content": {"application/json": {"schema": schema, "examples": shown}},
    }


def _responses(status: int, success: Json, **more: Json) -> Json:
    """All answers of an operation by status; `more` adds to what every operation can answer."""
    too_many = _refusal(cases.TOO_MANY.when, cases.TOO_MANY)
    too_many["headers"] = {
        "Retry-After": {
            "description": "Seconds to wait before the next call.",
            "schema": {"type": "integer", "minimum": 1},
        }
    }
    found = {
        str(status): success,
        "400": _refusal(cases.NO_PAGE.when, cases.NO_PAGE),
        "401": _refusal(cases.WRONG_KEY.when, cases.WRONG_KEY),
        "429": too_many,
        **{name.removeprefix("on_"): answer for name, answer in more.items()},
    }
    return dict(sorted(found.items()))


_ON_UNKNOWN = _refusal(cases.UNKNOWN_INVOCATION.when, cases.UNKNOWN_INVOCATION)


def _invoke() -> Json:
    body = _content(
        "Invocation",
        without_parameters=examples.WITHOUT_PARAMETERS,
        with_parameters=examples.WITH_PARAMETERS,
        with_verification_code=examples.WITH_CODE,
    )
    return {
        "parameters": [_ref("parameters", "sid"), _ref("parameters", "workflowId")],
        "post": {
            "operationId": "invoke",
            "tags": [_TAG],
            "summary": "Invoke a flow",
            "description": (
                "Runs the published flow once. 202 is a promise: the call is on disk before the "
                "answer leaves. A rejected call does not use its requestId up."
            ),
            "parameters": [_SPEED],
            "requestBody": {
                "required": True,
                "description": "At most 64 KiB of JSON. Keys must not appear twice.",
                "content": body,
            },
            "responses": _responses(
                202,
                {
                    "description": "Accepted: the execution is stored and will start soon.",
                    "content": _content("Accepted", accepted=examples.ACCEPTED),
                },
                on_400=_refusal("Rejected: nothing is sent.", *cases.INVOKE, cases.NO_PAGE),
            ),
        },
    }


def _show() -> Json:
    return {
        "parameters": [_ref("parameters", "sid"), _ref("parameters", "invocationId")],
        "get": {
            "operationId": "getInvocation",
            "tags": [_TAG],
            "summary": "Look at an invocation",
            "description": (
                "State and result so far. A live key sees all invocations of the account, any "
                "other key those of its own kind."
            ),
            "responses": _responses(
                200,
                {
                    "description": "The invocation as it stands.",
                    "content": _content(
                        "Result", running=examples.RUNNING, completed=examples.COMPLETED
                    ),
                },
                on_404=_ON_UNKNOWN,
            ),
        },
    }


_STOPS = {
    "confirm": (
        "Confirm an invocation",
        "The person acted, for example used the code: no further step is sent.",
        "Confirmation accepted, no further step will be sent",
    ),
    "cancel": (
        "Cancel an invocation",
        "The message is no longer wanted: no further step is sent. What was sent stays sent.",
        "Cancellation accepted, no further step will be sent",
    ),
}


def _stop(verb: str) -> Json:
    summary, description, message = _STOPS[verb]
    return {
        "parameters": [_ref("parameters", "sid"), _ref("parameters", "invocationId")],
        "post": {
            "operationId": verb,
            "tags": [_TAG],
            "summary": summary,
            "description": f"{description} Repeating the call is safe. A body is not needed.",
            "responses": _responses(
                202,
                {
                    "description": "Accepted: the invocation stops at the engine's next turn.",
                    "content": _content("Accepted", accepted=examples.stopping(message)),
                },
                on_404=_ON_UNKNOWN,
                on_409=_refusal(cases.TOO_LATE.when, cases.TOO_LATE),
            ),
        },
    }
