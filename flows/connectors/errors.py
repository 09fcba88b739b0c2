"""Why a message could not be delivered: the classes that every carrier's codes map to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ErrorClass(StrEnum):
    """Why a message could not be delivered, whatever the carrier calls it."""

    NOT_ON_CHANNEL = "not_on_channel"
    BAD_NUMBER = "bad_number"
    OPTED_OUT = "opted_out"
    BLOCKED = "blocked"
    TEMPLATE_PROBLEM = "template_problem"
    OUTSIDE_POLICY = "outside_policy"
    THROTTLED = "throttled"
    CARRIER_DOWN = "carrier_down"
    CONTENT_REJECTED = "content_rejected"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        """What happened, for people."""
        return _WORDS[self][0]

    @property
    def advice(self) -> str:
        """What to do about it, for people."""
        return _WORDS[self][1]


_WORDS: Mapping[ErrorClass, tuple[str, str]] = {
    ErrorClass.NOT_ON_CHANNEL: (
        "The number is not reachable on this channel.",
        "Nothing to do: the next step takes over.",
    ),
    ErrorClass.BAD_NUMBER: (
        "The number is not valid or no longer in use.",
        "Correct the number in your own records.",
    ),
    ErrorClass.OPTED_OUT: (
        "The person has opted out of messages from this sender.",
        "Do not write to this person again until they opt in.",
    ),
    ErrorClass.BLOCKED: (
        "The sender or the recipient is blocked.",
        "Ask the carrier why, and look at the sender's quality rating.",
    ),
    ErrorClass.TEMPLATE_PROBLEM: (
        "The carrier does not accept the template or its parameters.",
        "Compare the template with the one that the carrier approved.",
    ),
    ErrorClass.OUTSIDE_POLICY: (
        "The carrier's policy or messaging window does not allow this message now.",
        "Check the template's category, the hours allowed and the consent.",
    ),
    ErrorClass.THROTTLED: (
        "The carrier is limiting how fast or how much is sent.",
        "Send more slowly or ask the carrier for a higher limit.",
    ),
    ErrorClass.CARRIER_DOWN: (
        "The carrier could not be reached or is out of order.",
        "Look at the carrier's status page; the next step takes over meanwhile.",
    ),
    ErrorClass.CONTENT_REJECTED: (
        "The carrier or an operator rejected the text.",
        "Check links, wording and the DLT registration of the text.",
    ),
    ErrorClass.UNKNOWN: (
        "The carrier gave a reason that is not known here.",
        "Look the code up in the carrier's documentation.",
    ),
}


@dataclass(frozen=True)
class Code:
    """What one code of a carrier means.

    `sentence` is a clause that can stand inside a sentence of ours ("The carrier refused it: …"),
    so it starts small and has no full stop. `advice` is a whole sentence; empty: the class's own.
    """

    error_class: ErrorClass
    sentence: str
    advice: str = ""

    @property
    def what_to_do(self) -> str:
        return self.advice or self.error_class.advice


Codes = Mapping[str, Code]

# What HTTP alone says, where a carrier has no code of its own for it (outcomes.by_status).
COMMON_CODES: Codes = {
    "credentials": Code(
        ErrorClass.BLOCKED,
        "the carrier does not accept the credentials",
        "Enter the credentials of the connection anew, and check them there.",
    ),
    "429": Code(
        ErrorClass.THROTTLED,
        "the carrier asks to send more slowly",
        "Nothing to do when it is rare: it is tried again. Otherwise ask for a higher limit.",
    ),
    "503": Code(ErrorClass.CARRIER_DOWN, "the carrier is out of order"),
}

_PHONE_NUMBER = re.compile(r"\+?\(?\d(?:[ ().-]{0,2}\d){6,}")


def explain(codes: Codes, code: str, *, said: str = "") -> tuple[ErrorClass, str]:
    """The class and the reason of a carrier's code; `said` is what the carrier itself says of it.

    A code that is not in the table is kept and said to be unknown. What the carrier says is quoted
    without phone numbers: reasons are kept for good, and shown to who may see no numbers.
    """
    if known := codes.get(code):
        return known.error_class, known.sentence
    said = _PHONE_NUMBER.sub("…", said).strip().rstrip(".")
    words = f" ({said})" if said else ""
    named = f"the code {code}" if code else "no code"
    return ErrorClass.UNKNOWN, f"the carrier gave {named}{words}, which is not known here"
