"""Meta's webhooks: which are believed, what they say, and the handshake before them."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.connectors.base import (
    ErrorClass,
    Hook,
    HookAnswer,
    ReceiptEvent,
    ReceiptStatus,
    Unreadable,
)
from flows.connectors.whatsapp_cloud.codes import CODES
from tests.connectors.cloud_api import (
    DOOR,
    HOOK_KEY,
    META,
    RECIPIENT,
    jsons,
    view,
)
from tests.fakes.whatsapp_cloud import (
    APP_SECRET,
    signed,
)

# --- Receipts -------------------------------------------------------------------------------------


def hook(said: object = None, *, body: bytes = b"", **headers: str) -> Hook:
    body = body or json.dumps(said).encode()
    right = {name.lower(): value for name, value in signed(body).items()}
    return Hook(method="POST", url=DOOR, headers={**right, **headers}, body=body)


def events(said: object) -> list[ReceiptEvent]:
    return list(META.parse(hook(said), connection=view()))


def webhook(*statuses: object, **more: object) -> dict[str, object]:
    value = {"messaging_product": "whatsapp", "statuses": list(statuses), **more}
    return {"object": "x", "entry": [{"id": "1", "changes": [{"value": value, "field": "x"}]}]}


SENT = {"id": "wamid.A", "status": "sent", "timestamp": "1750030073", "recipient_id": RECIPIENT}


def test_signature_is_that_of_the_raw_body() -> None:
    genuine = hook(webhook(SENT))
    assert META.verify(genuine, connection=view())
    spaced = replace(genuine, body=json.dumps(webhook(SENT), indent=1).encode())
    assert not META.verify(spaced, connection=view())


def _sha1(body: bytes) -> str:
    return "sha1=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha1).hexdigest()


def _bare(body: bytes) -> str:
    return hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()


def _strangers(body: bytes) -> str:
    return "sha256=" + hmac.new(b"another secret", body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "forge",
    [
        _sha1,
        _bare,
        _strangers,
        lambda body: "",
        lambda body: "sha256=",
        lambda body: "sha256=\u0661\u0662",
        lambda body: f"SHA256={_bare(body)}",
        lambda body: f"sha256={_bare(body)} ",
    ],
)
def test_forged_signature_is_refused(forge: Callable[[bytes], str]) -> None:
    body = json.dumps(webhook(SENT)).encode()
    forged = hook(body=body, **{"x-hub-signature-256": forge(body)})
    assert not META.verify(forged, connection=view())


def test_sha1_header_beside_is_not_enough() -> None:
    body = json.dumps(webhook(SENT)).encode()
    headers = {"x-hub-signature": _sha1(body)}
    assert not META.verify(
        Hook(method="POST", url=DOOR, headers=headers, body=body), connection=view()
    )


def test_connection_without_an_app_secret_believes_nobody() -> None:
    body = b"{}"
    empty = "sha256=" + hmac.new(b"", body, hashlib.sha256).hexdigest()
    forged = hook(body=body, **{"x-hub-signature-256": empty})
    assert not META.verify(forged, connection=view(app_secret=""))


def test_many_statuses_of_several_numbers_come_in_their_order() -> None:
    delivered = {**SENT, "status": "delivered"}
    read = {**SENT, "id": "wamid.B", "status": "read"}
    said = webhook(SENT, delivered)
    said["entry"] = [*said["entry"], *webhook(read)["entry"]]  # type: ignore[misc]
    found = events(said)
    assert [(e.message_id, e.status) for e in found] == [
        ("wamid.A", ReceiptStatus.SENT),
        ("wamid.A", ReceiptStatus.DELIVERED),
        ("wamid.B", ReceiptStatus.READ),
    ]
    assert [e.raw for e in found] == [SENT, delivered, read]
    assert found[0].carrier_at == datetime(2025, 6, 15, 23, 27, 53, tzinfo=UTC)


def test_failure_has_its_code_and_our_words() -> None:
    error = {"code": 131049, "title": "x", "error_data": {"details": "healthy ecosystem"}}
    (event,) = events(webhook({**SENT, "status": "failed", "errors": [error]}))
    assert (event.status, event.error_code) == (ReceiptStatus.FAILED, "131049")
    assert event.error_class is ErrorClass.OUTSIDE_POLICY
    assert event.reason == CODES["131049"].sentence


def test_unknown_failure_says_what_meta_says() -> None:
    error = {"code": 424242, "title": "Short", "error_data": {"details": "The long story."}}
    (event,) = events(webhook({**SENT, "status": "failed", "errors": [error]}))
    assert event.error_class is ErrorClass.UNKNOWN
    assert "424242 (The long story)" in event.reason
    (bare,) = events(webhook({**SENT, "status": "failed"}))
    assert (bare.error_code, bare.error_class) == ("", ErrorClass.UNKNOWN)


def test_our_own_id_comes_back() -> None:
    ours = str(uuid4())
    (event,) = events(webhook({**SENT, "biz_opaque_callback_data": ours}))
    assert event.client_message_id == ours
    (strange,) = events(webhook({**SENT, "biz_opaque_callback_data": "somebody else's"}))
    assert strange.client_message_id == ""


def test_repeated_report_has_the_same_key_and_a_later_one_another() -> None:
    (first,), (again,) = events(webhook(SENT)), events(webhook(dict(SENT)))
    assert first.event_key == again.event_key
    others = [
        {**SENT, "status": "delivered"},
        {**SENT, "timestamp": "1750030074"},
        {**SENT, "id": "wamid.B"},
        {**SENT, "id": "wamid." + "A" * 300},
    ]
    keys = [event.event_key for event in events(webhook(*others))]
    assert len({first.event_key, *keys}) == 5
    assert all(len(key) <= 200 for key in keys)


def test_status_that_we_do_not_know_is_kept_as_unknown() -> None:
    (event,) = events(webhook({**SENT, "status": "played"}))
    assert event.status is ReceiptStatus.UNKNOWN


@pytest.mark.parametrize("timestamp", ["", "soon", "9" * 40, "-1", "१२", None, True, 1.5, []])
def test_time_that_cannot_be_read_is_left_out(timestamp: object) -> None:
    (event,) = events(webhook({**SENT, "timestamp": timestamp}))
    assert event.carrier_at is None


def test_messages_of_people_and_other_fields_are_passed_over() -> None:
    incoming = {"from": RECIPIENT, "id": "wamid.X", "type": "text", "text": {"body": "Hi"}}
    value = {"messages": [incoming], "contacts": [{"wa_id": RECIPIENT}]}
    entry = {"id": "1", "changes": [{"value": value, "field": "messages"}]}
    assert events({"entry": [entry]}) == []
    update = {"event": "PAUSED", "message_template_name": "x"}
    change = {"value": update, "field": "message_template_status_update"}
    assert events({"entry": [{"id": "1", "changes": [change, {"value": None}, 7]}, None]}) == []


def test_one_broken_status_does_not_take_the_others_with_it() -> None:
    (event,) = events(webhook(7, {"status": "sent"}, SENT))
    assert event.message_id == "wamid.A"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{}", b'{"entry": {}}', b"\xff", b"[" * 100_000]
)
def test_body_that_says_nothing_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        META.parse(hook(body=body or b" "), connection=view())


def test_statuses_that_name_no_message_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        events(webhook({"status": "sent"}, 7))


def test_what_no_database_keeps_is_written_otherwise() -> None:
    body = b'{"entry":[{"changes":[{"value":{"statuses":[{"id":"wamid.\\u0000A","status":"sent",'
    body += b'"more":["\\ud800x", 1e999, NaN]}]}}]}]}'
    (event,) = META.parse(hook(body=body), connection=view())
    assert event.message_id == "wamid.A"
    assert event.raw["more"] == ["?x", "inf", "nan"]


@given(status=st.dictionaries(st.sampled_from(sorted({*SENT, "errors", "more"})), jsons) | jsons)
def test_any_status_is_an_event_or_unreadable(status: object) -> None:
    try:
        found = events(webhook(status))
    except Unreadable:
        return
    for event in found:
        assert event.message_id or event.client_message_id
        json.dumps(event.raw, allow_nan=False).encode("ascii")


@given(said=jsons)
def test_any_json_is_read_or_unreadable(said: object) -> None:
    try:
        events(said)
    except Unreadable as unreadable:
        assert str(unreadable)


@given(body=st.binary(max_size=60), header=st.text(max_size=80))
def test_nothing_made_up_is_believed(body: bytes, header: str) -> None:
    made_up = Hook(method="POST", url=DOOR, headers={"x-hub-signature-256": header}, body=body)
    assert META.verify(made_up, connection=view()) is False


# --- The handshake --------------------------------------------------------------------------------


def asked(query: str, *, method: str = "GET") -> HookAnswer | None:
    return META.handshake(Hook(method=method, url=f"{DOOR}?{query}"), connection=view())


def test_handshake_echoes_the_challenge_to_who_knows_the_token() -> None:
    right = f"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={HOOK_KEY}"
    assert asked(right) == HookAnswer(200, "1158201444")
    assert asked(right, method="POST") is None


@pytest.mark.parametrize("token", ["", "another", f"{HOOK_KEY}x", HOOK_KEY[:-1], "%FF"])
def test_handshake_with_a_wrong_token_is_refused(token: str) -> None:
    query = f"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}"
    assert asked(query) == HookAnswer(403)


def test_handshake_without_a_token_of_ours_is_refused() -> None:
    url = f"{DOOR}?hub.mode=subscribe&hub.challenge=1&hub.verify_token="
    nobody = replace(view(), hook_key="")
    assert META.handshake(Hook(method="GET", url=url), connection=nobody) == HookAnswer(403)


def test_other_get_is_no_handshake() -> None:
    assert asked("") is None
    assert asked("hub.mode=unsubscribe") is None
