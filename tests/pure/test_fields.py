"""What a caller is told to send for a template, and how a message looks with samples."""

import json

import pytest

from flows.placeholders import Button, Field, Piece, TemplateContent, fields, preview
from tests.pure.builders import SMS, WHATSAPP, authentication, sms, whatsapp, with_header_and_url


def keys(content: TemplateContent) -> list[str]:
    return [field.key for field in fields(content)]


# --- Fields ---------------------------------------------------------------------------------------


def test_a_template_without_variables_needs_nothing() -> None:
    assert fields(sms("Hello")) == ()
    assert fields(whatsapp("Hello")) == ()


def test_nine_positions_have_plain_keys_and_ten_have_padded_ones() -> None:
    assert keys(sms("{#var#}" * 9)) == list("123456789")
    padded = keys(sms("{#var#}" * 10))
    assert padded == sorted(padded)
    assert padded == ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"]


def test_labels_say_which_variable_is_meant() -> None:
    assert [field.label for field in fields(sms("{#var#} {{2}} {{4}} {name}"))] == [
        "{#var#} no. 1",
        "{{2}}",
        "Value 3 (not shown)",
        "{{4}}",
        "name",
    ]


def test_special_keys_say_where_they_go() -> None:
    assert [(field.key, field.where) for field in fields(with_header_and_url())] == [
        ("#param_header#", "header"),
        ("1", "body"),
        ("#param_url#", "button"),
    ]


def test_authentication_and_otp_ask_for_the_code_first() -> None:
    code = Field("#verification_code#", "Verification code", "code", "482913")
    assert fields(authentication()) == (code,)
    assert fields(whatsapp("Your code", "authentication")) == (code,)
    assert fields(sms("{#var#}, valid {#var#} min", "OTP"))[0] == code
    assert keys(sms("{#var#}, valid {#var#} min", "OTP")) == ["#verification_code#", "1"]


def test_an_otp_sms_with_a_name_asks_for_the_name_alone() -> None:
    assert keys(sms("Here is your {OTP}", "OTP")) == ["OTP"]


def test_a_suggested_key_never_collides_with_a_name() -> None:
    assert keys(sms("{1} {#var#}")) == ["2", "1"]


# --- Preview --------------------------------------------------------------------------------------


def test_a_preview_marks_values_and_what_is_missing() -> None:
    shown = preview(whatsapp("Hi {{1}}, {{2}}!"), {"1": "Asha", "2": ""})
    assert shown.body == [
        Piece("text", "Hi "),
        Piece("value", "Asha"),
        Piece("text", ", "),
        Piece("missing", "{{2}}"),
        Piece("text", "!"),
    ]
    assert shown.missing == ["{{2}}"]


def test_a_missing_sample_does_not_shift_the_others() -> None:
    shown = preview(whatsapp("{{1}} {{2}}"), {"2": "B"})
    assert [piece.kind for piece in shown.body] == ["missing", "text", "value"]


@pytest.mark.parametrize(
    "samples",
    [{"1_name": "Asha", "2_due": "May"}, {"a": "Asha", "b": "May"}, {"1": "Asha", "3": "May"}],
)
def test_keys_of_a_real_call_are_sorted_as_in_the_call(samples: dict[str, str]) -> None:
    shown = preview(whatsapp("{{1}} {{2}}"), samples)
    assert [piece.text for piece in shown.body] == ["Asha", " ", "May"]


def test_plain_samples_of_an_otp_sms_fill_it_like_a_call() -> None:
    shown = preview(sms("{#var#}, valid {#var#} min", "OTP"), {"1": "4321", "2": "10"})
    assert "".join(piece.text for piece in shown.body) == "4321, valid 10 min"
    assert shown.missing == []


def test_the_header_is_shown_only_when_it_is_text() -> None:
    shown = preview(with_header_and_url(), {"#param_header#": "Order 7"})
    assert shown.header == [Piece("text", "About "), Piece("value", "Order 7")]
    image = whatsapp("Hi", header_kind="image", header_text="left over {{1}}")
    assert preview(image, {}).header == []
    assert fields(image) == ()


# --- Contents -------------------------------------------------------------------------------------


def test_a_content_survives_json() -> None:
    for content in (with_header_and_url(), sms(unicode=True, dlt_template_id="1107"), whatsapp()):
        assert TemplateContent.from_json(json.loads(json.dumps(content.to_json()))) == content


def test_a_content_is_read_without_its_optional_fields() -> None:
    content = {"channel": "sms", "name": "order", "kind": "TXN", "body": "Hi {#var#}"}
    assert TemplateContent.from_json(content) == sms()


@pytest.mark.parametrize(
    ("header_kind", "needs_media"),
    [("none", False), ("text", False), ("image", True), ("video", True), ("document", True)],
)
def test_a_media_header_needs_media(header_kind: str, needs_media: bool) -> None:
    assert whatsapp(header_kind=header_kind).needs_media is needs_media
    assert sms(header_kind=header_kind).needs_media is False


def test_only_a_url_button_with_a_variable_is_dynamic() -> None:
    assert Button("url", "Track", "https://shop.example/{{1}}").is_dynamic
    assert not Button("url", "Shop", "https://shop.example/").is_dynamic
    assert not Button("phone", "Call", "{{1}}").is_dynamic
    assert not Button("quick_reply", "Yes").is_dynamic


def test_channels_have_labels_and_know_each_other() -> None:
    assert (WHATSAPP.label, SMS.label) == ("WhatsApp", "SMS")
    assert WHATSAPP.other is SMS
    assert SMS.other is WHATSAPP
