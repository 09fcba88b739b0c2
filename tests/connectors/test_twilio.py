"""Twilio: what it is sent, what its answers mean, and what it can be asked."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from flows.connectors.base import (
    Accepted,
    Answer,
    CarrierFault,
    ConnectionView,
    ErrorClass,
    NotTaken,
    OutboundMessage,
    ReceiptEvent,
    ReceiptStatus,
    Refused,
    Unknown,
)
from flows.connectors.twilio import Twilio
from flows.connectors.twilio.codes import CODES, CREDENTIAL_CODES, NOT_TAKEN
from flows.placeholders import Channel, resolve
from tests.connectors.conformance import ConnectorConformance
from tests.connectors.staging import CONTENTS, DOOR, RECIPIENT, Canned, do
from tests.fakes import acts
from tests.fakes.twilio import (
    ACCOUNT,
    API,
    API_KEY,
    API_SECRET,
    SERVICE,
    TOKEN,
    FakeTwilio,
    basic,
    number,
    problem,
)

TWILIO = Twilio()
OURS = "6f9b1c1e-58e0-4d5c-9a3c-0f3a52a0a001"
CONTENT = CONTENTS[Channel.SMS]


class TestTwilio(ConnectorConformance):
    connector = TWILIO
    fake_class = FakeTwilio
    refusal, failure = "21610", "30007"
    signs = frozenset({"body", "url"})


@pytest.fixture
def fake() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        fake.usual = acts.Silent()
        yield fake


def view(url: str = "", **config: str) -> ConnectionView:
    full = {**FakeTwilio.config, **config}
    return ConnectionView(config=full, base_url=url, receipt_url=DOOR)


def message(**fields: Any) -> OutboundMessage:
    given_: dict[str, Any] = {
        "client_message_id": OURS,
        "channel": Channel.SMS,
        "sender": "15005550006",
        "recipient": RECIPIENT,
        "content": CONTENT,
        "resolved": resolve(CONTENT, {"1": "Zoë & Co", "2": "58213+1"}),
    }
    return OutboundMessage(**{**given_, **fields})


def send(connection: ConnectionView, **fields: Any) -> Any:
    return do(lambda web: TWILIO.send(message(**fields), connection=connection, http=web))


def canned(status: int, body: Any, **headers: str) -> Canned:
    return Canned(Answer(status, headers, json.dumps(body).encode()))


def outcome(status: int, body: Any, **headers: str) -> Any:
    web = canned(status, body, **headers)
    return asyncio.run(TWILIO.send(message(), connection=view(), http=web))


# --- What Twilio is sent --------------------------------------------------------------------------


def test_message_is_a_form_with_everything_that_twilio_needs(fake: FakeTwilio) -> None:
    result = send(view(fake.url), wait_s=45)
    assert isinstance(result, Accepted)
    assert result.message_id == fake.taken[0].message_id
    (asked,) = fake.asked
    assert (asked.method, asked.path) == ("POST", f"{API}/{ACCOUNT}/Messages.json")
    assert asked.headers["Authorization"] == basic(ACCOUNT, TOKEN)
    assert dict(parse_qsl(asked.body.decode())) == {
        "To": f"+{RECIPIENT}",
        "From": "+15005550006",
        "Body": "Hi Zoë & Co, order 58213+1.",
        "StatusCallback": f"{DOOR}?attempt={OURS}",
        "ValidityPeriod": "45",
    }
    assert fake.complaints == []
    assert fake.taken[0].client_message_id == OURS


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("15005550006", "+15005550006"),
        ("12345678", "+12345678"),
        ("72975", "72975"),  # a short code
        ("650001", "650001"),  # a numeric header
        ("ACMERT", "ACMERT"),
        ("4ACME", "4ACME"),
    ],
)
def test_sender_is_written_as_its_kind_wants(fake: FakeTwilio, sender: str, shown: str) -> None:
    assert isinstance(send(view(fake.url), sender=sender), Accepted)
    assert fake.taken[0].fields["From"] == shown
    assert fake.complaints == []


def test_messaging_service_takes_the_place_of_the_sender(fake: FakeTwilio) -> None:
    assert isinstance(send(view(fake.url, messaging_service_sid=SERVICE)), Accepted)
    assert fake.taken[0].fields["MessagingServiceSid"] == SERVICE
    assert "From" not in fake.taken[0].fields
    assert fake.complaints == []


def test_api_key_sends_when_there_is_one(fake: FakeTwilio) -> None:
    send(view(fake.url, api_key_sid=API_KEY, api_key_secret=API_SECRET))
    assert fake.asked[0].headers["Authorization"] == basic(API_KEY, API_SECRET)
    assert len(fake.taken) == 1


@pytest.mark.parametrize(
    ("wait_s", "validity"), [(0, "1"), (1, "1"), (60, "60"), (36_000, "36000"), (90_000, "36000")]
)
def test_message_is_valid_no_longer_than_its_step_waits(
    fake: FakeTwilio, wait_s: int, validity: str
) -> None:
    """Twilio must not send it when the next step has taken over."""
    assert isinstance(send(view(fake.url), wait_s=wait_s), Accepted)
    assert fake.taken[0].fields["ValidityPeriod"] == validity


def test_without_a_door_no_receipt_is_asked_for(fake: FakeTwilio) -> None:
    assert isinstance(send(replace(view(fake.url), receipt_url="")), Accepted)
    assert "StatusCallback" not in fake.taken[0].fields


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": "919876540001"}, "21211"),
        ({"To": ""}, "21604"),
        ({"Body": ""}, "21602"),
        ({"Body": "x" * 1601}, "21617"),
        ({"From": ""}, "21212"),
        ({"MessagingServiceSid": SERVICE}, "21603"),
        ({"ValidityPeriod": "36001"}, "90007"),
        ({"StatusCallback": "here"}, "21609"),
    ],
)
def test_fake_refuses_and_notes_what_twilio_would_refuse(
    fake: FakeTwilio, fields: Mapping[str, str], code: str
) -> None:
    good = {"To": f"+{RECIPIENT}", "From": "+15005550006", "Body": "Hi"}
    headers = {
        "Authorization": basic(ACCOUNT, TOKEN),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = urlencode({**good, **fields}).encode()
    url = f"{fake.url}{API}/{ACCOUNT}/Messages.json"
    answer = do(lambda web: web.post(url, body=body, headers=headers, timeout_s=5))
    assert (answer.status, json.loads(answer.body)["code"]) == (400, int(code))
    assert len(fake.complaints) == 1
    assert fake.taken == []


# --- What Twilio answers --------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(CODES))
def test_code_of_a_refusal_is_explained(code: str) -> None:
    result = outcome(400, {"code": int(code), "message": "Words", "status": 400})
    assert isinstance(result, NotTaken if code in NOT_TAKEN else Refused)
    assert (result.code, result.error_class) == (code, CODES[code].error_class)
    assert result.reason == CODES[code].sentence


def test_codes_of_the_account_and_of_messages_not_made_are_in_the_table() -> None:
    assert set(CODES) >= CREDENTIAL_CODES | NOT_TAKEN
    assert {CODES[code].error_class for code in CREDENTIAL_CODES} == {ErrorClass.BLOCKED}
    assert not CREDENTIAL_CODES & NOT_TAKEN


def test_person_who_replied_stop_has_opted_out(fake: FakeTwilio) -> None:
    fake.play(RECIPIENT, acts.Refuse("21610"))
    result = send(view(fake.url))
    assert isinstance(result, Refused)
    assert result.error_class is ErrorClass.OPTED_OUT


def test_wrong_credentials_are_a_refusal_that_the_breaker_knows(fake: FakeTwilio) -> None:
    result = send(view(fake.url, auth_token="0" * 32))
    assert isinstance(result, Refused)
    assert (result.code, result.error_class) == ("20003", ErrorClass.BLOCKED)
    assert result.code in TWILIO.credential_codes
    assert (fake.taken, fake.complaints) == ([], [])


def test_code_that_nobody_knows_is_kept_with_twilios_words() -> None:
    result = outcome(400, {"code": 29999, "message": "Something\n new. ", "status": 400})
    assert isinstance(result, Refused)
    assert (result.code, result.error_class) == ("29999", ErrorClass.UNKNOWN)
    assert "29999 (Something new)" in result.reason


@pytest.mark.parametrize(
    ("status", "body", "kind", "error_class"),
    [
        (429, {"code": 20429}, NotTaken, ErrorClass.THROTTLED),
        (429, {"code": 29999}, NotTaken, ErrorClass.THROTTLED),
        (400, {"code": 21611}, NotTaken, ErrorClass.THROTTLED),
        (503, {"code": 20503}, NotTaken, ErrorClass.CARRIER_DOWN),
        (503, {"code": 29999}, NotTaken, ErrorClass.CARRIER_DOWN),
        (500, {"code": 20500}, Unknown, None),  # who knows what was done before it failed
        (502, {"code": 20503}, NotTaken, ErrorClass.CARRIER_DOWN),
        (504, {"code": 20504}, Unknown, None),
        (201, {"code": 21610}, Unknown, None),
        (201, {"sid": ""}, Unknown, None),
        (201, {"sid": None, "status": "queued"}, Unknown, None),
        (201, {"sid": "SM 1\n"}, Unknown, None),
        (400, {"code": None}, Refused, ErrorClass.UNKNOWN),
        (400, {"code": "21610"}, Refused, ErrorClass.UNKNOWN),
        (302, {"code": 21610}, Unknown, None),
    ],
)
def test_answer_is_taken_for_no_more_than_it_says(
    status: int, body: Any, kind: type, error_class: ErrorClass | None
) -> None:
    result = outcome(status, body)
    assert type(result) is kind
    assert getattr(result, "error_class", None) is error_class


def test_pause_that_twilio_asks_for_is_passed_on() -> None:
    result = outcome(429, {"code": 20429}, **{"Retry-After": "7"})
    assert isinstance(result, NotTaken)
    assert result.retry_after_s == 7


# --- Questions ------------------------------------------------------------------------------------


def check(connection: ConnectionView) -> str:
    said: str = do(lambda web: TWILIO.check(connection=connection, http=web))
    return said


def test_good_credentials_are_said_to_be_good(fake: FakeTwilio) -> None:
    said = check(view(fake.url))
    assert said == "Twilio accepts the credentials of the account “Acme Retail”."
    assert TOKEN not in said


def test_trial_account_is_said_to_be_one(fake: FakeTwilio) -> None:
    fake.account_type = "Trial"
    assert "sends to verified numbers only" in check(view(fake.url))


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_account_that_is_not_active_is_not_good(fake: FakeTwilio, status: str) -> None:
    fake.account_status = status
    with pytest.raises(CarrierFault, match=f"The Twilio account is {status}"):
        check(view(fake.url))


def test_wrong_token_is_named_without_being_shown(fake: FakeTwilio) -> None:
    with pytest.raises(CarrierFault, match="does not accept the Account SID") as caught:
        check(view(fake.url, auth_token="1" * 32))
    assert caught.value.error_class is ErrorClass.BLOCKED
    assert "1" * 32 not in repr(caught.value)


def test_api_key_is_tried_too(fake: FakeTwilio) -> None:
    connection = view(fake.url, api_key_sid=API_KEY, api_key_secret=API_SECRET)
    assert "accepts the credentials" in check(connection)
    fake.key_is_good = False
    with pytest.raises(CarrierFault, match="does not accept the API key"):
        check(connection)


@pytest.mark.parametrize("half", [{"api_key_sid": API_KEY}, {"api_key_secret": API_SECRET}])
def test_half_an_api_key_is_none(fake: FakeTwilio, half: dict[str, str]) -> None:
    with pytest.raises(CarrierFault, match="both the SID and the secret"):
        check(view(fake.url, **half))


def poll(fake: FakeTwilio, message_id: str) -> Sequence[ReceiptEvent]:
    events: Sequence[ReceiptEvent] = do(
        lambda web: TWILIO.poll(message_id, connection=view(fake.url), http=web)
    )
    return events


def test_question_about_a_message_is_answered_like_a_receipt(fake: FakeTwilio) -> None:
    sent = send(view(fake.url))
    fake.state[sent.message_id] = ("delivered", "")
    (event,) = poll(fake, sent.message_id)
    assert (event.status, event.message_id) == (ReceiptStatus.DELIVERED, sent.message_id)
    assert event.carrier_at is not None
    assert abs(event.carrier_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert "58213" not in json.dumps(event.raw)  # what it said is nobody's business here


def test_question_about_a_message_that_failed_says_why(fake: FakeTwilio) -> None:
    sent = send(view(fake.url))
    fake.state[sent.message_id] = ("failed", "30005")
    (event,) = poll(fake, sent.message_id)
    assert (event.status, event.error_code) == (ReceiptStatus.FAILED, "30005")
    assert event.error_class is ErrorClass.BAD_NUMBER


def test_question_about_a_message_that_twilio_does_not_know(fake: FakeTwilio) -> None:
    with pytest.raises(CarrierFault, match="does not know what was asked for"):
        poll(fake, "SM/../../../etc")


@pytest.mark.parametrize(
    ("status", "body", "error_class"),
    [
        (200, {"sid": "SM2", "status": "delivered"}, ErrorClass.UNKNOWN),  # of another message
        (200, {"sid": "SM1"}, ErrorClass.UNKNOWN),
        (200, [], ErrorClass.UNKNOWN),
        (401, {}, ErrorClass.BLOCKED),
        (429, {}, ErrorClass.THROTTLED),
        (500, {}, ErrorClass.CARRIER_DOWN),
        (400, {"code": 21730}, ErrorClass.CARRIER_DOWN),
    ],
)
def test_answer_about_a_message_that_cannot_be_used_is_a_fault(
    status: int, body: Any, error_class: ErrorClass
) -> None:
    with pytest.raises(CarrierFault) as caught:
        asyncio.run(TWILIO.poll("SM1", connection=view(), http=canned(status, body)))
    assert caught.value.error_class is error_class


def senders(fake: FakeTwilio) -> list[str]:
    found = do(lambda web: TWILIO.list_senders(connection=view(fake.url), http=web))
    return [sender.identifier for sender in found]


def test_all_numbers_that_can_send_are_listed(fake: FakeTwilio) -> None:
    fake.numbers = [number(f"1500555{at:04}") for at in range(45)]
    fake.numbers.insert(3, number("442071838750", sms=False))
    assert senders(fake) == [f"1500555{at:04}" for at in range(45)]
    assert len(fake.asked) == 3  # three pages


def test_next_page_elsewhere_is_not_asked_for() -> None:
    asked: list[str] = []

    class Sly(Canned):
        async def get(self, url: str, **_: object) -> Answer:
            asked.append(url)
            return await super().get(url)

    page = {"incoming_phone_numbers": [number("15005550006")], "next_page_uri": "@evil.example/x?"}
    web = Sly(Answer(200, {}, json.dumps(page).encode()))
    found = asyncio.run(TWILIO.list_senders(connection=view(), http=web))
    assert ([sender.identifier for sender in found], len(asked)) == (["15005550006"], 1)
    assert asked[0].startswith("https://api.twilio.com/2010-04-01/Accounts/")


def test_secrets_are_in_no_text_of_the_connection() -> None:
    shown = repr(view(api_key_secret=API_SECRET)) + repr(TWILIO)
    assert TOKEN not in shown
    assert API_SECRET not in shown


def test_problem_is_written_as_twilio_writes_it() -> None:
    assert json.loads(problem("21610").text or "") == {
        "code": 21610,
        "message": "Attempt to send to unsubscribed recipient",
        "more_info": "https://www.twilio.com/docs/errors/21610",
        "status": 400,
    }
