"""Template parameters: every rule and worked example of how they fill a template in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.placeholders import (
    MAX_PARAMS,
    Channel,
    ParameterError,
    Piece,
    TemplateContent,
    fields,
    find_variables,
    preview,
    resolve,
)
from tests.pure.builders import (
    SMS,
    authentication,
    bodies,
    sms,
    texts,
    whatsapp,
    with_header_and_url,
)

params_of_calls = st.dictionaries(
    texts | st.sampled_from(["1", "2", "name", "otp", "#verification_code#", "#param_url#"]),
    texts | bodies,
    max_size=6,
)
contents = st.builds(
    TemplateContent,
    channel=st.sampled_from(Channel),
    name=st.just("any"),
    kind=st.sampled_from(["text", "authentication", "OTP", "TXN"]),
    body=bodies,
    header_kind=st.sampled_from(["none", "text", "image"]),
    header_text=bodies,
    buttons=st.just(with_header_and_url().buttons) | st.just(()),
)


def faults(content: TemplateContent, params: dict[str, str]) -> list[str]:
    with pytest.raises(ParameterError) as caught:
        resolve(content, params)
    return caught.value.sentences


# --- The worked examples --------------------------------------------------------------------------


def test_example_1_values_by_position() -> None:
    content = sms("Dear {#var#}, renew for {#var#}: {#var#}")
    filled = resolve(content, {"1": "User", "2": "1 year", "3": "15% discount"})
    assert filled.body == "Dear User, renew for 1 year: 15% discount"
    assert filled.values == ("User", "1 year", "15% discount")


@pytest.mark.parametrize(
    ("params", "body"),
    [
        ({"name": "Asha", "amount": "50", "date": "1 May"}, "Hi 50, 1 May is due Asha"),
        ({"1_name": "Asha", "2_amount": "50", "3_date": "1 May"}, "Hi Asha, 50 is due 1 May"),
    ],
)
def test_examples_2_and_3_values_are_sorted_by_key(params: dict[str, str], body: str) -> None:
    assert resolve(whatsapp("Hi {{1}}, {{2}} is due {{3}}"), params).body == body


def test_example_4_a_name_matches_exactly() -> None:
    content = sms("Here is your {OTP}")
    assert resolve(content, {"OTP": "123456"}).body == "Here is your 123456"
    assert faults(content, {"otp": "123456"}) == ["The value “OTP” is missing."]


def test_example_5_ten_plain_numbers_sort_10_before_2() -> None:
    params = {str(number): str(number) for number in range(1, 11)}
    filled = resolve(sms(" ".join(["{#var#}"] * 10)), params)
    assert filled.body == "1 10 2 3 4 5 6 7 8 9"


def test_example_6_the_code_makes_a_whatsapp_authentication_message() -> None:
    filled = resolve(authentication(), {"#verification_code#": "81XXX23"})
    assert filled.verification_code == "81XXX23"
    assert filled.body == "81XXX23 is your verification code."


def test_example_6_the_code_is_the_first_value_of_an_otp_sms() -> None:
    content = sms("{#var#} is your code, valid {#var#} min", "OTP")
    filled = resolve(content, {"#verification_code#": "4321", "1": "10"})
    assert filled.body == "4321 is your code, valid 10 min"


def test_example_7_header_and_url_parameters() -> None:
    params = {"#param_header#": "Order 7", "#param_url#": "t/7", "1": "Asha"}
    filled = resolve(with_header_and_url(), params)
    assert filled.header_value == "Order 7"
    assert filled.header == "About Order 7"
    assert filled.body == "Hi Asha"
    assert filled.values == ("Asha",)
    assert filled.url_value == "t/7"
    assert resolve(sms("{#var#}: {#var#} for {#var#}"), params).body == "Order 7: t/7 for Asha"


# --- By position ----------------------------------------------------------------------------------


def test_keys_are_sorted_by_utf_16_code_unit() -> None:
    params = {"\uffee": "second", "😀": "first"}
    assert sorted(params) == ["\uffee", "😀"]  # by code point it is the other way round
    assert resolve(sms("{#var#} {#var#}"), params).body == "first second"


def test_numbered_variables_use_their_number_and_may_repeat() -> None:
    filled = resolve(whatsapp("{{2}} {{$1}} {{2}}"), {"a": "A", "b": "B"})
    assert filled.body == "B A B"
    assert filled.values == ("A", "B")


def test_numbers_and_order_of_appearance_are_counted_apart() -> None:
    assert resolve(sms("{#var#} {{1}} {#var#}"), {"1": "A", "2": "B"}).body == "A A B"


def test_a_position_that_is_not_shown_still_needs_its_value() -> None:
    content = whatsapp("{{1}} {{3}}")
    assert resolve(content, {"1": "A", "2": "B", "3": "C"}).values == ("A", "B", "C")
    assert faults(content, {"1": "A", "3": "C"}) == [
        "Template “order_update” expects 3 values by position, 2 were given."
    ]


@pytest.mark.parametrize(
    ("body", "params", "sentence"),
    [
        ("{#var#}", {}, "Template “order” expects 1 value by position, 0 were given."),
        (
            "{#var#}{#var#}",
            {"1": ""},
            "Template “order” expects 2 values by position, 1 was given.",
        ),
    ],
)
def test_too_few_values_are_counted(body: str, params: dict[str, str], sentence: str) -> None:
    assert faults(sms(body), params) == [sentence]


def test_surplus_values_are_ignored() -> None:
    filled = resolve(sms("Hi {#var#}"), {"1": "Asha", "2": "x", "other": "y"})
    assert filled.body == "Hi Asha"
    assert filled.values == ("Asha",)


def test_an_empty_value_is_a_value() -> None:
    assert resolve(sms("Hi {#var#}!"), {"1": ""}).body == "Hi !"


# --- By name --------------------------------------------------------------------------------------


def test_every_missing_name_is_told_once() -> None:
    assert faults(sms("{a} {b} {a} {c}"), {"b": "x"}) == [
        "The value “a” is missing.",
        "The value “c” is missing.",
    ]


def test_a_key_that_fills_a_name_takes_no_position() -> None:
    content = sms("{a_name}, your code is {#var#}")
    assert resolve(content, {"a_name": "Asha", "code": "12"}).body == "Asha, your code is 12"
    assert resolve(content, {"a_name": "Asha", "code": "12"}).values == ("12", "Asha")


def test_missing_names_and_positions_are_told_together() -> None:
    assert len(faults(sms("{name} {#var#}"), {})) == 2


# --- Special keys ---------------------------------------------------------------------------------


def test_whatsapp_takes_special_keys_out_before_positions_are_counted() -> None:
    params = {"#param_header#": "H", "#param_url#": "u", "zz": "Asha"}
    assert resolve(whatsapp("Hi {{1}}"), params).body == "Hi Asha"


def test_an_authentication_template_needs_the_code() -> None:
    sentence = "Template “order_update” is for authentication and needs #verification_code#."
    assert faults(authentication(), {}) == [sentence]
    assert faults(authentication(), {"1": "4321"}) == [sentence]
    assert faults(authentication(), {"#verification_code#": ""}) == [sentence]


def test_any_other_whatsapp_template_rejects_the_code() -> None:
    assert faults(whatsapp("Hi {{1}}"), {"#verification_code#": "1", "1": "Asha"}) == [
        "#verification_code# was given, but template “order_update” is not for authentication."
    ]


def test_a_header_variable_and_a_dynamic_link_need_their_keys() -> None:
    assert faults(with_header_and_url(), {"1": "Asha"}) == [
        "Template “order_update” has a header variable and needs #param_header#.",
        "Template “order_update” has a dynamic URL button and needs #param_url#.",
    ]


def test_special_keys_of_a_plain_sms_are_sorted_like_all_others() -> None:
    params = {"1": "c", "#verification_code#": "b", "#param_header#": "a", "!": "first"}
    assert resolve(sms("{#var#} {#var#} {#var#} {#var#}"), params).body == "first a b c"


def test_the_code_of_an_otp_sms_comes_before_keys_that_sort_lower() -> None:
    params = {"!": "10", "#param_header#": "x", "#verification_code#": "4321"}
    assert resolve(sms("{#var#} {#var#}", "OTP"), params).body == "4321 10"


def test_an_otp_sms_takes_ordinary_values_too() -> None:
    assert resolve(sms("{#var#} {#var#}", "OTP"), {"1": "4321", "2": "10"}).body == "4321 10"


def test_a_special_key_can_be_asked_for_by_name_in_an_sms() -> None:
    content = sms("{#param_url#} for {#var#}")
    assert resolve(content, {"#param_url#": "t/7", "1": "Asha"}).body == "t/7 for Asha"


# --- Values are data ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["{{2}}", "{#var#}", "{name}", "{{name}}", "\\1", "*x*", "%s"])
def test_a_value_is_never_read_as_a_variable(value: str) -> None:
    params = {"1": value, "2": "B", "name": "N"}
    assert resolve(sms("<{{1}}> {{2}} {name}"), params).body == f"<{value}> B N"


@given(contents, params_of_calls)
def test_any_call_gives_a_message_or_sentences(
    content: TemplateContent, params: dict[str, str]
) -> None:
    try:
        filled = resolve(content, params)
    except ParameterError as error:
        assert error.sentences
        assert all(sentence.endswith(".") for sentence in error.sentences)
    else:
        pieces = preview(content, params).body
        assert all(isinstance(piece, Piece) for piece in pieces)
        if all(params.values()):
            assert filled.body == "".join(piece.text for piece in pieces)


@given(contents)
def test_the_fields_of_a_template_are_just_what_it_needs(content: TemplateContent) -> None:
    params = {field.key: field.sample for field in fields(content)}
    assert len(params) == len(fields(content))
    resolve(content, params)
    shown = preview(content, params)
    assert shown.missing == []
    assert all(piece.kind != "missing" for piece in shown.body + shown.header)


@given(contents, st.data())
def test_without_one_of_its_fields_a_template_cannot_be_filled(
    content: TemplateContent, data: st.DataObject
) -> None:
    keys = [field.key for field in fields(content)]
    if keys:
        left_out = data.draw(st.sampled_from(keys))
        assert faults(content, {key: "x" for key in keys if key != left_out})


@given(bodies, st.text(max_size=20))
def test_a_body_keeps_its_own_words(body: str, value: str) -> None:
    content = sms(body)
    filled = resolve(content, {field.key: value for field in fields(content)})
    expected, position = "", 0
    for variable in find_variables(body, channel=SMS):
        expected += body[position : variable.start] + value
        position = variable.end
    assert filled.body == expected + body[position:]


def test_more_variables_than_a_call_has_keys_are_told_as_too_few() -> None:
    params = {str(number): "x" for number in range(MAX_PARAMS)}
    assert "expects 60 values by position, 50 were given" in faults(sms("{#var#}" * 60), params)[0]
