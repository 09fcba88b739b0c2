"""What may stand as a recipient, and how it is shown to people who may not see it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.recipients import RecipientError, mask, parse_recipient
from tests.pure.builders import json_values


@pytest.mark.parametrize(
    "number",
    ["918061234581", "919876540001", "14155552671", "447700900123", "6591234567", "4930123456"],
)
def test_a_possible_international_number_is_accepted_as_it_is(number: str) -> None:
    assert parse_recipient(number) == number


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("+918061234581", "Leave out the +"),
        ("0918061234581", "not with 0"),
        ("9180612 34581", "Use digits only"),
        ("91-8061234581", "Use digits only"),
        ("٩١٨٠٦١٢٣٤٥٨١", "Use digits only"),
        ("91806123458¹", "Use digits only"),
        ("918061234581\n", "Use digits only"),
        ("9180612", "8 to 15 digits, this one has 7"),
        ("9180612345811234", "8 to 15 digits, this one has 16"),
        ("91806123", "not a possible phone number"),
        ("99999999999", "not a possible phone number"),
        ("", "Enter a number"),
        (918061234581, "must be a string"),
        (None, "must be a string"),
        (True, "must be a string"),
        (["918061234581"], "must be a string"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(value: object, sentence: str) -> None:
    with pytest.raises(RecipientError, match=sentence):
        parse_recipient(value)


def test_a_number_that_works_only_inside_its_area_is_refused() -> None:
    with pytest.raises(RecipientError, match="not a possible"):
        parse_recipient("12530000")


@given(json_values | st.text("0123456789+", max_size=20))
def test_any_value_gives_a_number_or_a_sentence(value: object) -> None:
    try:
        number = parse_recipient(value)
    except RecipientError as error:
        assert str(error).endswith(".")
        assert str(error)[0].isupper()
    else:
        assert number == value
        assert number.isascii()
        assert number.isdigit()
        assert 8 <= len(number) <= 15
        assert number[0] != "0"


def test_mask_shows_the_first_four_and_the_last_two_digits() -> None:
    assert mask("918061234581") == "9180•••••81"


def test_mask_does_not_tell_how_long_the_number_is() -> None:
    assert len(mask("91806123")) == len(mask("918061234581234"))


@pytest.mark.parametrize("short", ["", "12", "1234567"])
def test_mask_shows_nothing_of_a_short_number(short: str) -> None:
    assert mask(short) == "•••••"
