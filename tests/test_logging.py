"""Log lines: one JSON object each, and never the key of a receipt address."""

import json
import logging
from typing import Any

import pytest

from fallbackui.logging import JsonFormatter


def line(message: str, **fields: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "flows", **fields})
    found: dict[str, Any] = json.loads(JsonFormatter().format(record))
    return found


def test_line_has_an_action_and_its_fields() -> None:
    told = line("hook.forged", connection_id=7)
    assert (told["action"], told["level"], told["connection_id"]) == ("hook.forged", "info", 7)


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("Not Found: /hooks/3kTMd9Zq/the-key/", "Not Found: /hooks/3kTMd9Zq/***"),
        (
            '"GET /hooks/3kTMd9Zq/the-key/?mobile=919876540001 HTTP/1.1" 200',
            '"GET /hooks/3kTMd9Zq/*** HTTP/1.1" 200',
        ),
        ("/hooks/3kTMd9Zq?mobile=91 and on", "/hooks/3kTMd9Zq/*** and on"),
        ("at /hooks/3kTMd9Zq", "at /hooks/3kTMd9Zq"),
        ("at /a/hooks-and-eyes/x", "at /a/hooks-and-eyes/x"),
    ],
)
def test_key_and_query_of_a_receipt_address_are_left_out(said: str, logged: str) -> None:
    assert line(said)["action"] == logged
    assert line("request", path=said)["path"] == logged
