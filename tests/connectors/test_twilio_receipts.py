"""Twilio's status callbacks: who is believed, and what they say."""

import json
import string
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.connectors.base import (
    ConnectionView,
    ErrorClass,
    Hook,
    ReceiptEvent,
    ReceiptStatus,
    Unreadable,
)
from flows.connectors.twilio import Twilio
from flows.connectors.twilio.codes import CODES
from flows.connectors.twilio.signature import is_signed, sign
from tests.connectors.staging import DOOR, RECIPIENT, hook_of
from tests.fakes.twilio import ACCOUNT, FakeTwilio, signature

TWILIO = Twilio()
OURS = "6f9b1c1e-58e0-4d5c-9a3c-0f3a52a0a001"


def view(**config: str) -> ConnectionView:
    return ConnectionView(config={**FakeTwilio.config, **config}, receipt_url=DOOR)


# --- Who speaks in Twilio's name ------------------------------------------------------------------

# The examples of Twilio's documentation and of its helper libraries.
EXAMPLE = "https://mycompany.com/myapp.php?foo=1&bar=2"
PAIRS = [
    ("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675309"), ("Digits", "1234"),
    ("From", "+14158675309"), ("To", "+18005551212"),
]  # fmt: skip
TWICE = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")]


@pytest.mark.parametrize(
    ("url", "pairs", "signed"),
    [
        (EXAMPLE, PAIRS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (EXAMPLE, TWICE, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (EXAMPLE, [*TWICE, TWICE[0]], "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (EXAMPLE, PAIRS[::-1], "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        # Twilio left a port out, or wrote one that was not there.
        (EXAMPLE.replace(".com", ".com:1234"), PAIRS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (EXAMPLE, PAIRS, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (EXAMPLE.replace("https", "http"), PAIRS, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (
            EXAMPLE.replace("https://mycompany.com", "http://mycompany.com:1234"),
            PAIRS,
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        ),
    ],
)
def test_published_signatures_are_accepted(
    url: str, pairs: Sequence[tuple[str, str]], signed: str
) -> None:
    assert is_signed(signed, token="12345", url=url, pairs=pairs)
    assert not is_signed(signed, token="12346", url=url, pairs=pairs)
    assert not is_signed(signed, token="12345", url=f"{url}&baz=3", pairs=pairs)
    assert not is_signed(signed, token="12345", url=url, pairs=[*pairs, ("New", "")])


def test_published_signature_of_a_json_body_is_accepted() -> None:
    digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    genuine = Hook(
        method="POST",
        url=f"{EXAMPLE}&bodySHA256={digest}",
        headers={
            "x-twilio-signature": "a9nBmqA0ju/hNViExpshrM61xv4=",
            "content-type": "application/json",
        },
        body=b'{"property": "value", "boolean": true}',
    )
    connection = view(auth_token="12345")
    assert TWILIO.verify(genuine, connection=connection)
    altered = replace(genuine, body=genuine.body.replace(b"true", b"null"))
    assert not TWILIO.verify(altered, connection=connection)
    elsewhere = replace(genuine, url=genuine.url.replace("foo=1", "foo=2"))
    assert not TWILIO.verify(elsewhere, connection=connection)


def callback(url: str = f"{DOOR}?attempt={OURS}", **fields: str) -> Hook:
    """A status callback with a good signature."""
    usual = {
        "MessageSid": "SM" + 32 * "a",
        "MessageStatus": "delivered",
        "To": f"+{RECIPIENT}",
        "AccountSid": ACCOUNT,
    }
    said = {**usual, **fields}
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": signature(url, said),
    }
    return Hook(method="POST", url=url, headers=headers, body=urlencode(said).encode())


def verified(hook: Hook, **config: str) -> bool:
    return TWILIO.verify(hook, connection=view(**config))


@pytest.mark.parametrize("port", ["", ":443", ":8443"])
@pytest.mark.parametrize("signed_port", ["", ":443", ":8443"])
def test_port_in_our_address_or_in_twilios_signature_does_not_matter(
    port: str, signed_port: str
) -> None:
    def at(given_port: str) -> str:
        return DOOR.replace(".example", f".example{given_port}") + "?attempt=" + OURS

    fields = {"MessageSid": "SM1", "MessageStatus": "sent"}
    hook = replace(
        callback(at(port), **fields),
        headers={
            "x-twilio-signature": callback(at(signed_port), **fields).headers["x-twilio-signature"]
        },
    )
    may = signed_port in ("", ":443", port)
    assert verified(hook) is may


def test_callback_without_or_with_a_wrong_signature_is_forged() -> None:
    genuine = callback()
    assert verified(genuine)
    for wrong in (
        "",
        "x",
        signature(DOOR, {}),
        "\u00e9\ud800",
        genuine.headers["x-twilio-signature"][:-1],
    ):
        assert not verified(replace(genuine, headers={"x-twilio-signature": wrong}))
    assert not verified(replace(genuine, headers={}))
    assert not verified(genuine, auth_token="0" * 32)


def test_connection_without_a_token_believes_nobody() -> None:
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    hook = callback(DOOR, **fields)
    forged = replace(
        hook, headers={"x-twilio-signature": sign("", DOOR, parse_qsl(hook.body.decode()))}
    )
    assert not verified(forged, auth_token="")


texts = st.text(max_size=12)


@given(
    fields=st.dictionaries(
        st.text(string.ascii_letters, min_size=1, max_size=8), texts, max_size=6
    ),
    query=st.dictionaries(
        st.text(string.ascii_lowercase, min_size=1, max_size=5), texts, max_size=3
    ),
    token=st.text(string.hexdigits, min_size=32, max_size=32),
)
def test_what_twilio_signs_is_believed_and_nothing_else(
    fields: dict[str, str], query: dict[str, str], token: str
) -> None:
    fields = {name: value for name, value in fields.items() if not _is_broken(value)}
    query = {name: value for name, value in query.items() if not _is_broken(value)}
    url = f"{DOOR}?{urlencode(query)}"
    hook = Hook(
        method="POST",
        url=url,
        headers={"x-twilio-signature": signature(url, fields, token=token)},
        body=urlencode(fields).encode(),
    )
    assert verified(hook, auth_token=token)
    more = urlencode({**fields, "zz": "1"}).encode()
    assert not verified(replace(hook, body=more), auth_token=token)
    assert not verified(replace(hook, url=f"{url}&zz=1"), auth_token=token)
    assert not verified(hook, auth_token=f"{token}0")


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


@given(
    url=st.sampled_from([DOOR, "", "https://[", f"{DOOR}?bodySHA256=", "http://a:b@c:d/?#"]),
    header=st.text(max_size=40),
    body=st.binary(max_size=80),
)
def test_check_of_a_signature_never_fails(url: str, header: str, body: bytes) -> None:
    hook = Hook(method="POST", url=url, headers={"x-twilio-signature": header}, body=body)
    assert verified(hook) is False


def test_more_fields_than_a_callback_has_are_not_even_read() -> None:
    body = urlencode([(f"f{at}", "") for at in range(300)]).encode()
    assert not verified(replace(callback(), body=body))


# --- What receipts say ----------------------------------------------------------------------------


def parsed(hook: Hook) -> Sequence[ReceiptEvent]:
    return TWILIO.parse(hook, connection=view())


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("accepted", ReceiptStatus.ACCEPTED),
        ("scheduled", ReceiptStatus.ACCEPTED),
        ("queued", ReceiptStatus.ACCEPTED),
        ("sending", ReceiptStatus.ACCEPTED),
        ("sent", ReceiptStatus.SENT),
        ("delivered", ReceiptStatus.DELIVERED),
        ("Delivered", ReceiptStatus.DELIVERED),
        ("read", ReceiptStatus.READ),
        ("undelivered", ReceiptStatus.FAILED),
        ("failed", ReceiptStatus.FAILED),
        ("canceled", ReceiptStatus.FAILED),
        ("teleported", ReceiptStatus.UNKNOWN),
    ],
)
def test_status_is_read(said: str, meaning: ReceiptStatus) -> None:
    (event,) = parsed(callback(MessageStatus=said))
    assert event.status is meaning
    assert (event.message_id, event.client_message_id) == ("SM" + 32 * "a", OURS)
    assert event.raw["MessageStatus"] == said


def test_failure_says_why() -> None:
    (event,) = parsed(callback(MessageStatus="undelivered", ErrorCode="30007"))
    assert (event.error_code, event.error_class) == ("30007", ErrorClass.CONTENT_REJECTED)
    assert event.reason == CODES["30007"].sentence


@pytest.mark.parametrize("code", ["", "0", "abc"])
def test_failure_without_a_code_is_a_failure_all_the_same(code: str) -> None:
    (event,) = parsed(callback(MessageStatus="failed", ErrorCode=code))
    assert (event.status, event.error_code) == (ReceiptStatus.FAILED, "")
    assert event.error_class is ErrorClass.UNKNOWN
    assert event.reason


def test_message_that_was_canceled_says_so() -> None:
    (event,) = parsed(callback(MessageStatus="canceled"))
    assert event.reason == "the message was canceled at Twilio"


def test_code_beside_a_good_status_is_no_failure() -> None:
    """Twilio warns so that a sender should be registered."""
    (event,) = parsed(callback(MessageStatus="delivered", ErrorCode="30018"))
    assert (event.status, event.error_code) == (ReceiptStatus.DELIVERED, "")


def test_key_is_the_same_for_the_same_report_and_another_otherwise() -> None:
    def key(**fields: str) -> str:
        return parsed(callback(**fields))[0].event_key

    same = key(MessageStatus="sent")
    assert same == key(MessageStatus="sent", RawDlrDoneDate="2601011200")
    others = {
        key(MessageStatus="delivered"),
        key(MessageStatus="sent", MessageSid="SM" + 32 * "b"),
        key(MessageStatus="undelivered"),
        key(MessageStatus="undelivered", ErrorCode="30003"),
    }
    assert len(others | {same}) == 5


@pytest.mark.parametrize("query", ["", "attempt=", "attempt=17", "attempt=%00", "other=1"])
def test_id_that_is_not_ours_is_left_out(query: str) -> None:
    (event,) = parsed(callback(f"{DOOR}?{query}"))
    assert event.client_message_id == ""


def test_old_names_of_the_fields_are_read_too() -> None:
    hook = callback(MessageSid="", MessageStatus="", SmsSid="SM1", SmsStatus="sent")
    (event,) = parsed(hook)
    assert (event.message_id, event.status) == ("SM1", ReceiptStatus.SENT)


def test_message_that_somebody_writes_to_us_is_no_receipt() -> None:
    hook = callback(MessageStatus="", SmsStatus="received", Body="STOP")
    assert parsed(hook) == ()


def test_json_callback_is_read_when_its_hash_is_signed() -> None:
    body = json.dumps({"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": 30006})
    url = f"{DOOR}?attempt={OURS}&bodySHA256=00"
    (event,) = parsed(Hook(method="POST", url=url, body=body.encode()))
    assert (event.status, event.error_code) == (ReceiptStatus.FAILED, "30006")
    assert event.client_message_id == OURS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"MessageSid=SM1",
        b"MessageStatus=sent",
        b"MessageSid=%20&MessageStatus=sent",
        b"\xff\xfe",
        b'{"MessageSid": "SM1", "MessageStatus": "sent"}',  # JSON without its hash in the URL
        b"MessageSid=" + b"a" * 65 + b"&MessageStatus=sent",
    ],
)
def test_callback_that_names_no_message_or_status_cannot_be_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parsed(replace(callback(), body=body))


@given(
    body=st.binary(max_size=200)
    | st.dictionaries(
        st.sampled_from(["MessageSid", "MessageStatus", "ErrorCode", "SmsSid", "SmsStatus", "x"]),
        st.text(max_size=80),
    ).map(lambda fields: urlencode(fields, errors="replace").encode())
    | st.recursive(
        st.none() | st.text(max_size=9) | st.integers() | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["MessageSid", "MessageStatus", "ErrorCode"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode()),
    url=st.sampled_from([DOOR, f"{DOOR}?bodySHA256=x", f"{DOOR}?attempt=%ff&bodySHA256"]),
)
def test_anything_is_read_or_unreadable(body: bytes, url: str) -> None:
    try:
        events = parsed(Hook(method="POST", url=url, body=body))
    except Unreadable:
        return
    for event in events:
        assert event.message_id
        assert len(event.event_key) <= 200
        json.dumps(event.raw)


def test_example_is_believed_and_read() -> None:
    name = f"selftest-{uuid4()}"
    hook = hook_of(TWILIO.example(message_id=name, connection=view()))
    assert verified(hook)
    (event,) = parsed(hook)
    assert (event.message_id, event.status) == (name, ReceiptStatus.DELIVERED)
