"""What HTTP alone says of a send, and what of a carrier's words can be kept."""

import asyncio
import json

import pytest
from hypothesis import given

from flows.connectors.base import (
    Answer,
    AnswerLost,
    ErrorClass,
    NotReached,
    NotTaken,
    Refused,
    SendResult,
    Unknown,
)
from flows.connectors.outcomes import by_status, posted, retry_after_s
from flows.connectors.storable import DEEPEST, storable
from tests.connectors.altering import jsons
from tests.connectors.staging import Canned


def answer(status: int, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): text for name, text in headers.items()}, b"?")


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (429, NotTaken),
        (503, NotTaken),
        (401, Refused),
        (403, Refused),
        (400, Refused),
        (404, Refused),
        (200, Unknown),
        (204, Unknown),
        (302, Unknown),
        (500, Unknown),
        (502, Unknown),
        (504, Unknown),
    ],
)
def test_status_says_no_more_than_is_certain(status: int, result: type[SendResult]) -> None:
    found = by_status(answer(status))
    assert type(found) is result
    if isinstance(found, NotTaken | Refused):
        assert found.raw == {"status": status}, "the breaker must see that the carrier was asked"


def test_wrong_credentials_have_a_code_that_the_breaker_knows() -> None:
    found = by_status(answer(401))
    assert isinstance(found, Refused)
    assert (found.code, found.error_class) == ("credentials", ErrorClass.BLOCKED)


@pytest.mark.parametrize(
    ("text", "pause_s"),
    [("7", 7), (" 30 ", 30), ("1.5", 1.5), ("", None), ("-1", None), ("soon", None), ("٣", None),
     ("nan", None), ("1e9", None), ("99999999", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)  # fmt: skip
def test_pause_is_read_when_it_is_in_seconds(text: str, pause_s: float | None) -> None:
    assert retry_after_s(answer(429, Retry_After=text)) == pause_s
    assert retry_after_s(answer(429, retry_after=text)) == pause_s


@pytest.mark.parametrize(
    ("fault", "result"),
    [
        (
            NotReached("the connection was refused"),
            NotTaken(
                "",
                ErrorClass.CARRIER_DOWN,
                "the carrier was not reached: the connection was refused",
            ),
        ),
        (AnswerLost("no answer within 20 s"), Unknown("no answer within 20 s")),
    ],
)
def test_no_answer_is_not_taken_only_when_nobody_was_reached(
    fault: Exception, result: SendResult
) -> None:
    web = Canned(fault)
    assert asyncio.run(posted(web, "https://x.example", body=b"", headers={})) == result


@given(value=jsons)
def test_what_is_kept_is_json_that_every_database_takes(value: object) -> None:
    text = json.dumps(storable(value), allow_nan=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    json.loads(text.encode()).__repr__().encode()  # no half character is left


def test_what_is_nested_without_end_is_cut_off() -> None:
    deep: object = "bottom"
    for _ in range(900):
        deep = [deep]
    assert json.dumps(storable(deep)).count("[") == DEEPEST + 1
