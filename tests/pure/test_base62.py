"""The public id of an execution: 22 letters and digits, one per UUID."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.base62 import ALPHABET, encode_uuid, new_invocation_id


def decode(text: str) -> UUID:
    number = 0
    for character in text:
        number = number * 62 + ALPHABET.index(character)
    return UUID(int=number)


@given(st.uuids())
def test_every_uuid_has_its_own_22_characters(value: UUID) -> None:
    text = encode_uuid(value)
    assert len(text) == 22
    assert text.isascii()
    assert text.isalnum()
    assert decode(text) == value


@given(st.uuids(), st.uuids())
def test_the_order_of_uuids_is_kept(one: UUID, other: UUID) -> None:
    assert (one < other) == (encode_uuid(one) < encode_uuid(other))


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0" * 22), (61, "0" * 21 + "z"), (2**128 - 1, "7n42DGM5Tflk9n8mt7Fhc7")],
)
def test_the_ends_of_the_range(number: int, text: str) -> None:
    assert encode_uuid(UUID(int=number)) == text


def test_new_ids_differ() -> None:
    assert len({new_invocation_id() for _ in range(1000)}) == 1000
