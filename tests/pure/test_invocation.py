"""Bodies of the Invocation API: what is accepted, and every fault named at once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.invocation import (
    MAX_BODY_BYTES,
    Invocation,
    InvocationError,
    Send,
    WrittenFloat,
    parse_invocation,
    parse_json_strict,
    peek_request_id,
)
from flows.placeholders import fields, resolve
from tests.pure.builders import (
    RECIPIENT,
    authentication,
    json_values,
    pinned,
    sms,
    texts,
    whatsapp,
    with_header_and_url,
)

STEPS = (pinned(whatsapp("Hi")), pinned(sms("Hi")))
WITH_PARAMS = (pinned(whatsapp("{{1}} {{2}} {{3}}")), pinned(sms("{#var#} {#var#} {#var#}")))


def body(**sends: object) -> dict[str, Any]:
    return {"requestId": "r-1", "input": sends}


def send(recipient: object = RECIPIENT, **params: object) -> dict[str, object]:
    return {"recipient": recipient, "templateParams": params}


def faults(payload: object, steps: Any = STEPS) -> list[str]:
    with pytest.raises(InvocationError) as caught:
        parse_invocation(payload, steps=steps)
    return caught.value.errors


def json_faults(raw: bytes) -> list[str]:
    with pytest.raises(InvocationError) as caught:
        parse_json_strict(raw)
    return caught.value.errors


# --- Accepted -------------------------------------------------------------------------------------


def test_the_documented_call_without_parameters() -> None:
    payload = body(send1={"recipient": RECIPIENT}, send2={"recipient": RECIPIENT})
    expected = Invocation("r-1", (Send(RECIPIENT, {}), Send(RECIPIENT, {})))
    assert parse_invocation(payload, steps=STEPS) == expected


def test_the_documented_call_with_parameters() -> None:
    params = {"1": "User", "2": "1 year", "3": "15% discount"}
    payload = body(send1=send(**params), send2=send(**params))
    invocation = parse_invocation(payload, steps=WITH_PARAMS)
    assert [one.params for one in invocation.sends] == [params, params]


def test_the_documented_call_with_a_verification_code() -> None:
    steps = (pinned(authentication()), pinned(sms("Hi", "OTP")))
    payload = body(send1=send(**{"#verification_code#": "81XXX23"}), send2={"recipient": RECIPIENT})
    assert parse_invocation(payload, steps=steps).sends[0].params == {
        "#verification_code#": "81XXX23"
    }


def test_each_step_may_have_its_own_recipient() -> None:
    payload = body(send1=send("918061234581"), send2=send("447700900123"))
    invocation = parse_invocation(payload, steps=STEPS)
    assert [one.recipient for one in invocation.sends] == ["918061234581", "447700900123"]


def test_sends_are_in_the_order_of_the_steps_whatever_the_order_in_the_body() -> None:
    payload = body(send2=send("447700900123"), send1=send("918061234581"))
    assert parse_invocation(payload, steps=STEPS).sends[0].recipient == "918061234581"


def test_a_flow_of_five_steps_takes_five_sends() -> None:
    payload = body(**{f"send{number}": send() for number in range(1, 6)})
    assert len(parse_invocation(payload, steps=(STEPS[0],) * 5).sends) == 5


def test_fields_we_do_not_know_are_ignored() -> None:
    payload = body(send1={**send(), "note": 1}, send2=send()) | {"source": "crm"}
    assert parse_invocation(payload, steps=STEPS).request_id == "r-1"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ('"x"', "x"), ('""', ""), ("7", "7"), ("99.90", "99.90"), ("1e3", "1e3"), ("-0", "0"),
        ("true", "true"), ("false", "false"), ('"' + "x" * 1024 + '"', "x" * 1024),
        ('"a\\nb"', "a\nb"), ("9" * 1024, "9" * 1024),
    ],
)  # fmt: skip
def test_values_become_the_text_they_were_written_as(raw: str, text: str) -> None:
    document = f'{{"requestId":"r","input":{{"send1":{{"recipient":"{RECIPIENT}",'
    document += f'"templateParams":{{"1":{raw}}}}}}}}}'
    payload = parse_json_strict(document.encode())
    assert parse_invocation(payload, steps=STEPS[:1]).sends[0].params == {"1": text}


def test_fifty_parameters_are_allowed() -> None:
    payload = body(send1=send(**{str(key): "x" for key in range(50)}), send2=send())
    assert len(parse_invocation(payload, steps=STEPS).sends[0].params) == 50


# --- Rejected -------------------------------------------------------------------------------------


def test_every_fault_is_named_at_once() -> None:
    payload = {
        "requestId": 7,
        "input": {
            "send1": {"recipient": "+918061234581", "templateParams": {"1": None, "2": []}},
            "send3": send(),
        },
    }
    assert faults(payload) == [
        "requestId: Must be a string.",
        "input.send3: Not a step of this flow, which has send1 to send2.",
        "input.send1.recipient: Leave out the + and start with the country code.",
        "input.send1.templateParams.1: Must be a string, a number, true or false.",
        "input.send1.templateParams.2: Must be a string, a number, true or false.",
        "input.send2: Required, but missing.",
    ]


@pytest.mark.parametrize("payload", [None, [], "x", 7, True])
def test_the_body_must_be_an_object(payload: object) -> None:
    assert faults(payload) == ["The body must be a JSON object."]


@pytest.mark.parametrize(
    ("request_id", "fault"),
    [
        (None, "Required, but missing."),
        (7, "Must be a string."),
        ("", "Must have 1 to 128 characters, has 0."),
        ("x" * 129, "Must have 1 to 128 characters, has 129."),
        ("a\x00", "Contains a control character."),
        ("a\nb", "Contains a control character."),
        ("a\ud800", "Contains a control character."),
    ],
)
def test_a_request_id_has_1_to_128_plain_characters(request_id: object, fault: str) -> None:
    payload = {"requestId": request_id, "input": {"send1": send(), "send2": send()}}
    assert faults(payload) == [f"requestId: {fault}"]
    assert peek_request_id(payload) is None


@pytest.mark.parametrize("request_id", ["x", "x" * 128, "e574-ef19", "заявка 7"])
def test_a_good_request_id_is_echoed_with_the_faults(request_id: str) -> None:
    with pytest.raises(InvocationError) as caught:
        parse_invocation({"requestId": request_id}, steps=STEPS)
    assert caught.value.request_id == request_id
    assert caught.value.errors == ["input: Required, but missing."]


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ({"requestId": "r"}, "input: Required, but missing."),
        ({"requestId": "r", "input": []}, "input: Must be an object."),
        (body(send1=send(), send2="x"), "input.send2: Must be an object."),
        (body(send1=send(), send2={}), "input.send2.recipient: Required, but missing."),
        (
            body(send1=send(), send2=send(918061234581)),
            "input.send2.recipient: A recipient must be a string of digits.",
        ),
        (
            body(send1=send(), send2={"recipient": RECIPIENT, "templateParams": []}),
            "input.send2.templateParams: Must be an object of keys and values.",
        ),
        (
            body(send1=send(), send2={"recipient": RECIPIENT, "template_Params": {}}),
            "input.send2.templateParams: Misspelt as “template_Params”.",
        ),
        (
            body(send1=send(), send2=send(**{str(key): "x" for key in range(51)})),
            "input.send2.templateParams: At most 50 keys are allowed, 51 were given.",
        ),
        (
            body(send1=send(), send2=send(a="x" * 1025)),
            "input.send2.templateParams.a: Must have at most 1,024 characters, has 1,025.",
        ),
        (
            body(send1=send(), send2=send(a=10**5000)),
            "input.send2.templateParams.a: Must have at most 1,024 characters.",
        ),
        (
            body(send1=send(), send2=send(a=float("nan"))),
            "input.send2.templateParams.a: Must be a finite number.",
        ),
        (
            body(send1=send(), send2=send(a="x\x00")),
            "input.send2.templateParams.a: Contains a character that is not allowed (U+0000).",
        ),
        (
            body(send1=send(), send2=send(**{"a\ud800": "x"})),
            "input.send2.templateParams: A key contains a character that is not allowed.",
        ),
    ],
)
def test_a_fault_names_its_field(payload: object, fault: str) -> None:
    assert faults(payload) == [fault]


def test_too_few_values_name_the_step_what_is_expected_and_what_was_given() -> None:
    payload = body(send1=send(a="1", b="2", c="3"), send2=send(a="1"))
    assert faults(payload, WITH_PARAMS) == [
        "input.send2.templateParams: Template “order” expects 3 values by position, 1 was given."
    ]


def test_parameters_are_tried_out_on_every_step() -> None:
    steps = (pinned(authentication()), pinned(with_header_and_url()), pinned(sms("{OTP}")))
    payload = body(send1=send(), send2=send(**{"1": "x"}), send3=send(otp="1"))
    assert [fault.split(":")[0] for fault in faults(payload, steps)] == [
        "input.send1.templateParams",
        "input.send2.templateParams",
        "input.send2.templateParams",
        "input.send3.templateParams",
    ]


def test_a_long_list_of_unknown_sends_is_cut() -> None:
    payload = body(**{f"send{number}": send() for number in range(1, 1000)})
    errors = faults(payload)
    assert len(errors) == 11
    assert errors[-1] == "input: 987 more keys are not steps of this flow."


def test_a_long_or_odd_key_is_shown_short_and_printable() -> None:
    errors = faults(body(send1=send(), send2=send(), **{"x\x00" * 90: 1}))
    assert len(errors[0]) < 130
    assert errors[0].isprintable()


@given(json_values)
def test_any_json_is_an_invocation_or_sentences(payload: object) -> None:
    check_any(payload)


near_params = st.dictionaries(texts | st.sampled_from("123"), json_values, max_size=5)
near_sends = st.fixed_dictionaries(
    {},
    optional={
        "recipient": st.just(RECIPIENT) | json_values,
        "templateParams": near_params | json_values,
    },
)
near_bodies = st.fixed_dictionaries(
    {},
    optional={
        "requestId": st.just("r") | json_values,
        "input": st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("send1", "send2", "send3"), near_sends | json_values)
        ),
    },
)


@given(near_bodies)
def test_anything_like_a_call_is_an_invocation_or_sentences(payload: object) -> None:
    check_any(payload)


def check_any(payload: object) -> None:
    try:
        invocation = parse_invocation(payload, steps=WITH_PARAMS)
    except InvocationError as error:
        assert error.errors
        for sentence in error.errors:
            assert sentence.endswith(".")
            sentence.encode()  # it will be stored and sent
    else:
        assert 1 <= len(invocation.request_id) <= 128
        for step, one in zip(WITH_PARAMS, invocation.sends, strict=True):
            resolve(step.content, one.params)
            json.dumps(one.params).encode()


@given(st.sampled_from([authentication(), with_header_and_url(), sms("{a} {#var#}", "OTP")]))
def test_a_call_with_the_fields_we_suggest_is_accepted(content: Any) -> None:
    params = {field.key: field.sample for field in fields(content)}
    invocation = parse_invocation(body(send1=send(**params)), steps=[pinned(content)])
    assert invocation.sends[0].params == params


# --- Raw bodies -----------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"{}", b"[]", b" 7 ", b'"x"', b"null", b'\xef\xbb\xbf{"a":1}'])
def test_json_is_read(raw: bytes) -> None:
    assert parse_json_strict(raw) == json.loads(raw)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", "The body is not valid JSON (line 1, column 1)."),
        (b"{", "The body is not valid JSON (line 1, column 2)."),
        (b"{'a': 1}", "The body is not valid JSON (line 1, column 2)."),
        (b'{"a": 1}\n x', "The body is not valid JSON (line 2, column 2)."),
        (b'"a\nb"', "The body is not valid JSON (line 1, column 3)."),
        (b'"\xff"', "The body is not valid UTF-8."),
        (b'"\xed\xa0\x80"', "The body is not valid UTF-8."),
        (b'{"a": {"b": 1, "b": 2}}', "The body has the key “b” twice in one object."),
        (b"[NaN]", "The body is not valid JSON: NaN is not a JSON number."),
        (b"[-Infinity]", "The body is not valid JSON: -Infinity is not a JSON number."),
        (b"[1e999]", "The body contains a number that is too large."),
        (b"9" * 5000, "The body contains a number that is too long."),
        (b'"\\u0000"', "The body: Contains a character that is not allowed (U+0000)."),
        (
            b'{"input": {"send1": ["\\ud800"]}}',
            "input.send1[0]: Contains a character that is not allowed (U+D800).",
        ),
        (b'{"a\\u0000": 1}', "The body: Contains a character that is not allowed (U+0000)."),
        (b"[" * 22 + b"]" * 22, "The body is nested more than 20 levels deep."),
        (b"[" * 30000 + b"]" * 30000, "The body is nested more than 20 levels deep."),
        (b'{"a":' * 10000, "The body is nested more than 20 levels deep."),
        (b" " * (MAX_BODY_BYTES + 1), "The body is larger than 64 KiB."),
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(raw: bytes, fault: str) -> None:
    assert json_faults(raw) == [fault]


def test_a_body_of_64_kib_is_read() -> None:
    assert parse_json_strict(b" " * (MAX_BODY_BYTES - 1) + b"7") == 7


def test_the_request_id_is_known_even_when_another_text_is_unfit() -> None:
    with pytest.raises(InvocationError) as caught:
        parse_json_strict(b'{"requestId": "r-1", "x": "\\u0000"}')
    assert caught.value.request_id == "r-1"


def test_a_written_number_is_still_a_number() -> None:
    number = parse_json_strict(b"99.90")
    assert number == 99.9
    assert isinstance(number, WrittenFloat)
    assert json.dumps(number) == "99.9"


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_json_or_sentences(raw: bytes) -> None:
    try:
        value = parse_json_strict(raw)
    except InvocationError as error:
        assert error.errors
        assert all(sentence.endswith(".") for sentence in error.errors)
    else:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
