"""Meta's Cloud API: messages as Meta wants them, over a real socket, and what its refusals mean."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from flows.connectors.base import (
    Accepted,
    AnswerLost,
    CarrierFault,
    ErrorClass,
    NotTaken,
    Refused,
    SendResult,
    Unknown,
)
from flows.connectors.whatsapp_cloud import sending
from flows.connectors.whatsapp_cloud.codes import AGAIN, CODES, CREDENTIAL_CODES, VAGUE
from flows.placeholders import CODE_KEY, HEADER_KEY, URL_KEY, Button, Channel, TemplateContent
from tests.connectors.cloud_api import (
    HOOK_KEY,
    META,
    RECIPIENT,
    answered,
    message,
    refusal,
    send,
    view,
    whatsapp,
)
from tests.connectors.conformance import ConnectorConformance
from tests.connectors.staging import Canned, do
from tests.fakes import acts
from tests.fakes.whatsapp_cloud import (
    APP_SECRET,
    NUMBER_ID,
    ORDER_UPDATE,
    PARCEL_NEWS,
    TOKEN,
    FakeWhatsAppCloud,
)

OURS = {"sender-id", "credentials"}  # codes that Meta does not give
FINAL = sorted(CODES.keys() - AGAIN.keys() - VAGUE.keys() - OURS)


class TestWhatsAppCloud(ConnectorConformance):
    connector = META
    fake_class = FakeWhatsAppCloud
    refusal, failure = "132001", "131026"
    sender_id = NUMBER_ID
    contents: Mapping[Channel, TemplateContent] = {Channel.WHATSAPP: PARCEL_NEWS}


# --- Messages -------------------------------------------------------------------------------------


def test_template_message_is_what_meta_documents(meta: FakeWhatsAppCloud) -> None:
    sent = message()
    result = send(meta, sent)
    assert isinstance(result, Accepted)
    (asked,) = meta.asked
    assert (asked.method, asked.path) == ("POST", f"/v26.0/{NUMBER_ID}/messages")
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(asked.body) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": RECIPIENT,
        "type": "template",
        "template": {
            "name": "order_update",
            "language": {"code": "en"},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "text": "Asha"},
                        {"type": "text", "text": "58213"},
                        {"type": "text", "text": "Friday"},
                    ],
                }
            ],
        },
        "biz_opaque_callback_data": sent.client_message_id,
    }
    assert meta.taken[0].text == "Hi Asha, your order *58213* arrives by Friday."
    assert result.message_id == meta.taken[0].message_id


def test_template_without_variables_has_no_components(meta: FakeWhatsAppCloud) -> None:
    content = whatsapp("hello_world", "Welcome.")
    meta.have(content)
    assert isinstance(send(meta, message(content, {})), Accepted)
    assert "components" not in json.loads(meta.asked[0].body)["template"]


def test_named_variables_carry_their_names(meta: FakeWhatsAppCloud) -> None:
    content = whatsapp(
        "order_named",
        "Hi {{first_name}}, {{first_name}}: order {{order}}.",
        header_kind="text",
        header_text="News for {{shop}}",
    )
    meta.have(content)
    params = {"first_name": "Asha", "order": "58213", HEADER_KEY: "Acme"}
    assert isinstance(send(meta, message(content, params)), Accepted)
    assert meta.taken[0].text == "Hi Asha, Asha: order 58213."
    header, body = meta.taken[0].fields["template"]["components"]
    assert header["parameters"] == [{"type": "text", "parameter_name": "shop", "text": "Acme"}]
    assert [p["parameter_name"] for p in body["parameters"]] == ["first_name", "order"]


def test_values_by_position_come_before_those_with_names() -> None:
    content = whatsapp("mixed", "Hi {{first_name}}, order {{1}} of {{shop}} is {{2}}.")
    params = {"1": "58213", "2": "here", "first_name": "Asha", "shop": "Acme"}
    (body,) = json.loads(sending.body_of(message(content, params)))["template"]["components"]
    assert [(p.get("parameter_name"), p["text"]) for p in body["parameters"]] == [
        (None, "58213"),
        (None, "here"),
        ("first_name", "Asha"),
        ("shop", "Acme"),
    ]


@pytest.mark.parametrize("kind", ["image", "video", "document"])
def test_media_header_goes_by_its_link(meta: FakeWhatsAppCloud, kind: str) -> None:
    content = replace(ORDER_UPDATE, name=f"with_{kind}", header_kind=kind)
    meta.have(content)
    url = "https://cdn.acme.example/files/invoice-58213.pdf?v=2"
    assert isinstance(send(meta, message(content, media_url=url)), Accepted)
    header = meta.taken[0].fields["template"]["components"][0]
    name = {"filename": "invoice-58213.pdf"} if kind == "document" else {}
    medium = {"link": url, **name}
    assert header == {"type": "header", "parameters": [{"type": kind, kind: medium}]}


def test_only_the_dynamic_link_button_is_filled_in(meta: FakeWhatsAppCloud) -> None:
    buttons = (
        Button("quick_reply", "Stop"),
        Button("phone", "Call us", "+919876543210"),
        Button("url", "Shop", "https://acme.example/"),
        Button("url", "Track", "https://acme.example/t/{{1}}"),
    )
    content = whatsapp("track_it", "On its way.", buttons=buttons)
    meta.have(content)
    assert isinstance(send(meta, message(content, {URL_KEY: "58213"})), Accepted)
    assert meta.taken[0].fields["template"]["components"] == [
        {
            "type": "button",
            "sub_type": "url",
            "index": "3",
            "parameters": [{"type": "text", "text": "58213"}],
        }
    ]


def test_authentication_template_has_the_code_twice(meta: FakeWhatsAppCloud) -> None:
    content = replace(
        whatsapp("login_code", "{{1}} is your verification code."),
        kind="authentication",
        category="authentication",
        language="en_US",
    )
    meta.have(content)
    assert isinstance(send(meta, message(content, {CODE_KEY: "482913"})), Accepted)
    body, button = meta.taken[0].fields["template"]["components"]
    assert body["parameters"] == button["parameters"] == [{"type": "text", "text": "482913"}]
    assert (button["sub_type"], button["index"]) == ("url", "0")


@pytest.mark.parametrize("word", ["held_for_quality_assessment", "paused"])
def test_message_that_meta_holds_back_is_accepted(meta: FakeWhatsAppCloud, word: str) -> None:
    meta.message_status = word
    assert isinstance(send(meta), Accepted)


def test_template_that_does_not_fit_is_refused_with_the_reason(meta: FakeWhatsAppCloud) -> None:
    meta.have(replace(ORDER_UPDATE, body="Hi {{1}}, your order {{2}} is here."))
    result = send(meta)
    assert isinstance(result, Refused)
    assert (result.code, result.error_class) == ("132000", ErrorClass.TEMPLATE_PROBLEM)
    unknown = send(meta, message(replace(ORDER_UPDATE, language="hi")))
    assert isinstance(unknown, Refused) and unknown.code == "132001"
    meta.have(ORDER_UPDATE, status="PAUSED")
    paused = send(meta)
    assert isinstance(paused, Refused) and paused.code == "132015"
    assert meta.taken == []


@pytest.mark.parametrize("number", ["", "me/accounts", "1?fields=x", "106540352242922/..", "१२३"])
def test_sender_without_a_phone_number_id_is_refused_before_meta_is_asked(number: str) -> None:
    web = Canned(AssertionError("nobody may be asked"))
    sent = message(sender_id=number)
    result = asyncio.run(META.send(sent, connection=view(), http=web))
    assert result == Refused("sender-id", ErrorClass.BLOCKED, CODES["sender-id"].sentence)


# --- Refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(AGAIN))
def test_limits_and_outages_are_not_taken(meta: FakeWhatsAppCloud, code: str) -> None:
    meta.play(RECIPIENT, acts.Refuse(code))
    result = send(meta)
    assert isinstance(result, NotTaken)
    assert result.code == code
    assert result.error_class in (ErrorClass.THROTTLED, ErrorClass.CARRIER_DOWN)
    assert meta.taken == []


def test_pair_rate_waits_as_long_as_meta_says(meta: FakeWhatsAppCloud) -> None:
    meta.play(RECIPIENT, acts.Refuse("131056"))
    result = send(meta)
    assert isinstance(result, NotTaken) and result.retry_after_s == 6


@pytest.mark.parametrize("code", FINAL)
def test_every_other_code_is_refused_for_good(meta: FakeWhatsAppCloud, code: str) -> None:
    meta.play(RECIPIENT, acts.Refuse(code))
    result = send(meta)
    assert isinstance(result, Refused)
    assert (result.code, result.error_class) == (code, CODES[code].error_class)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, 2, NotTaken),
        (500, 2, Unknown),
        (400, 1, Refused),
        (500, 1, Unknown),
        (503, 1, NotTaken),
        (429, 999, NotTaken),
        (503, 999, NotTaken),
        (400, 999, Refused),
        (500, 999, Unknown),
        (200, 999, Unknown),
        (500, 131000, Refused),
    ],
)
def test_vague_refusal_is_believed_only_as_documented(
    status: int, code: int, kind: type[SendResult]
) -> None:
    assert type(answered(status, refusal(code))) is kind


def test_permission_codes_are_read_as_the_one_that_stands_for_them() -> None:
    result = answered(403, refusal(273))
    assert isinstance(result, Refused) and result.code == "200"
    assert result.code in META.credential_codes


def test_refusal_with_another_status_than_usual_keeps_its_meaning() -> None:
    result = answered(429, refusal(131048))
    assert isinstance(result, Refused) and result.error_class is ErrorClass.THROTTLED


def test_details_of_an_unknown_code_are_passed_on() -> None:
    result = answered(400, refusal(999, error_data={"details": "The moon is in the way."}))
    assert isinstance(result, Refused)
    assert result.reason.endswith("the code 999 (The moon is in the way), which is not known here")


def test_credential_codes_are_in_the_table() -> None:
    assert CODES.keys() >= CREDENTIAL_CODES | OURS
    assert {CODES[code].error_class for code in CREDENTIAL_CODES} == {ErrorClass.BLOCKED}
    assert AGAIN.keys() | VAGUE.keys() <= CODES.keys()


def test_opting_out_of_marketing_ends_the_execution() -> None:
    assert CODES["131050"].error_class is ErrorClass.OPTED_OUT


# --- Secrets --------------------------------------------------------------------------------------


def test_token_that_meta_repeats_is_not_kept(meta: FakeWhatsAppCloud) -> None:
    planted = "EAAplanted-token-0123456789"
    result = send(meta, access_token=planted)
    assert isinstance(result, Refused)
    assert "Malformed access token •••" in repr(result.raw)
    assert planted not in repr(result)
    with pytest.raises(CarrierFault) as fault:
        do(lambda web: META.check(connection=view(meta.url, access_token=planted), http=web))
    assert planted not in str(fault.value)


def test_secrets_do_not_stand_in_what_python_shows() -> None:
    shown = repr(view())
    assert not [secret for secret in (TOKEN, APP_SECRET, HOOK_KEY) if secret in shown]


def test_lost_answer_says_nothing_of_the_token() -> None:
    web = Canned(AnswerLost("no answer within 20 s"))
    result = asyncio.run(META.send(message(), connection=view(), http=web))
    assert result == Unknown("no answer within 20 s")
