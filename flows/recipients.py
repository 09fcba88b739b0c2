"""Read and mask the phone numbers messages go to; no I/O, no list of people."""

import re

import phonenumbers
from phonenumbers import ValidationResult

_DIGITS = re.compile(r"[0-9]+")
_POSSIBLE = ValidationResult.IS_POSSIBLE


class RecipientError(ValueError):
    """A recipient that cannot be used; the text is one sentence without a field name."""


def parse_recipient(value: object) -> str:
    """Digits with country code, 8 to 15 of them, or a RecipientError."""
    if not isinstance(value, str):
        raise RecipientError("A recipient must be a string of digits.")
    if not value:
        raise RecipientError("Enter a number with its country code.")
    if value.startswith("+"):
        raise RecipientError("Leave out the + and start with the country code.")
    if not _DIGITS.fullmatch(value):
        raise RecipientError("Use digits only: country code and number, no spaces or signs.")
    if value.startswith("0"):
        raise RecipientError("Start with the country code, not with 0.")
    if not 8 <= len(value) <= 15:
        raise RecipientError(f"A number has 8 to 15 digits, this one has {len(value)}.")
    if not _is_possible(value):
        raise RecipientError("This is not a possible phone number in any country.")
    return value


def parse_typed(text: str) -> str:
    """A number as people write it: spaces, dots, dashes and brackets, `+` or `00` in front."""
    bare = re.sub(r"[\s().\-\u2010-\u2015/]", "", text).removeprefix("+")
    return parse_recipient(bare.removeprefix("00"))


def mask(number: str) -> str:
    """The first four and the last two digits; the dots do not tell the length."""
    return f"{number[:4]}•••••{number[-2:]}" if len(number) >= 8 else "•••••"


def _is_possible(digits: str) -> bool:
    """Dialable from abroad: a number that works only inside its own area is not."""
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number_with_reason(number) == _POSSIBLE
