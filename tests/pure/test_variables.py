"""Which stretches of a template are variables, and of which kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.placeholders import MAX_PARAMS, Channel, find_variables
from tests.pure.builders import SMS, WHATSAPP, bodies

Found = tuple[str, str, int | None]


def found(text: str, channel: Channel) -> list[Found]:
    return [(v.token, v.name, v.number) for v in find_variables(text, channel=channel)]


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dear {#var#}, {#var#}", [("{#var#}", "1", 1), ("{#var#}", "2", 2)]),
        ("{{2}} before {{1}}", [("{{2}}", "2", 2), ("{{1}}", "1", 1)]),
        ("{{$1}} and {{$3}}", [("{{$1}}", "1", 1), ("{{$3}}", "3", 3)]),
        ("Hi {{name}}", [("{{name}}", "name", None)]),
        ("Hi {{ name }}, {{ 1 }}", [("{{ name }}", "name", None), ("{{ 1 }}", "1", 1)]),
        ("{{{1}}}", [("{{1}}", "1", 1)]),
        ("{{#var#}}", [("{#var#}", "1", 1)]),
        ("{{0}}", [("{{0}}", "0", None)]),
        (f"{{{{{MAX_PARAMS}}}}}", [(f"{{{{{MAX_PARAMS}}}}}", "50", 50)]),
        ("{{51}} {{99999999999999999999}}", [
            ("{{51}}", "51", None), ("{{99999999999999999999}}", "99999999999999999999", None),
        ]),
        ("{{١}}", [("{{١}}", "١", None)]),
        ("no variable { here }} {{", []),
        ("{} {{}} {{ }}", []),
        ("{{two\nlines}}", []),
        ("", []),
    ],
)  # fmt: skip
def test_both_channels_know(text: str, expected: list[Found], channel: Channel) -> None:
    if "{ here }" in text and channel is SMS:
        expected = [("{ here }", "here", None)]
    assert found(text, channel) == expected


def test_only_sms_knows_names_in_single_braces() -> None:
    assert found("Here is your {OTP}", SMS) == [("{OTP}", "OTP", None)]
    assert found("Here is your {OTP}", WHATSAPP) == []


def test_var_is_recognised_before_a_name() -> None:
    assert found("{#var#} {name}", SMS) == [("{#var#}", "1", 1), ("{name}", "name", None)]


def test_a_special_key_in_single_braces_is_a_name() -> None:
    assert found("{#param_url#}", SMS) == [("{#param_url#}", "#param_url#", None)]


def test_a_number_in_single_braces_is_a_name() -> None:
    assert found("{1}", SMS) == [("{1}", "1", None)]


def test_names_are_case_sensitive() -> None:
    assert [v.name for v in find_variables("{Name}{name}", channel=SMS)] == ["Name", "name"]


@given(bodies, st.sampled_from(Channel))
def test_any_text_gives_variables_in_order_without_overlap(text: str, channel: Channel) -> None:
    end = 0
    for variable in find_variables(text, channel=channel):
        assert variable.start >= end
        assert text[variable.start : variable.end] == variable.token
        assert (variable.kind == "positional") == (variable.number is not None)
        assert variable.number is None or variable.number >= 1
        assert variable.name
        end = variable.end
