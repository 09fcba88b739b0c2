"""A system that calls the API: knows paths and headers, so that tests only say what differs."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from flows.models import Flow

TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"


@dataclass
class Caller:
    """`key` is the secret; None sends no header at all."""

    sid: str
    key: str | None
    client: Client

    def headers(self, **more: str) -> dict[str, str]:
        return {**({"api-key": self.key} if self.key is not None else {}), **more}

    def invoke(
        self,
        workflow: Flow | object,
        body: object,
        *,
        content_type: str = "application/json",
        **headers: str,
    ) -> Any:
        """`body` is sent as it is when it is bytes, else as JSON."""
        workflow_id = workflow.workflow_id if isinstance(workflow, Flow) else workflow
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            "POST",
            f"/v1/{self.sid}/workflow/v1/instances/{workflow_id}/invoke",
            body if isinstance(body, bytes) else json.dumps(body).encode(),
            content_type=content_type,
            headers=self.headers(**named),
        )

    def show(self, invocation_id: str) -> Any:
        return self.client.get(self._path(invocation_id), headers=self.headers())

    def ask(self, invocation_id: str, verb: str) -> Any:
        return self.client.post(f"{self._path(invocation_id)}/{verb}", headers=self.headers())

    def _path(self, invocation_id: str) -> str:
        return f"/v1/{self.sid}/workflow/v1/invocations/{invocation_id}"


def assert_rejected(answer: HttpResponse, *errors: str, status: int = 400) -> dict[str, Any]:
    """The rejected shape with exactly these errors; returns the answer's JSON."""
    told: dict[str, Any] = json.loads(answer.content)
    assert answer.status_code == status, told
    assert answer["Content-Type"] == "application/json"
    assert list(told) == [
        "requestId",
        "timestamp",
        "success",
        "status",
        "message",
        "errors",
        "workflowInvocationId",
        "executionStatus",
    ]
    assert told["errors"] == list(errors)
    assert (told["success"], told["status"], told["message"]) == (False, status, None)
    assert told["executionStatus"] == "REJECTED"
    assert re.fullmatch(TIMESTAMP, told["timestamp"])
    return told
