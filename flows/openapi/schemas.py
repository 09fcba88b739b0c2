"""The shapes of what goes in and out, as JSON Schema (OpenAPI 3.1 uses it as it is)."""

from typing import Any

from flows.definition import MAX_STEPS, MIN_STEPS
from flows.invocation import MAX_REQUEST_ID_CHARACTERS
from flows.placeholders import MAX_PARAMS, MAX_VALUE_CHARACTERS

from . import examples

Json = dict[str, Any]

INVOCATION_ID = "^[0-9A-Za-z]{22}$"
TIMESTAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$"


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description: str, **more: Any) -> Json:
    return {"type": "string", "description": description, **more}


def _object(description: str, required: list[str], properties: Json, **more: Any) -> Json:
    return {
        "type": "object",
        "description": description,
        "required": required,
        "properties": properties,
        **more,
    }


def _all_required(description: str, properties: Json, **more: Any) -> Json:
    return _object(description, list(properties), properties, **more)


_REQUEST_ID = _text(
    "Your own unique id of this request; a UUID is a good one. It can be used once per account.",
    minLength=1,
    maxLength=MAX_REQUEST_ID_CHARACTERS,
    examples=[examples.REQUEST_ID],
)
_TIMESTAMP = _text("When, in UTC with nine fractional digits.", pattern=TIMESTAMP)
_INVOCATION_ID = _text(
    "The id of this invocation: 22 letters and digits.",
    pattern=INVOCATION_ID,
    examples=[examples.INVOCATION_ID],
)
_ECHO = {"type": ["string", "null"], "description": "Your requestId, or null if unreadable."}

PARAMS: Json = {
    "type": "object",
    "description": (
        "Values for the template's variables, as keys and texts. Numbers and booleans are turned "
        "into texts. Positional variables take the values sorted by key; named ones take the "
        "value of exactly their name."
    ),
    "maxProperties": MAX_PARAMS,
    "additionalProperties": {
        "type": ["string", "number", "boolean"],
        "maxLength": MAX_VALUE_CHARACTERS,
    },
    "examples": [{"1": "User", "2": "1 year", "3": "15% discount"}],
}
SEND: Json = _object(
    "What one step of the flow needs from you.",
    ["recipient"],
    {
        "recipient": _text(
            "The phone number: country code and number, digits only, no + and no leading 0.",
            pattern="^[1-9][0-9]{7,14}$",
            examples=[examples.RECIPIENT],
        ),
        "templateParams": ref("TemplateParams"),
    },
)
INPUT: Json = _object(
    "One entry for every step of the flow: send1 is the first step, send2 the second, and so on.",
    [f"send{number}" for number in range(1, MIN_STEPS + 1)],
    {f"send{number}": ref("Send") for number in range(1, MAX_STEPS + 1)},
    additionalProperties=False,
)
INVOCATION: Json = _all_required(
    "One call of a flow.", {"requestId": _REQUEST_ID, "input": ref("Input")}
)
ACCEPTED: Json = _all_required(
    "The call is stored and will be carried out.",
    {
        "requestId": _text("Your requestId."),
        "timestamp": _TIMESTAMP,
        "success": {"const": True},
        "status": {"const": 202},
        "message": _text("A sentence for people."),
        "workflowInvocationId": _INVOCATION_ID,
        "executionStatus": {"enum": ["ACCEPTED", "RUNNING", "COMPLETED"]},
    },
)
REJECTED: Json = _all_required(
    "The call was not accepted, and nothing was sent.",
    {
        "requestId": _ECHO,
        "timestamp": _TIMESTAMP,
        "success": {"const": False},
        "status": {"type": "integer", "description": "The HTTP status again."},
        "message": {"type": "null"},
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string"},
            "description": "One sentence per fault; it names the field it is about.",
        },
        "workflowInvocationId": {
            "type": ["string", "null"],
            "pattern": INVOCATION_ID,
            "description": (
                "The id of this rejected call; of the first call if the requestId was used "
                "before; null if there is no such invocation."
            ),
        },
        "executionStatus": {"const": "REJECTED"},
    },
)
GATEWAY_ERROR: Json = _all_required(
    "The gateway's own answer, before the call reaches the API.",
    {
        "code": {"enum": ["RBC001", "RBC618"]},
        "message": _text("A sentence for people."),
        "data": {"type": "array", "maxItems": 0},
        "error": {"type": "object"},
    },
)
CHANNEL_RESULT: Json = _object(
    "What became of one step. A step that never ran is left out.",
    ["createdAt", "from", "to", "clientMessageId", "channel", "statusCode", "timeout"],
    {
        "createdAt": _TIMESTAMP,
        "from": _text("The sender."),
        "to": _text("The recipient."),
        "messageId": {"type": ["string", "null"], "description": "The carrier's id."},
        "clientMessageId": _text("Our id of this send."),
        "channel": {"enum": ["whatsapp", "sms"]},
        "statusCode": {
            "enum": [
                "DELIVERED",
                "READ",
                "SENT",
                "FAILED",
                "UNDELIVERED",
                "NOT-SENT",
                "TIMEOUT",
                "PENDING",
            ],
            "description": "How the step ended; PENDING only while it is under way.",
        },
        "timeout": _text("The step's wait, as an ISO 8601 duration.", examples=["PT60S"]),
        "error": _object(
            "Why the step failed.",
            ["code", "class", "reason"],
            {
                "code": _text("The carrier's code, as it came."),
                "class": _text("What kind of failure it is."),
                "reason": _text("A sentence for people."),
            },
        ),
    },
)
RESULT: Json = _object(
    "An invocation and its result so far. The result callback posts the same object at the end.",
    ["workflowInvocationId", "requestId", "executionStatus", "timestamp", "outcome", "result"],
    {
        "workflowInvocationId": _INVOCATION_ID,
        "requestId": _text("Your requestId."),
        "executionStatus": {
            "enum": ["ACCEPTED", "RUNNING", "COMPLETED"],
            "description": "COMPLETED is the last one, whatever the outcome.",
        },
        "timestamp": _TIMESTAMP,
        "outcome": {
            "enum": [None, "delivered", "not_delivered", "confirmed", "cancelled"],
            "description": "null until the end.",
        },
        "test": {
            "const": True,
            "description": "Only in the test event of a callback profile: no execution ended.",
        },
        "result": {
            "type": "object",
            "description": "channel1 is the first step, channel2 the second, and so on.",
            "properties": {
                f"channel{number}": ref("ChannelResult") for number in range(1, MAX_STEPS + 1)
            },
            "additionalProperties": False,
        },
    },
)

ALL: Json = {
    "Invocation": INVOCATION,
    "Input": INPUT,
    "Send": SEND,
    "TemplateParams": PARAMS,
    "Accepted": ACCEPTED,
    "Rejected": REJECTED,
    "GatewayError": GATEWAY_ERROR,
    "Result": RESULT,
    "ChannelResult": CHANNEL_RESULT,
}
