"""docs/carrier-codes.md says what the code tables say, and so does everything that shows advice."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from flows import timeline
from flows.connectors import code_tables, registry
from flows.connectors.base import (
    Code,
    ConnectionView,
    Connector,
    ErrorClass,
    Http,
    OutboundMessage,
    SendResult,
    Unknown,
    explain,
)
from flows.management.commands import carrier_codes
from flows.models import Attempt, Execution, FlowVersion


class Odd(Connector):
    key = "odd"
    label = "Odd"
    codes = {
        "a|b": Code(ErrorClass.BLOCKED, "the *carrier* said {a_b} | <c>", "Ask [them]."),
        "plain": Code(ErrorClass.OPTED_OUT, "the person has had enough"),
    }

    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        return Unknown("nobody sends here")


CONNECTORS = (Odd(),)


def printed(**options: bool) -> str:
    out = StringIO()
    call_command("carrier_codes", stdout=out, **options)
    return out.getvalue()


def test_the_page_in_the_docs_is_up_to_date() -> None:
    assert carrier_codes.PAGE.read_text() == printed(), "run manage.py carrier_codes --write"


def test_every_code_of_every_connector_is_on_the_page() -> None:
    text = printed()
    for connector in registry.load().values():
        for name, code in connector.codes.items():
            assert f"| `{name}` | `{code.error_class}` | " in text
    for known in ErrorClass:
        assert f"| `{known}` | {known.sentence}" in text.replace("\\", "")


def test_a_row_means_only_itself() -> None:
    rows = [line for line in code_tables.page([Odd()]).splitlines() if line.startswith("| `")]
    assert r"| `a\|b` | `blocked` | The \*carrier\* said {a\_b} \| \<c>. | Ask \[them]. |" in rows
    assert (
        "| `plain` | `opted_out` | The person has had enough. "
        "| Do not write to this person again until they opt in. |"
    ) in rows


def test_write_puts_it_into_the_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier_codes, "PAGE", tmp_path / "codes.md")
    assert printed(write=True) == "Written: codes.md\n"
    assert (tmp_path / "codes.md").read_text() == printed()


def test_a_code_is_its_carriers_own_or_everybodys() -> None:
    known = registry.code_of("odd", "plain", extra=[__name__])
    assert known is not None and known.error_class is ErrorClass.OPTED_OUT
    assert registry.code_of("odd", "plain") is None  # no such carrier here
    common = registry.code_of("nobody", "credentials")
    assert common is not None and "anew" in common.what_to_do


@pytest.mark.parametrize(
    ("code", "error_class", "state", "advice"),
    [
        ("a|b", "blocked", "failed", "Ask [them]."),
        ("a|b", "unknown", "failed", ErrorClass.UNKNOWN.advice),  # another one of the same name
        ("new", "blocked", "failed", ErrorClass.BLOCKED.advice),
        ("new", "of-tomorrow", "failed", ""),
        ("a|b", "blocked", "waiting", ""),
    ],
)
def test_the_timeline_gives_the_codes_own_advice(
    settings: Settings, code: str, error_class: str, state: str, advice: str
) -> None:
    settings.EXTRA_CONNECTORS = [__name__]
    now = datetime(2026, 3, 1, tzinfo=UTC)
    attempt = Attempt(
        step=0, channel="sms", connector="odd", state=state, error_code=code,
        error_class=error_class, reason="it failed", created_at=now, settled_at=now,
    )  # fmt: skip
    execution = Execution(created_at=now, version=FlowVersion(number=1))
    told = timeline.tell(execution, attempts=[attempt], receipts=[])
    assert [entry.advice for entry in told if entry.key == "step0.settled"] == (
        [advice] if state == "failed" else []
    )


@pytest.mark.parametrize(
    "number",
    ["919876540001", "+919876540001", "+91 98765 40001", "(987) 654-0001", "98.76.54.00.01"],
)
def test_quoted_words_of_a_carrier_name_no_phone_number(number: str) -> None:
    """Reasons are kept for good, and shown to people who may not see numbers."""
    said = f"(#4711) The number {number} is barred."
    _, reason = explain({}, "4711", said=said)
    words = "(#4711) The number … is barred"
    assert reason == f"the carrier gave the code 4711 ({words}), which is not known here"
