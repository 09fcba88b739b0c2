"""Receipts of Kaleyra in every shape, and who is believed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.connectors.base import (
    Hook,
    OutboundMessage,
    ReceiptEvent,
    ReceiptStatus,
    Unknown,
    Unreadable,
)
from tests.connectors.kaleyra_stage import (
    DOOR,
    HELLO,
    KALEYRA,
    ORDER,
    OURS,
    THEIRS,
    connection,
    send,
)
from tests.connectors.staging import HOOK_KEY, RECIPIENT, hook_of
from tests.fakes import acts
from tests.fakes.kaleyra import PROFILE, FakeKaleyra, ReceiptForm


@pytest.fixture
def fake() -> Iterator[FakeKaleyra]:
    with FakeKaleyra(webhook_url=DOOR) as fake:
        fake.usual = acts.Silent()
        yield fake


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
