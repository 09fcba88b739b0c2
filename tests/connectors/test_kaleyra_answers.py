"""What Kaleyra's answers to a message mean."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from flows.connectors.base import (
    Accepted,
    Answer,
    ErrorClass,
    NotTaken,
    Refused,
    SendResult,
    Unknown,
)
from tests.connectors.kaleyra_stage import (
    DOOR,
    HELLO,
    KALEYRA,
    THEIRS,
    connection,
    gateway,
    send,
)
from tests.connectors.staging import HOOK_KEY, RECIPIENT, Canned
from tests.fakes import acts
from tests.fakes.kaleyra import API_KEY, FakeKaleyra


@pytest.fixture
def fake() -> Iterator[FakeKaleyra]:
    with FakeKaleyra(webhook_url=DOOR) as fake:
        fake.usual = acts.Silent()
        yield fake


# --- Answers --------------------------------------------------------------------------------------


def result_of(status: int, said: Any, **headers: str) -> SendResult:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    answer = Answer(status, headers, body)
    return asyncio.run(KALEYRA.send(HELLO, connection=connection(), http=Canned(answer)))


YES = {"id": THEIRS, "data": [{"message_id": f"{THEIRS}:1", "recipient": "91"}], "error": {}}


@pytest.mark.parametrize(
    "said",
    [
        YES,
        {**YES, "error": None},
        {**YES, "error": []},
        {**YES, "error": ""},
        {"data": [{"message_id": f"{THEIRS}:0"}], "error": {}},
        {"data": {"id": f"{THEIRS}:1"}},
        {"id": THEIRS, "code": "RBC024", "message": "Sent successfully", "error": {}},
    ],
)
@pytest.mark.parametrize("status", [200, 202])
def test_yes_is_an_id_and_an_empty_error(status: int, said: Any) -> None:
    result = result_of(status, said)
    assert isinstance(result, Accepted)
    assert result.message_id == THEIRS
    assert result.raw == {"status": status, "body": said}


@pytest.mark.parametrize(
    ("status", "said", "code", "error_class", "reason"),
    [
        (202, {**YES, "error": {"code": "E110", "message": "x"}}, "E110", "blocked", "balance"),
        (200, {"error": {"to": ["Not a number"]}, "data": []}, "", "unknown", "“Not a number”"),
        (200, {"error": "Opted out", "data": []}, "OPT-OUT", "opted_out", "opted out"),
        (200, {"error": {"body": "Bad"}}, "", "unknown", "it says “Bad”"),
        (200, {"error": {"x": {}}}, "", "unknown", "it gave no reason"),
        (400, gateway("RBC618", "Sorry"), "RBC618", "blocked", "does not know the address"),
        (400, gateway("E13001", "Number 919876540001 is wrong."), "E13001", "template_problem",
         "does not accept its value: Number … is wrong"),
        (400, gateway("e-13001"), "E13001", "template_problem", "does not accept its value"),
        (422, gateway("E905", "The sender is wrong."), "E905", "template_problem",
         "a fault in the message: The sender is wrong"),
        (400, gateway("E906"), "E906", "template_problem", "a fault in the message: E906"),
        (404, gateway("RBC302", "No profile exists with this id"), "RBC302", "unknown",
         "the code RBC302 (No profile exists with this id)"),
        (400, {"error": {"code": 132001, "message": "x"}}, "132001", "template_problem", "exist"),
        (400, {"message": "Template not found"}, "", "unknown", "“Template not found”"),
        (401, gateway("RBC001", "Incorrect SID or API key."), "RBC001", "blocked", "SID or the"),
        (401, gateway("RBC777", "No."), "credentials", "blocked", "credentials"),
        (403, gateway("X1", "No."), "credentials", "blocked", "credentials"),
        (403, b"<html>", "credentials", "blocked", "credentials"),
        (500, gateway("E13001", "Missing"), "E13001", "template_problem", "Missing"),
    ],
)  # fmt: skip
def test_refusal(status: int, said: Any, code: str, error_class: str, reason: str) -> None:
    result = result_of(status, said)
    assert isinstance(result, Refused), result
    assert (result.code, result.error_class.value) == (code, error_class)
    assert reason in result.reason
    assert "919876540001" not in result.reason
    assert result.raw["status"] == status
    assert (code in KALEYRA.credential_codes) == (code in ("RBC001", "RBC618", "credentials"))


@pytest.mark.parametrize(
    ("status", "said", "error_class"),
    [
        (429, gateway("RBC429", "Slow down."), ErrorClass.THROTTLED),
        (503, gateway("E110", "Anything."), ErrorClass.CARRIER_DOWN),
        (400, gateway("130429", "Throughput."), ErrorClass.THROTTLED),
        (200, {"error": {"code": "SERVER-ERR"}}, ErrorClass.CARRIER_DOWN),
    ],
)
def test_not_taken_may_be_tried_again(status: int, said: Any, error_class: ErrorClass) -> None:
    result = result_of(status, said, **{"retry-after": "7"})
    assert isinstance(result, NotTaken), result
    assert (result.error_class, result.retry_after_s) == (error_class, 7)


def test_passing_fault_beside_an_id_is_never_sent_again() -> None:
    assert isinstance(result_of(202, {**YES, "error": {"code": "SERVER-ERR"}}), Refused)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, b""),
        (202, {"data": [], "error": {}}),
        (202, {"data": [{"message_id": 7}], "error": {}}),
        (200, [YES]),
        (300, YES),
        (302, YES),
        (300, gateway("X1", "No.")),
        (500, gateway("RBC500", "Internal error.")),
        (502, b"<html>"),
    ],
)
def test_whatever_else_may_be_on_its_way(status: int, said: Any) -> None:
    assert isinstance(result_of(status, said), Unknown)


def test_polite_refusal_over_the_wire(fake: FakeKaleyra) -> None:
    fake.refuses_politely = True
    fake.play(RECIPIENT, acts.Refuse("E110"))
    result = send(fake)
    assert isinstance(result, Refused)
    assert (result.code, result.raw["status"]) == ("E110", 202)
    assert fake.taken == []


def test_wrong_sid_is_refused_as_a_wrong_key_is(fake: FakeKaleyra) -> None:
    for config in ({"sid": "HXIN9999999999IN"}, {"api_key": "A0000000000000000"}):
        result = send(fake, **config)
        assert isinstance(result, Refused)
        assert result.code == "RBC001"


def test_address_that_the_gateway_does_not_have(fake: FakeKaleyra) -> None:
    result = send(fake, sid="HXIN/../x", api_key="A000000000000000")
    assert isinstance(result, Refused) and result.code == "RBC001"  # it stays one part of the path
    assert fake.asked[0].path == "/v1/HXIN%2F..%2Fx/sms"


def test_echoed_secrets_are_not_kept(fake: FakeKaleyra) -> None:
    result = send(fake)  # the fake answers with the callback address as "dlrurl"
    assert isinstance(result, Accepted)
    assert "•••/?ref=" in result.raw["body"]["dlrurl"]
    for secret in (HOOK_KEY, API_KEY):
        assert secret not in repr(result)
        assert secret not in repr(connection())
    echoed = result_of(401, {"code": "X", "message": f"key {API_KEY} is wrong"})
    assert API_KEY not in repr(echoed)
