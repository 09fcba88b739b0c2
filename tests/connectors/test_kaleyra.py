"""Kaleyra on the wire: every request to the byte, every question, every code."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.connectors.base import (
    Accepted,
    Answer,
    CarrierFault,
    CarrierSender,
    ErrorClass,
    Refused,
)
from flows.connectors.http import Web
from flows.connectors.kaleyra.codes import CODES, explained, named
from flows.connectors.kaleyra.gateway import PODS
from flows.connectors.kaleyra.sending import listed
from flows.placeholders import Button, Channel, TemplateContent
from tests.connectors.conformance import ConnectorConformance
from tests.connectors.kaleyra_stage import (
    DOOR,
    HELLO,
    KALEYRA,
    ORDER,
    OURS,
    SMS,
    THEIRS,
    WHATSAPP,
    connection,
    form_of,
    gateway,
    message,
    send,
)
from tests.connectors.staging import Canned, do
from tests.fakes import acts
from tests.fakes.kaleyra import API_KEY, PROFILE, SID, FakeKaleyra


class TestKaleyra(ConnectorConformance):
    connector = KALEYRA
    fake_class = FakeKaleyra
    refusal, failure = "E110", "INV-NUMBER"
    signs = frozenset()


@pytest.fixture
def fake() -> Iterator[FakeKaleyra]:
    with FakeKaleyra(webhook_url=DOOR) as fake:
        fake.usual = acts.Silent()
        yield fake


# --- Requests, to the byte ------------------------------------------------------------------------

CALLBACK = quote_plus(
    f'{{"url":"{DOOR}?ref={OURS}","method":"POST",'
    '"retry":{"count":"3","interval":["10","10","10"]}}'
)


@pytest.mark.parametrize(("chosen", "path"), [({}, "sms"), ({"sms_path": "messages"}, "messages")])
def test_sms_request(fake: FakeKaleyra, chosen: dict[str, str], path: str) -> None:
    result = send(fake, **chosen)
    (asked,) = fake.asked
    assert (asked.method, asked.path) == ("POST", f"/v1/{SID}/{path}")
    assert asked.headers["api-key"] == API_KEY
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.body.decode() == (
        "to=%2B919876540001&sender=ACMERT&type=TXN&body=Hi+Asha%2C+50%25+off%3A+A+%26+B"
        "&template_id=1107165959873165373&entity_id=1001234567890123456"
        f"&callback={CALLBACK}&ref={OURS}&ref1={OURS}"
    )
    (taken,) = fake.taken
    assert (taken.client_message_id, taken.text) == (OURS, "Hi Asha, 50% off: A & B")
    assert isinstance(result, Accepted) and result.message_id == taken.message_id
    assert fake.complaints == []


def test_whatsapp_text_template_request(fake: FakeKaleyra) -> None:
    result = send(fake, ORDER)
    (asked,) = fake.asked
    assert (asked.method, asked.path) == ("POST", f"/v1/{SID}/messages")
    assert asked.headers["api-key"] == API_KEY
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.body.decode() == (
        "channel=whatsapp&from=%2B918047182200&to=%2B919876540001&template_name=order_update"
        f"&callback_url={quote_plus(DOOR)}%3Fref%3D{OURS}"
        "&type=template&lang_code=en&params=%22Asha%22%2C%2258213%22"
        f"&ref={OURS}&ref1={OURS}"
    )
    assert isinstance(result, Accepted) and result.message_id == fake.taken[0].message_id
    assert list(fake.taken[0].params) == ["Asha", "58213"]
    assert fake.complaints == []


def test_media_template_request(fake: FakeKaleyra) -> None:
    content = replace(
        WHATSAPP, header_kind="image", buttons=(Button("url", "Track", "https://x.example/{{1}}"),)
    )
    params = {"1": "Asha, Ravi", "2": "58213", "#param_url#": "t/7"}
    send(fake, message(content, params, media_url="https://cdn.example/a(1).jpg"))
    assert fake.asked[0].body.decode() == (
        "channel=whatsapp&from=%2B918047182200&to=%2B919876540001&template_name=order_update"
        f"&callback_url={quote_plus(DOOR)}%3Fref%3D{OURS}"
        "&type=mediatemplate&lang_code=en&params=%22Asha%2C+Ravi%22%2C%2258213%22&param_url=t%2F7"
        "&media_url=https%3A%2F%2Fcdn.example%2Fa%281%29.jpg"
        f"&ref={OURS}&ref1={OURS}"
    )
    assert list(fake.taken[0].params) == ["Asha, Ravi", "58213"]
    assert fake.complaints == []


def test_header_variable_makes_it_a_media_template() -> None:
    content = replace(WHATSAPP, header_kind="text", header_text="Order {{1}}")
    fields = form_of(message(content, {"1": "A", "2": "B", "#param_header#": "7, 8"}))
    assert (fields["type"], fields["param_header"]) == ("mediatemplate", "7, 8")


def test_quick_replies_make_it_a_media_template() -> None:
    content = replace(WHATSAPP, buttons=(Button("quick_reply", "Yes"),))
    assert form_of(message(content, {"1": "A", "2": "B"}))["type"] == "mediatemplate"


def test_authentication_template_request(fake: FakeKaleyra) -> None:
    content = TemplateContent(
        Channel.WHATSAPP, "login_code", "authentication", "{{1}} is your code.", language="en"
    )
    send(fake, message(content, {"#verification_code#": "81723"}))
    assert fake.asked[0].body.decode() == (
        "channel=whatsapp&from=%2B918047182200&to=%2B919876540001&template_name=login_code"
        f"&callback_url={quote_plus(DOOR)}%3Fref%3D{OURS}"
        "&type=authenticationtemplate&verification_code=81723"
        f"&ref={OURS}&ref1={OURS}"
    )
    assert fake.taken[0].text == "81723"
    assert fake.complaints == []


@pytest.mark.parametrize("kind", ["OTP", "TXN", "MKT", "DEFAULT"])
def test_type_of_an_sms_is_its_templates_kind(kind: str) -> None:
    assert form_of(message(replace(SMS, kind=kind), {"1": "a", "2": "b"}))["type"] == kind


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (SMS, "Asha", None),
        (SMS, "Zoë", "1"),  # its ë is beyond GSM-7
        (SMS, "आशा", "1"),
        (replace(SMS, unicode=True), "Asha", "1"),
    ],
)
def test_unicode_is_set_when_the_text_needs_it(
    content: TemplateContent, name: str, expected: str | None
) -> None:
    assert form_of(message(content, {"1": name, "2": "b"})).get("unicode") == expected


def test_callback_profile_takes_the_place_of_the_callback() -> None:
    fields = form_of(HELLO, sms_callback_profile=PROFILE)
    assert fields["callback_profile_id"] == PROFILE
    assert "callback" not in fields


def test_nobody_is_called_back_without_a_door() -> None:
    view = replace(connection(), receipt_url="")
    with FakeKaleyra() as fake:
        view = replace(view, base_url=fake.url)
        for sent in (HELLO, ORDER):
            do(lambda web, sent=sent: KALEYRA.send(sent, connection=view, http=web))
        assert all(b"callback" not in asked.body for asked in fake.asked)
        assert fake.complaints == []


@pytest.mark.parametrize("pod", PODS)
def test_pod_decides_about_the_host(pod: str) -> None:
    asked: list[str] = []

    class Web:
        async def post(self, url: str, **_: object) -> Answer:
            asked.append(url)
            return Answer(202, {}, b"{}")

        async def get(self, url: str, **_: object) -> Answer:
            raise AssertionError

    asyncio.run(KALEYRA.send(HELLO, connection=connection(pod=pod), http=Web()))
    assert asked == [f"https://{PODS[pod]}/v1/{SID}/sms"]


@pytest.mark.parametrize("missing", ["pod", "sid", "api_key"])
def test_connection_that_is_not_complete_sends_nothing(missing: str) -> None:
    view = connection(**{missing: ""})
    result = asyncio.run(KALEYRA.send(HELLO, connection=view, http=Canned(AssertionError())))
    assert isinstance(result, Refused)
    assert (result.error_class, result.raw) == (ErrorClass.BLOCKED, None)
    with pytest.raises(CarrierFault, match="Enter the pod"):
        asyncio.run(KALEYRA.check(connection=view, http=Canned(AssertionError())))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), min_size=1))
def test_no_value_of_a_template_ends_another(values: list[str]) -> None:
    """However the list is read: by its quotes, as CSV with any escape, or as JSON."""
    text = listed(values)
    read = json.loads(f"[{text}]")
    assert len(read) == len(values)
    assert text.count('"') == 2 * len(values)
    for value, shown in zip(values, read, strict=True):
        assert shown == value.replace('"', "”").replace("\\", "∖")


# --- Questions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["sms", "messages"])
@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        (("accepted", ""), "accepted", ""),
        (("sent", ""), "sent", ""),
        (("delivered", ""), "delivered", ""),
        (("failed", "MOB-OFF"), "failed", "MOB-OFF"),
        (("failed", "DND-NUMB"), "failed", "DND-NUMB"),
    ],
)
def test_poll_of_an_sms(
    fake: FakeKaleyra, path: str, state: tuple[str, str], status: str, code: str
) -> None:
    result = send(fake, sms_path=path)
    assert isinstance(result, Accepted)
    fake.state[result.message_id] = state
    view = connection(fake.url, sms_path=path)
    (event,) = do(lambda web: KALEYRA.poll(result.message_id, connection=view, http=web))
    assert (event.status.value, event.error_code) == (status, code)
    assert event.message_id == result.message_id
    asked = fake.asked[-1]
    assert (asked.method, asked.headers["api-key"]) == ("GET", API_KEY)
    assert asked.path == f"/v1/{SID}/{path}/status?message_ids={result.message_id}:1"
    assert fake.complaints == []


def test_poll_knows_nothing_of_whatsapp(fake: FakeKaleyra) -> None:
    result = send(fake, ORDER)
    assert isinstance(result, Accepted)
    view = connection(fake.url)
    assert do(lambda web: KALEYRA.poll(result.message_id, connection=view, http=web)) == []


def test_poll_believes_no_other_message() -> None:
    said = {"data": [{"campaign_id": "another:1", "status": "Delivered"}], "error": {}}
    web = Canned(Answer(200, {}, json.dumps(said).encode()))
    assert asyncio.run(KALEYRA.poll(THEIRS, connection=connection(), http=web)) == []


def test_check_asks_for_one_profile(fake: FakeKaleyra) -> None:
    view = connection(fake.url)
    said = do(lambda web: KALEYRA.check(connection=view, http=web))
    assert said == "Kaleyra accepts the SID and the API key."
    assert fake.asked[0].path == f"/v1/{SID}/callback/profiles?limit=1"
    assert fake.complaints == []


def test_senders_are_the_sender_ids(fake: FakeKaleyra) -> None:
    view = connection(fake.url)
    found = do(lambda web: KALEYRA.list_senders(connection=view, http=web))
    assert found == [CarrierSender(identifier="KLRHXA"), CarrierSender(identifier="ACMERT")]
    assert fake.asked[0].path == f"/v1/{SID}/messages/identifier"


@pytest.mark.parametrize(
    ("answer", "error_class", "words"),
    [
        (Answer(401, {}, b""), "blocked", "does not accept the SID or the API key. Enter the SID"),
        (Answer(403, {}, b"<html>"), "blocked", "Enter the SID and the API key anew"),
        (Answer(401, {}, json.dumps(gateway("RBC001")).encode()), "blocked", "Enter the SID and"),
        (Answer(400, {}, json.dumps(gateway("RBC618")).encode()), "blocked", "Check the pod"),
        (Answer(400, {}, json.dumps(gateway("X1", "Odd.")).encode()), "unknown", "X1 (Odd)"),
        (Answer(200, {}, b"<html>"), "unknown", "HTTP status 200"),
        (Answer(429, {}, b""), "throttled", "HTTP status 429"),
        (Answer(502, {}, b"<html>"), "carrier_down", "HTTP status 502"),
    ],
)
def test_question_that_is_not_answered(answer: Answer, error_class: str, words: str) -> None:
    with pytest.raises(CarrierFault) as caught:
        asyncio.run(KALEYRA.check(connection=connection(), http=Canned(answer)))
    assert caught.value.error_class.value == error_class
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")


def test_question_to_nobody() -> None:
    async def ask() -> str:
        async with Web(allow_private=True) as web:
            return await KALEYRA.check(connection=connection("http://127.0.0.1:9"), http=web)

    with pytest.raises(CarrierFault, match="could not be asked") as caught:
        asyncio.run(ask())
    assert caught.value.error_class is ErrorClass.CARRIER_DOWN


# --- Codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_code_is_found_however_it_is_spelled(code: str) -> None:
    for spelling in (
        code,
        code.lower(),
        code.replace("-", "_"),
        code.replace("-", ""),
        f" {code} ",
    ):
        assert named(spelling) == code
    error_class, reason = explained(code)
    assert (error_class, reason) == (CODES[code].error_class, CODES[code].sentence)


@given(code=st.text(max_size=80), said=st.text(max_size=300))
def test_any_code_gets_a_reason(code: str, said: str) -> None:
    name = named(code, said=said)
    assert len(name) <= 60
    _, reason = explained(name, said=said)
    assert 0 < len(reason) <= 300
    assert reason.isprintable() or not code.isprintable()


def test_words_of_the_carrier_are_quoted_without_numbers() -> None:
    _, reason = explained("E13001", said="Number +91 98765-40001\nhas  the code 4321.")
    assert reason.endswith(": Number … has the code …")
