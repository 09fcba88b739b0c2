"""Count what an SMS costs: encoding, units, parts and what to change; sends and stores nothing."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038: the default alphabet, and the extension table whose characters need an escape.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_CAPACITY: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
_LOOKALIKES: dict[str, str | int | None] = {
    "‘": "'", "’": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "−": "-", "…": "...", "•": "-", "`": "'", "´": "'",
    "\t": " ", "\u00a0": " ", "\u2009": " ", "\u202f": " ",
}  # fmt: skip
_INVISIBLE = {"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\ufe0f"}
_MOST_NAMED = 8
_MOST_CUT = 20


@dataclass(frozen=True)
class Segments:
    """Size of one SMS; `units` are septets or UTF-16 units, `left` those free in the last part."""

    encoding: Encoding
    units: int
    parts: int
    left: int
    culprits: tuple[str, ...]
    advice: str


def measure(text: str) -> Segments:
    """Measure the text as it will be sent; an empty text has no part."""
    culprits = tuple(dict.fromkeys(c for c in text if not _is_gsm(c)))
    encoding: Encoding = "UCS-2" if culprits else "GSM-7"
    units, parts, left = _pack(text, encoding)
    return Segments(encoding, units, parts, left, culprits, _advise(text, culprits, parts))


def describe_character(character: str) -> str:
    """The character itself, or its name when it cannot be seen."""
    if character in _INVISIBLE or not character.isprintable() or character.isspace():
        name = unicodedata.name(character, "").lower()
        return name or f"character U+{ord(character):04X}"
    return character


def lookalike(character: str) -> str:
    """What GSM-7 has in the place of this character, in words; empty when it has nothing alike."""
    plain = _LOOKALIKES.get(character)
    return _plain(plain) if plain else ""


def _is_gsm(character: str) -> bool:
    return character in _BASIC or character in _EXTENDED


def _size(character: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return 2 if character in _EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1


def _pack(text: str, encoding: Encoding) -> tuple[int, int, int]:
    """Units, parts and units left; no escape pair and no surrogate pair is split over two parts."""
    sizes = [_size(character, encoding) for character in text]
    units = sum(sizes)
    single, each = _CAPACITY[encoding]
    if units <= single:
        return units, 1 if text else 0, single - units
    parts, used = 1, 0
    for size in sizes:
        if used + size > each:
            parts, used = parts + 1, 0
        used += size
    return units, parts, each - used


def _parts(text: str) -> int:
    encoding: Encoding = "GSM-7" if all(map(_is_gsm, text)) else "UCS-2"
    return _pack(text, encoding)[1]


def _advise(text: str, culprits: tuple[str, ...], parts: int) -> str:
    """The cheapest change that saves a part, as one sentence; empty when nothing small does."""
    if parts < 2:
        return ""
    return (
        _advise_lookalikes(text, culprits, parts)
        or _advise_removal(text, culprits, parts)
        or _advise_extended(text, parts)
        or _advise_cut(text, parts)
    )


def _advise_lookalikes(text: str, culprits: tuple[str, ...], parts: int) -> str:
    if not 0 < len(culprits) <= _MOST_NAMED or not all(c in _LOOKALIKES for c in culprits):
        return ""
    fewer = _parts(text.translate(str.maketrans(_LOOKALIKES)))
    if fewer >= parts:
        return ""
    swaps = [f"{describe_character(c)} with {_plain(_LOOKALIKES[c])}" for c in culprits]
    return f"Replace {_listed(swaps)}: {_saving(fewer, parts)}."


def _advise_removal(text: str, characters: tuple[str, ...], parts: int) -> str:
    if not 0 < len(characters) <= _MOST_NAMED:
        return ""
    fewer = _parts(_without(text, characters))
    if fewer >= parts:
        return ""
    return (
        f"Remove {_listed([describe_character(c) for c in characters])}: {_saving(fewer, parts)}."
    )


def _advise_extended(text: str, parts: int) -> str:
    """Characters that count as two, when leaving them out is enough."""
    if not all(map(_is_gsm, text)):
        return ""
    extended = tuple(dict.fromkeys(c for c in text if c in _EXTENDED))
    fewer = _parts(_without(text, extended))
    if not extended or len(extended) > _MOST_NAMED or fewer >= parts:
        return ""
    names = _listed([describe_character(c) for c in extended])
    verb = "counts" if len(extended) == 1 else "count"
    return f"Remove {names}, which {verb} as two: {_saving(fewer, parts)}."


def _advise_cut(text: str, parts: int) -> str:
    for cut in range(1, min(_MOST_CUT, len(text)) + 1):
        fewer = _parts(text[:-cut])
        if fewer < parts:
            return f"Shorten the text by {_counted(cut, 'character')}: {_saving(fewer, parts)}."
    return ""


def _without(text: str, characters: tuple[str, ...]) -> str:
    return text.translate(dict.fromkeys(map(ord, characters)))


def _plain(replacement: object) -> str:
    return "a space" if replacement == " " else f"{replacement}"


def _saving(fewer: int, parts: int) -> str:
    return f"{_counted(fewer, 'part')} instead of {parts}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
