"""The Sandbox carrier by itself: what it answers and which receipts it plans."""

import asyncio
import uuid
from dataclasses import replace
from unittest import mock

import pytest

from flows.connectors import registry, sandbox
from flows.connectors.base import (
    Accepted,
    ConnectionView,
    ErrorClass,
    NotTaken,
    OutboundMessage,
    Refused,
    SendResult,
    Unknown,
)
from flows.placeholders import Channel, TemplateContent, resolve

CONTENT = TemplateContent(Channel.SMS, "hello", "TXN", "Hi {name}")
MESSAGE = OutboundMessage(
    client_message_id=str(uuid.uuid4()),
    channel=Channel.SMS,
    sender="ACME",
    recipient="919876540001",
    content=CONTENT,
    resolved=resolve(CONTENT, {"name": "Asha"}),
    wait_s=60,
)


def send(tail: str, *, try_number: int = 1) -> SendResult:
    message = replace(MESSAGE, recipient=f"91987654{tail}", try_number=try_number)
    return asyncio.run(
        sandbox.Sandbox().send(message, connection=ConnectionView(), http=mock.Mock(spec=[]))
    )


def receipts(result: SendResult) -> list[tuple[str, float]]:
    assert isinstance(result, Accepted | Unknown)
    return [(planned.event.status.value, planned.delay_s) for planned in result.planned]


@pytest.mark.parametrize(
    ("tail", "planned"),
    [
        ("0001", [("sent", 1), ("delivered", 2)]),
        ("1234", [("sent", 1), ("delivered", 2)]),
        ("0002", [("sent", 1), ("delivered", 2), ("read", 3)]),
        ("0004", [("failed", 1)]),
        ("0005", []),
        ("0006", [("delivered", 61)]),
        ("0009", [("read", 1), ("delivered", 2), ("sent", 3), ("delivered", 4)]),
    ],
)
def test_accepts_and_plans_receipts(tail: str, planned: list[tuple[str, float]]) -> None:
    result = send(tail)
    assert isinstance(result, Accepted)
    assert receipts(result) == planned


@pytest.mark.parametrize(
    ("tail", "error_class"), [("0003", ErrorClass.NOT_ON_CHANNEL), ("0011", ErrorClass.OPTED_OUT)]
)
def test_refuses(tail: str, error_class: ErrorClass) -> None:
    result = send(tail)
    assert isinstance(result, Refused)
    assert result.error_class is error_class


@pytest.mark.parametrize(("tail", "code", "refusals"), [("0007", "503", 1), ("0010", "429", 2)])
def test_takes_it_only_after_so_many_tries(tail: str, code: str, refusals: int) -> None:
    for number in range(1, refusals + 1):
        refusal = send(tail, try_number=number)
        assert isinstance(refusal, NotTaken)
        assert refusal.code == code
    assert receipts(send(tail, try_number=refusals + 1)) == [("sent", 1), ("delivered", 2)]


def test_lost_answer_is_followed_by_a_receipt_that_names_our_own_id() -> None:
    result = send("0008")
    assert isinstance(result, Unknown)
    assert receipts(result) == [("delivered", 2)]
    assert result.planned[0].event.client_message_id == MESSAGE.client_message_id
    assert result.planned[0].event.message_id == ""


def test_same_message_has_the_same_id_and_every_event_a_key_of_its_own() -> None:
    first, second = send("0009"), send("0009")
    assert first == second
    assert isinstance(first, Accepted)
    assert len({planned.event.event_key for planned in first.planned}) == 4


def test_every_outcome_of_the_page_is_played() -> None:
    assert set(sandbox.OUTCOMES) == {f"{number:04}" for number in range(1, 12)}


def test_every_error_class_has_a_sentence_and_an_advice() -> None:
    for error_class in ErrorClass:
        assert error_class.sentence.endswith(".")
        assert error_class.advice.endswith(".")


def test_log_of_a_message_names_who_and_what() -> None:
    assert MESSAGE.log() == {
        "client_message_id": MESSAGE.client_message_id,
        "channel": "sms",
        "from": "ACME",
        "to": "919876540001",
        "template": "hello",
        "body": "Hi Asha",
        "values": ("Asha",),
    }


def test_registry_knows_the_sandbox_and_no_other() -> None:
    assert registry.find("sandbox").key == "sandbox"
    with pytest.raises(registry.UnknownConnector):
        registry.find("pigeons")


def test_registry_loads_modules_that_the_operator_names() -> None:
    ledger = registry.find("ledger", extra=["tests.engine.ledger_connector"])
    assert ledger.label == "Ledger"
