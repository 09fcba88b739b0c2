"""The description of the API: valid, true to its examples, and readable by people."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from standardwebhooks import Webhook, WebhookVerificationError

from flows.models.callback import new_signing_secret
from flows.openapi import call_snippets, callback, cases, document, examples

BASE_URL = "https://fallback.example"


@pytest.fixture
def described() -> dict[str, Any]:
    return document(BASE_URL)


def _examples(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], object]]:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            contents = [operation["requestBody"]] if "requestBody" in operation else []
            for content in [*contents, *operation["responses"].values()]:
                json = content["content"]["application/json"]
                for name, example in json["examples"].items():
                    yield f"{method} {path} {name}", json["schema"], example["value"]


def test_document_is_valid_openapi(described: dict[str, Any]) -> None:
    validate(described)  # type: ignore[arg-type]
    assert described["openapi"].startswith("3.1")


def test_every_example_fits_its_schema(described: dict[str, Any]) -> None:
    found = list(_examples(described))
    assert len(found) > 20
    for where, schema, value in found:
        validator = Draft202012Validator({**described, **schema})
        faults = [error.message for error in validator.iter_errors(value)]
        assert faults == [], where


def test_document_is_open_to_everybody(client: Client) -> None:
    answer = client.get("/v1/openapi.json")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["info"]["title"] == "Fallback Invocation API"


def test_page_is_open_to_everybody_and_names_every_endpoint(
    client: Client, described: dict[str, Any]
) -> None:
    text = client.get("/reference/").content.decode()
    for path in described["paths"]:
        assert path in text
    for case in cases.ALL:
        assert str(case.status) in text
    for word in ("requestId", "input.sendN.recipient", "x-test-speed", "webhook-signature"):
        assert word in text


def test_snippets_are_the_real_call_with_the_key_from_the_environment() -> None:
    snippets = call_snippets(
        base_url=BASE_URL,
        sid=examples.SID,
        workflow_id=examples.WORKFLOW_ID,
        body=examples.WITH_PARAMETERS,
    )
    assert [snippet.language for snippet in snippets] == ["curl", "python", "javascript"]
    for snippet in snippets:
        assert f"/v1/{examples.SID}/workflow/v1/instances/{examples.WORKFLOW_ID}/invoke" in (
            snippet.text
        )
        assert "FALLBACK_API_KEY" in snippet.text
    compile(snippets[1].text, "snippet", "exec")


def test_shell_quoting_survives_an_apostrophe() -> None:
    body = {"requestId": "it's", "input": {}}
    curl = call_snippets(base_url=BASE_URL, sid="S", workflow_id="w", body=body)[0].text
    assert """it'"'"'s""" in curl


# --- Verification ---------------------------------------------------------------------------------

"""The code we print for receivers works with a signature made by the library."""

BODY = b'{"workflowInvocationId":"x"}'


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    secret = new_signing_secret()
    monkeypatch.setenv("FALLBACK_CALLBACK_SECRET", secret)
    return secret


def _headers(secret: str) -> dict[str, str]:
    from datetime import UTC, datetime

    at = datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", at, BODY.decode())
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def test_python_takes_what_is_signed_and_refuses_the_rest(secret: str) -> None:
    names: dict[str, Any] = {}
    exec(callback.VERIFY_PYTHON, names)
    result = names["result_of"](BODY, _headers(secret))
    assert result == {"workflowInvocationId": "x"}
    with pytest.raises(WebhookVerificationError):
        names["result_of"](BODY + b" ", _headers(secret))


def test_by_hand_agrees_with_the_library(secret: str) -> None:
    names: dict[str, Any] = {"headers": _headers(secret), "body": BODY}
    exec(callback.VERIFY_BY_HAND, names)
    assert names["is_ours"] is True
    names["body"] = b"forged"
    exec(callback.VERIFY_BY_HAND, names)
    assert names["is_ours"] is False


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_shell_agrees_with_the_library(secret: str, tmp_path: Path) -> None:
    headers = _headers(secret)
    names = {"id": "webhook-id", "timestamp": "webhook-timestamp", "signature": "webhook-signature"}
    given = {name: headers[header] for name, header in names.items()}
    given["signature"] = f"v1,b3RoZXI= {given['signature']}"  # while a secret is replaced
    for body, verdict in ((BODY, "It is ours\n"), (BODY + b" ", "It is not ours\n")):
        (tmp_path / "body.json").write_bytes(body)
        said = subprocess.run(
            ["sh", "-c", callback.VERIFY_SHELL],
            env={**os.environ, **given},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout == verdict
