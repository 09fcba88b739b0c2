"""How many parts an SMS takes, which characters make it dear, and what to do about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.segments import describe_character, measure
from tests.pure.builders import texts

GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà"
gsm_texts = st.text(GSM + "^{}\\[~]|€", min_size=1, max_size=400)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts", "left"),
    [
        ("", "GSM-7", 0, 0, 160),
        ("a", "GSM-7", 1, 1, 159),
        ("a" * 160, "GSM-7", 160, 1, 0),
        ("a" * 161, "GSM-7", 161, 2, 145),
        ("a" * 306, "GSM-7", 306, 2, 0),
        ("a" * 307, "GSM-7", 307, 3, 152),
        ("€" * 80, "GSM-7", 160, 1, 0),
        ("€" * 81, "GSM-7", 162, 2, 143),
        ("न" * 70, "UCS-2", 70, 1, 0),
        ("न" * 71, "UCS-2", 71, 2, 63),
        ("न" * 134, "UCS-2", 134, 2, 0),
        ("न" * 135, "UCS-2", 135, 3, 66),
        ("😀" * 35, "UCS-2", 70, 1, 0),
        ("😀" * 36, "UCS-2", 72, 2, 61),
    ],
)
def test_units_and_parts(text: str, encoding: str, units: int, parts: int, left: int) -> None:
    size = measure(text)
    assert (size.encoding, size.units, size.parts, size.left) == (encoding, units, parts, left)


@pytest.mark.parametrize("character", GSM)
def test_every_character_of_the_gsm_alphabet_counts_one(character: str) -> None:
    assert measure(character).encoding == "GSM-7"
    assert measure(character).units == 1


@pytest.mark.parametrize("character", "\f^{}\\[~]|€")
def test_characters_of_the_extension_table_count_two(character: str) -> None:
    assert measure(character).encoding == "GSM-7"
    assert measure(character).units == 2


@pytest.mark.parametrize("character", "`ç\t’“…–áíóúÁÂãõ₹\u00a0")
def test_near_misses_of_the_alphabet_force_ucs_2(character: str) -> None:
    assert measure(character).encoding == "UCS-2"
    assert measure(character).culprits == (character,)


def test_an_escape_pair_is_not_split_over_two_parts() -> None:
    whole = measure("a" * 152 + "€" + "b" * 152)
    assert whole.units == 306
    assert whole.parts == 3  # 306 units would fit two parts, had the pair been split


def test_a_surrogate_pair_is_not_split_over_two_parts() -> None:
    assert measure("न" * 66 + "😀" + "न" * 66).parts == 3


def test_culprits_are_named_once_in_order_of_appearance() -> None:
    assert measure("It’s “now”, it’s ₹5").culprits == ("’", "“", "”", "₹")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("It’s fine", ""),
        ("a" * 100 + "’", "Replace ’ with ': 1 part instead of 2."),
        (
            "a" * 100 + "“x”\u00a0",
            'Replace “ with ", ” with " and no-break space with a space: 1 part instead of 2.',
        ),
        ("a" * 100 + "😀", "Remove 😀: 1 part instead of 2."),
        ("a" * 100 + "😀’", "Remove 😀 and ’: 1 part instead of 2."),
        ("a" * 100 + "\u200b", "Remove zero width space: 1 part instead of 2."),
        ("a" * 159 + "€", "Remove €, which counts as two: 1 part instead of 2."),
        ("a" * 157 + "[]", "Remove [ and ], which count as two: 1 part instead of 2."),
        ("a" * 161, "Shorten the text by 1 character: 1 part instead of 2."),
        ("a" * 312, "Shorten the text by 6 characters: 2 parts instead of 3."),
        ("a" * 240, ""),
        ("नमस्ते दुनिया यह एक लंबा संदेश है " * 3, ""),
    ],
)
def test_advice_names_the_cheapest_change_that_saves_a_part(text: str, advice: str) -> None:
    assert measure(text).advice == advice


def test_characters_that_cannot_be_seen_are_named() -> None:
    assert describe_character("\u200b") == "zero width space"
    assert describe_character("\x07") == "character U+0007"
    assert describe_character("é") == "é"


@given(texts)
def test_any_text_is_measured(text: str) -> None:
    size = measure(text)
    single, each = (160, 153) if size.encoding == "GSM-7" else (70, 67)
    assert (size.parts == 0) == (text == "")
    assert (size.parts <= 1) == (size.units <= single)
    assert size.units <= max(size.parts, 1) * (single if size.parts <= 1 else each)
    assert 0 <= size.left <= single
    assert bool(size.culprits) == (size.encoding == "UCS-2")


@given(gsm_texts)
def test_parts_waste_at_most_one_unit_each(text: str) -> None:
    size = measure(text)
    if size.parts > 1:
        used = size.parts * 153 - size.left
        assert 0 <= used - size.units < size.parts


@given(texts, st.sampled_from("a€😀न"))
def test_a_longer_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert measure(text + more).parts >= measure(text).parts
