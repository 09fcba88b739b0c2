"""Examples that run through the whole description: one account, one flow, one invocation."""

from typing import Any

Json = dict[str, Any]

SID = "HXDEMO0000000001"
WORKFLOW_ID = "0cccf798-17b9-4a3f-9dad-f1a2b3c4d5e6"
REQUEST_ID = "e574c1aa-ef19-11ef-b02c-833ea0b1ff1d"
INVOCATION_ID = "4xU9cYRHq2LmVtBDmNVR1D"
AT = "2026-11-22T08:17:43.396184205Z"
RECIPIENT = "919876540001"

WITHOUT_PARAMETERS: Json = {
    "requestId": REQUEST_ID,
    "input": {"send1": {"recipient": RECIPIENT}, "send2": {"recipient": RECIPIENT}},
}
_SEND: Json = {
    "recipient": RECIPIENT,
    "templateParams": {"1": "User", "2": "1 year", "3": "15% discount"},
}
WITH_PARAMETERS: Json = {"requestId": REQUEST_ID, "input": {"send1": _SEND, "send2": _SEND}}
WITH_CODE: Json = {
    "requestId": REQUEST_ID,
    "input": {
        "send1": {"recipient": RECIPIENT, "templateParams": {"#verification_code#": "482913"}},
        "send2": {"recipient": RECIPIENT, "templateParams": {"#verification_code#": "482913"}},
    },
}
ACCEPTED: Json = {
    "requestId": REQUEST_ID,
    "timestamp": AT,
    "success": True,
    "status": 202,
    "message": "Request accepted, execution will start soon",
    "workflowInvocationId": INVOCATION_ID,
    "executionStatus": "ACCEPTED",
}


def stopping(message: str) -> Json:
    return {**ACCEPTED, "message": message, "executionStatus": "RUNNING"}


def rejected(*errors: str, status: int = 400, **changes: str | None) -> Json:
    return {
        "requestId": REQUEST_ID,
        "timestamp": AT,
        "success": False,
        "status": status,
        "message": None,
        "errors": list(errors),
        "workflowInvocationId": "4THJKq7pZ3sWc0xnOf5jrN",
        "executionStatus": "REJECTED",
        **changes,
    }


WRONG_KEY: Json = {
    "code": "RBC001",
    "message": "Incorrect SID or API key.",
    "data": [],
    "error": {"error": "Incorrect SID or API key."},
}
NO_PAGE: Json = {
    "code": "RBC618",
    "message": "Sorry, the page you are looking for could not be found.",
    "data": [],
    "error": {},
}
_CHANNEL_1: Json = {
    "createdAt": "2026-11-22T08:17:43.601000000Z",
    "from": "918047182200",
    "to": RECIPIENT,
    "messageId": "7e1f3f5c-0c0e-4a53-9a52-5c8f0d9c4b11",
    "clientMessageId": "c1c4bb0e-3d5f-4f0b-8a44-9d6f4c6e0a37",
    "channel": "whatsapp",
    "statusCode": "TIMEOUT",
    "timeout": "PT60S",
}
_CHANNEL_2: Json = {
    "createdAt": "2026-11-22T08:18:43.702000000Z",
    "from": "ACMERT",
    "to": RECIPIENT,
    "messageId": "2b0f7f6a-7f0e-4d26-b7f4-0d6a4a6f2c90",
    "clientMessageId": "5a7e2b52-9f4e-4b8e-8d0e-1f6f1d2f9b6d",
    "channel": "sms",
    "statusCode": "DELIVERED",
    "timeout": "PT120S",
}
COMPLETED: Json = {
    "workflowInvocationId": INVOCATION_ID,
    "requestId": REQUEST_ID,
    "executionStatus": "COMPLETED",
    "timestamp": "2026-11-22T08:18:44.911000000Z",
    "outcome": "delivered",
    "result": {"channel1": _CHANNEL_1, "channel2": _CHANNEL_2},
}
RUNNING: Json = {
    "workflowInvocationId": INVOCATION_ID,
    "requestId": REQUEST_ID,
    "executionStatus": "RUNNING",
    "timestamp": "2026-11-22T08:17:45.120334120Z",
    "outcome": None,
    "result": {"channel1": {**_CHANNEL_1, "statusCode": "PENDING"}},
}
