"""The fake of Meta refuses what Meta would."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from flows.connectors.whatsapp_cloud import sending
from tests.connectors.cloud_api import (
    message,
)
from tests.fakes.whatsapp_cloud import (
    NUMBER_ID,
    TOKEN,
    FakeWhatsAppCloud,
)

# --- The fake is as strict as Meta ----------------------------------------------------------------

Alter = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda body: body.update(messaging_product="sms"), 100),
        (lambda body: body.update(to="+919876540001"), 131009),
        (lambda body: body.update(ref="x"), 100),
        (lambda body: body["template"].update(namespace="x"), 100),
        (lambda body: body["template"]["components"].pop(), 132000),
        (lambda body: body["template"]["components"][0]["parameters"].pop(), 132000),
        (lambda body: body["template"]["components"].append({"type": "footer"}), 100),
        (lambda body: _first(body).update(text="one\ntwo"), 100),
        (lambda body: _first(body).update(text=""), 131008),
        (lambda body: _first(body).update(text=7), 100),
        (lambda body: _first(body).update(parameter_name="x"), 100),
        (lambda body: _first(body).update(type="currency"), 132012),
        (lambda body: _first(body).update(text="x" * 1024), 132005),
    ],
)
def test_fake_refuses_what_meta_would(alter: Alter, code: int) -> None:
    body = json.loads(sending.body_of(message()))
    alter(body)
    with FakeWhatsAppCloud() as strict:
        answer = requests.post(
            f"{strict.url}/v26.0/{NUMBER_ID}/messages",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=5,
        )
    assert answer.json()["error"]["code"] == code
    assert (answer.status_code, strict.taken) == (400, [])


def _first(body: dict[str, Any]) -> dict[str, Any]:
    parameter: dict[str, Any] = body["template"]["components"][0]["parameters"][0]
    return parameter
