"""Kaleyra on the wire: every request to the byte, every answer, every shape of a receipt."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.connectors.base import (
    Accepted,
    Answer,
    CarrierFault,
    CarrierSender,
    ConnectionView,
    ErrorClass,
    Hook,
    NotTaken,
    OutboundMessage,
    ReceiptEvent,
    ReceiptStatus,
    Refused,
    SendResult,
    Unknown,
    Unreadable,
)
from flows.connectors.http import Web
from flows.connectors.kaleyra import Kaleyra
from flows.connectors.kaleyra.codes import CODES, explained, named
from flows.connectors.kaleyra.gateway import PODS
from flows.connectors.kaleyra.sending import listed
from flows.placeholders import Button, Channel, TemplateContent, resolve
from tests.connectors.conformance import ConnectorConformance
from tests.connectors.staging import HOOK_KEY, RECIPIENT, Canned, do, hook_of
from tests.fakes import acts
from tests.fakes.kaleyra import API_KEY, PROFILE, SID, FakeKaleyra, ReceiptForm

KALEYRA = Kaleyra()
DOOR = f"https://fallback.example/hooks/3kTMd9Zq0000000000000a/{HOOK_KEY}/"
OURS = "0b6f7a58-5a3c-4c2e-9d53-0b8f0d5f3c11"
THEIRS = "a1b2c3d4-0000-4000-8000-000000000001"
SMS = TemplateContent(
    Channel.SMS, "Order update", "TXN", "Hi {#var#}, 50% off: {#var#}",
    dlt_template_id="1107165959873165373",
)  # fmt: skip
WHATSAPP = TemplateContent(
    Channel.WHATSAPP, "order_update", "text", "Hi {{1}}, your order {{2}} is here.", language="en"
)


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


def connection(base_url: str = "", **config: str) -> ConnectionView:
    return ConnectionView(
        config={**FakeKaleyra.config, **config},
        base_url=base_url,
        receipt_url=DOOR,
        hook_key=HOOK_KEY,
    )


def message(content: TemplateContent, params: Mapping[str, str], **fields: Any) -> OutboundMessage:
    return OutboundMessage(
        **{
            "client_message_id": OURS,
            "channel": content.channel,
            "sender": "ACMERT" if content.channel is Channel.SMS else "918047182200",
            "recipient": RECIPIENT,
            "content": content,
            "resolved": resolve(content, params),
            **fields,
        }
    )


HELLO = message(SMS, {"1": "Asha", "2": "A & B"}, dlt_entity_id="1001234567890123456")
ORDER = message(WHATSAPP, {"1": "Asha", "2": "58213"})


def send(fake: FakeKaleyra, sent: OutboundMessage = HELLO, **config: str) -> SendResult:
    view = connection(fake.url, **config)
    return do(lambda web: KALEYRA.send(sent, connection=view, http=web))


def form_of(sent: OutboundMessage, **config: str) -> dict[str, str]:
    """The form as the real web would post it, by a fake that complains about anything odd."""
    with FakeKaleyra(webhook_url=DOOR) as fake:
        fake.usual = acts.Silent()
        result = send(fake, sent, **config)
        assert isinstance(result, Accepted), result
        assert fake.complaints == []
        return dict(parse_qsl(fake.asked[0].body.decode(), keep_blank_values=True))


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


# --- Answers --------------------------------------------------------------------------------------


def result_of(status: int, said: Any, **headers: str) -> SendResult:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    answer = Answer(status, headers, body)
    return asyncio.run(KALEYRA.send(HELLO, connection=connection(), http=Canned(answer)))


def gateway(code: str, message: str = "", error: Any = None) -> dict[str, Any]:
    return {"code": code, "message": message, "data": [], "error": error or {}}


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


# --- Receipts -------------------------------------------------------------------------------------


def get(query: str) -> Hook:
    return Hook(method="GET", url=f"{DOOR}?{query}", rest=HOOK_KEY)


def post(body: Any, kind: str = "application/json", query: str = "") -> Hook:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"{DOOR}?{query}" if query else DOOR
    return Hook(method="POST", url=url, rest=HOOK_KEY, headers={"content-type": kind}, body=raw)


def parse(hook: Hook) -> Sequence[ReceiptEvent]:
    return KALEYRA.parse(hook, connection=connection())


def parse_one(hook: Hook) -> ReceiptEvent:
    (event,) = parse(hook)
    return event


RECEIPT = {"id": f"{THEIRS}:1", "status": "Delivered", "ref1": OURS}


@pytest.mark.parametrize(
    "hook",
    [
        get(urlencode(RECEIPT)),
        get(f"ref={OURS}&id={THEIRS}%3A0&status=delivered&ref=&ref1="),
        get(f"ref={OURS}&id={THEIRS}&status=DELIVRD&ref=order-7"),
        post(RECEIPT),
        post({"message_id": THEIRS, "status": "delivered", "ref": ""}, query=f"ref={OURS}"),
        post({**RECEIPT, "ref": "order-7", "ref1": "x"}, query=f"ref={OURS}"),
        post({"campaign_id": f"{THEIRS}:1", "STATUS": " Delivered ", "ref2": OURS.upper()}),
        post([RECEIPT]),
        post({"data": [RECEIPT], "error": {}}),
        post(RECEIPT, kind="text/plain"),
        post(b"\n " + json.dumps(RECEIPT).encode(), kind="application/x-www-form-urlencoded"),
        post(urlencode(RECEIPT).encode(), kind="application/x-www-form-urlencoded"),
        post(urlencode(RECEIPT).encode(), kind=""),
        post(b"", query=urlencode(RECEIPT)),
        post({**RECEIPT, "error_code": None, "error": "<error>", "price": 0.01, "extra": {}}),
    ],
)
def test_receipt_in_any_shape(hook: Hook) -> None:
    event = parse_one(hook)
    assert event.status is ReceiptStatus.DELIVERED
    assert (event.message_id, event.client_message_id) == (THEIRS, OURS)
    assert event.event_key == f"{THEIRS}:delivered:"
    assert (event.error_code, event.error_class, event.reason) == ("", None, "")


def test_address_with_a_second_question_mark_still_names_our_message() -> None:
    event = parse_one(get(f"ref={OURS}?id={THEIRS}:0&status=sent"))
    assert (event.client_message_id, event.status) == (OURS, ReceiptStatus.SENT)


@pytest.mark.parametrize(
    ("spelling", "status"),
    [
        ("Delivered", "delivered"), ("DELIVRD", "delivered"), ("delivered", "delivered"),
        ("UnDelivered", "failed"), ("UNDELIV", "failed"), ("Undelivered", "failed"),
        ("not-sent", "failed"), ("NotSent", "failed"), ("NOT_SENT", "failed"),
        ("not sent", "failed"), ("Failed", "failed"), ("Expired", "failed"),
        ("REJECTED", "failed"), ("Sent", "sent"), ("SENT - NO DLR", "sent"), ("ENROUTE", "sent"),
        ("submitted", "accepted"), ("Read", "read"), ("READ", "read"),
        ("Clicked", "unknown"), ("Delivered?!", "delivered"), ("½", "unknown"),
    ],
)  # fmt: skip
def test_statuses_however_they_are_spelled(spelling: str, status: str) -> None:
    event = parse_one(post({**RECEIPT, "status": spelling}))
    assert event.status.value == status
    assert bool(event.error_code) == (status == "failed")


@pytest.mark.parametrize(
    ("said", "code", "error_class"),
    [
        ({"status": "UnDelivered", "status_trace": "ABSENT-SUB"}, "ABSENT-SUB", "not_on_channel"),
        ({"status": "NOT-SENT", "status_trace": "NOTALLOWED"}, "NOT-ALLOWED", "blocked"),
        ({"status": "NotSent", "status_details": "opt out"}, "OPT-OUT", "opted_out"),
        ({"status": "not-sent", "error": "Number opted-out"}, "OPT-OUT", "opted_out"),
        ({"status": "not-sent", "error": "Recipient has opted out."}, "OPT-OUT", "opted_out"),
        ({"status": "failed", "error_code": 131026}, "131026", "not_on_channel"),
        ({"status": "failed", "error_code": "131050"}, "131050", "opted_out"),
        ({"status": "failed", "error_code": "999999", "error": "New"}, "999999", "unknown"),
        ({"status": "failed"}, "FAILED", "unknown"),
        ({"status": "UNDELIV"}, "UNDELIVERED", "unknown"),
        ({"status": "not sent"}, "NOT-SENT", "unknown"),
        ({"status": "Expired"}, "EXPIRED", "not_on_channel"),
        ({"status": "REJECTD"}, "REJECTED", "blocked"),
        ({"status": "failed", "error_code": "E13001", "error": "x"}, "E13001", "template_problem"),
    ],
)
def test_why_a_message_failed(said: dict[str, Any], code: str, error_class: str) -> None:
    event = parse_one(post({"id": THEIRS, **said}))
    assert event.status is ReceiptStatus.FAILED
    assert event.error_class is not None
    assert (event.error_code, event.error_class.value) == (code, error_class)
    assert event.reason
    if code == "999999":
        assert event.reason == "the carrier gave the code 999999 (New), which is not known here"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("1700000000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("2019-11-04 10:42:23+00:00", datetime(2019, 11, 4, 10, 42, 23, tzinfo=UTC)),
        ("2019-11-04T10:42:23+05:30", datetime(2019, 11, 4, 5, 12, 23, tzinfo=UTC)),
        ("2025-04-17 18:35:20", None),  # nobody says in which zone
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("12345", None),
    ],
)
def test_time_is_kept_when_it_says_its_zone(text: str, at: datetime | None) -> None:
    assert parse_one(post({**RECEIPT, "timestamp": text})).carrier_at == at


def test_batch_of_receipts() -> None:
    other = "b1b2c3d4-0000-4000-8000-000000000002"
    events = parse(
        post(
            [
                {"id": f"{THEIRS}:1", "status": "Sent", "ref1": OURS},
                {"id": f"{other}:1", "status": "Failed"},
                "nothing",
                {"status": "Sent"},
            ],
            query=f"ref={OURS}",
        )
    )
    assert [(e.message_id, e.client_message_id, e.status.value) for e in events] == [
        (THEIRS, OURS, "sent"),
        (other, "", "failed"),  # the address names only one of them
    ]


def test_receipts_of_one_message_share_the_address() -> None:
    events = parse(
        post([{"id": THEIRS, "status": status} for status in ("sent", "read")], query=f"ref={OURS}")
    )
    assert {event.client_message_id for event in events} == {OURS}
    assert len({event.event_key for event in events}) == 2


def test_key_tells_events_apart_and_knows_repetitions() -> None:
    def key(**said: str) -> str:
        return parse_one(post({**RECEIPT, **said})).event_key

    assert key() == key(status="DELIVRD") == key(timestamp="1700000000") == key(id=THEIRS)
    different = [
        key(), key(status="sent"), key(status="read"), key(status="failed"),
        key(status="failed", error_code="131026"), key(status="Clicked"), key(status="Bounced"),
        key(id="another"), key(id="x" * 300), key(id="x" * 301),
    ]  # fmt: skip
    assert len(set(different)) == len(different)
    assert all(len(one) <= 200 for one in different)


def test_message_without_their_id_is_named_by_ours() -> None:
    event = parse_one(get(f"ref={OURS}&status=sent"))
    assert (event.message_id, event.client_message_id) == ("", OURS)
    assert event.event_key == f"{OURS}:sent:"


def test_what_is_not_ours_is_left_out() -> None:
    event = parse_one(post({"id": THEIRS, "status": "sent", "ref": "campaign 7", "ref1": "<ref1>"}))
    assert event.client_message_id == ""


@pytest.mark.parametrize(
    "said",
    [
        {"id": THEIRS, "kid": THEIRS, "source": "91", "status": "SENT", "status_trace": "SENT",
         "message": "UNSUBSCRIBE", "keyword": "SAMPLE", "timestamp": "2025-04-17 18:35:20"},
        {"body": "Hi", "from": "919876540001", "name": "Asha", "type": "text",
         "wanumber": "918047182200", "created_at": "1700000000"},
    ],
)  # fmt: skip
def test_message_of_a_person_is_no_receipt(said: dict[str, str]) -> None:
    assert parse(post(said)) == []
    assert parse(get(urlencode(said))) == []


@pytest.mark.parametrize(
    "hook",
    [
        get(""),
        get("status=delivered"),
        get(f"id={THEIRS}"),
        get("id=%3Cid%3E&status=%3Cstatus%3E"),
        get(f"id={THEIRS}&status=+"),
        post(b""),
        post(b"{"),
        post(b"[]"),
        post(b"[1, null]"),
        post(b"\xff\xfe"),
        post({"id": THEIRS}),
        post({"id": {"a": 1}, "status": ["sent"]}),
        post({"template_name": "order_update", "event": "APPROVED"}),
    ],
)
def test_anything_else_cannot_be_read(hook: Hook) -> None:
    with pytest.raises(Unreadable, match=r"^The .*\.$"):
        parse(hook)


def test_what_was_said_to_the_person_is_not_kept() -> None:
    event = parse_one(
        post({**RECEIPT, "body": "Your code is 4321", "message": "Your code is 4321"})
    )
    assert "4321" not in repr(event)
    assert event.raw["status"] == "Delivered"


names = st.sampled_from(
    ["id", "message_id", "status", "ref", "ref1", "error_code", "error", "timestamp", "keyword",
     "data", "status_trace"]
) | st.text(max_size=6)  # fmt: skip
texts = st.text(max_size=40) | st.sampled_from(
    [OURS, f"{THEIRS}:1", "Delivered", "failed", "1" * 13, "9" * 400, "<id>", "\x00", "0001-01-01"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(
    query=st.lists(st.tuples(names, texts), max_size=6).map(urlencode) | st.text(max_size=60),
    body=st.binary(max_size=60)
    | values.map(lambda value: json.dumps(value).encode())
    | st.lists(st.tuples(names, texts), max_size=6).map(lambda pairs: urlencode(pairs).encode()),
)
def test_parse_raises_nothing_but_unreadable(query: str, body: bytes) -> None:
    try:
        events = parse(post(body, query=query))
    except Unreadable:
        return
    for event in events:
        assert event.message_id or event.client_message_id
        assert 0 < len(event.event_key) <= 200
        assert (event.status is ReceiptStatus.FAILED) == bool(event.error_code)
        assert bool(event.reason) == bool(event.error_code)


# --- Receipts of the fake, over the wire ----------------------------------------------------------


@pytest.mark.parametrize("shape", ["get", "json", "form"])
@pytest.mark.parametrize("sent", [HELLO, ORDER], ids=["sms", "whatsapp"])
@pytest.mark.parametrize("config", [{}, {"sms_callback_profile": PROFILE}], ids=["url", "profile"])
def test_receipt_names_its_message_though_the_answer_was_lost(
    fake: FakeKaleyra, shape: ReceiptForm, sent: OutboundMessage, config: dict[str, str]
) -> None:
    fake.receipt_form = shape
    fake.play(RECIPIENT, acts.Drop())
    assert isinstance(send(fake, sent, **config), Unknown)
    (taken,) = fake.taken
    for status, code in (("sent", ""), ("delivered", ""), ("failed", "OPT-OUT")):
        hook = hook_of(fake.receipt(taken, status, code))
        assert KALEYRA.verify(hook, connection=connection())
        event = parse_one(hook)
        assert event.status.value == status
        assert (event.message_id, event.client_message_id) == (taken.message_id, OURS)
        assert event.error_code == code
    assert fake.complaints == []


@pytest.mark.parametrize(
    ("rest", "is_ours"),
    [
        (HOOK_KEY, True), (f"{HOOK_KEY}/whatsapp", True),
        ("", False), (HOOK_KEY[:-1], False), (f"x/{HOOK_KEY}", False), ("\udc80", False),
    ],
)  # fmt: skip
def test_only_who_knows_the_address_is_believed(rest: str, is_ours: bool) -> None:
    hook = replace(get(urlencode(RECEIPT)), rest=rest)
    assert KALEYRA.verify(hook, connection=connection()) is is_ours
    assert not KALEYRA.verify(hook, connection=replace(connection(), hook_key=""))


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
