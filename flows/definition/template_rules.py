"""What a template may say: the channels' limits, Meta's rules, and what callers can fill.

`draft_problems` keeps a text from being stored, `problems` from being handed in for approval;
`warnings` keep it from nothing. Fields are those of TemplateContent, buttons are
`buttons.<index>.text` and `buttons.<index>.value`. Whether a name is free is not known here.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from flows.definition.languages import LANGUAGES
from flows.definition.template_buttons import button_problems, storable_problems
from flows.definition.template_texts import (
    broken_variables,
    has_emoji,
    has_link,
    variable_problems,
)
from flows.definition.values import Problem
from flows.placeholders import Channel, TemplateContent, find_unfit, find_variables
from flows.segments import describe_character, lookalike, measure

MAX_NAME, MAX_BODY, MAX_HEADER, MAX_FOOTER, MAX_DLT_ID = 100, 1024, 60, 60, 40
WHATSAPP_KINDS = ("text", "authentication")
SMS_KINDS = ("TXN", "OTP", "MKT", "DEFAULT")
TEXT_CATEGORIES = ("utility", "marketing")
HEADER_KINDS = ("none", "text", "image", "video", "document")
_NAME = re.compile(r"[a-z0-9_]+")
_MOST_NAMED = 6


def draft_problems(content: TemplateContent) -> list[Problem]:
    """Its name and its lengths: all else may wait until it is handed in."""
    found = [Problem("name", message) for message in [_name_problem(content)] if message]
    lengths = [("body", MAX_BODY, "text"), ("dlt_template_id", MAX_DLT_ID, "DLT template ID")]
    if content.channel is Channel.WHATSAPP:
        lengths += [("header_text", MAX_HEADER, "header"), ("footer", MAX_FOOTER, "footer")]
    for field, most, noun in lengths:
        text = getattr(content, field)
        if len(text) > most:
            over = len(text) - most
            sentence = f"Shorten the {noun} to {most:,} characters: it has {over:,} too many."
            found.append(Problem(field, sentence))
        elif find_unfit(text):
            found.append(Problem(field, f"Remove the control characters from the {noun}."))
    return found + list(storable_problems(content.buttons))


def problems(content: TemplateContent) -> list[Problem]:
    """Everything that is wrong, in the order of the form."""
    found = draft_problems(content)
    rules = _whatsapp if content.channel is Channel.WHATSAPP else _sms
    told = {problem.field for problem in found}
    found += [problem for problem in rules(content) if problem.field not in told]
    order = {name: index for index, name in enumerate(_ORDER)}
    return sorted(found, key=lambda problem: order.get(problem.field.split(".")[0], 99))


_ORDER = (
    "name", "language", "kind", "category", "header_kind", "header_text", "body", "footer",
    "buttons", "unicode", "dlt_template_id",
)  # fmt: skip


def warnings(content: TemplateContent) -> list[Problem]:
    """What is allowed, but hardly meant."""
    found = []
    texts = {"header_text": content.own_header, "body": content.body}
    for field, text in texts.items():
        for stretch in broken_variables(text, channel=content.channel):
            sentence = f"“{stretch}” looks like a broken variable: it is sent as it stands."
            found.append(Problem(field, sentence))
    is_unicode = content.channel is Channel.SMS and content.unicode and content.body
    if is_unicode and not measure(_own_text(content)).culprits:
        sentence = "Unicode is not needed: without it a part holds 160 characters, not 70."
        found.append(Problem("unicode", sentence))
    return found


# --- WhatsApp ------------------------------------------------------------------------------------


def _whatsapp(content: TemplateContent) -> Iterator[Problem]:
    if content.language not in LANGUAGES:
        yield Problem("language", "Choose a language from the list.")
    if content.kind not in WHATSAPP_KINDS:
        yield Problem("kind", "Choose Text or Authentication.")
    elif content.is_authentication:
        yield from _authentication(content)
    else:
        yield from _text(content)
    if find_variables(content.footer, channel=content.channel):
        yield Problem("footer", "Remove the variable: a footer is always the same.")
    elif "\n" in content.footer:
        yield Problem("footer", "Write the footer on one line.")


def _text(content: TemplateContent) -> Iterator[Problem]:
    if content.category not in TEXT_CATEGORIES:
        yield Problem("category", "Choose Utility or Marketing.")
    if content.header_kind not in HEADER_KINDS:
        yield Problem("header_kind", "Choose a header, or none.")
    if message := _header_problem(content) if content.header_kind == "text" else "":
        yield Problem("header_text", message)
    yield from (Problem("body", message) for message in _body_problems(content))
    yield from button_problems(content.buttons)


def _header_problem(content: TemplateContent) -> str:
    found = find_variables(content.header_text, channel=content.channel)
    if not content.header_text.strip():
        return "Enter the header, or choose no header."
    if len(found) > 1:
        return f"Use one variable at most in the header: remove {found[1].token}."
    if "\n" in content.header_text:
        return "Write the header on one line."
    own = _without_variables(content.header_text, content.channel)
    if "*" in own or has_emoji(own):
        return "Remove asterisks and emoji: WhatsApp refuses them in a header."
    return ""


def _authentication(content: TemplateContent) -> Iterator[Problem]:
    """A code and nothing else: WhatsApp shows such a message with a text of its own."""
    if content.category != "authentication":
        yield Problem("category", "A text with a code belongs to the category Authentication.")
    if content.header_kind != "none":
        yield Problem("header_kind", "Choose no header: a text with a code has none.")
    if message := _code_problem(content):
        yield Problem("body", message)
    if has_link(content.footer) or has_emoji(content.footer):
        yield Problem("footer", "Remove links and emoji: a text with a code has none.")
    if content.buttons:
        yield Problem(
            "buttons", "Remove the buttons: WhatsApp adds the button that copies the code."
        )


def _code_problem(content: TemplateContent) -> str:
    found = find_variables(content.body, channel=content.channel)
    if not content.body.strip():
        return "Enter a text with the code, for example: {{1}} is your verification code."
    if not found:
        return "Write {{1}} where the code belongs."
    if {variable.number for variable in found} != {1}:
        other = next(variable for variable in found if variable.number != 1)
        return f"Use {{{{1}}}} for the code and no other variable: remove {other.token}."
    if has_link(content.body):
        return "Remove the link: a text with a code has none."
    if has_emoji(content.body):
        return "Remove the emoji: a text with a code has none."
    return ""


# --- SMS -----------------------------------------------------------------------------------------


def _sms(content: TemplateContent) -> Iterator[Problem]:
    if content.kind not in SMS_KINDS:
        yield Problem("kind", "Choose what kind of SMS it is.")
    messages = [*_body_problems(content), _otp_problem(content), _alphabet_problem(content)]
    yield from (Problem("body", message) for message in messages if message)
    if content.dlt_template_id and not _is_digits(content.dlt_template_id):
        yield Problem("dlt_template_id", "Enter the DLT template ID in digits, usually 19 of them.")


def _otp_problem(content: TemplateContent) -> str:
    if (
        content.kind != "OTP"
        or not content.body.strip()
        or find_variables(content.body, channel=content.channel)
    ):
        return ""
    return "Write {#var#} where the code belongs: an OTP carries one."


def _alphabet_problem(content: TemplateContent) -> str:
    """A carrier turns what GSM-7 does not have into a question mark."""
    culprits = () if content.unicode else measure(_own_text(content)).culprits
    if not culprits:
        return ""
    swaps = [f"{describe_character(c)} with {plain}" for c in culprits if (plain := lookalike(c))]
    if len(swaps) == len(culprits) <= _MOST_NAMED:
        return f"Replace {', '.join(swaps)}, or switch Unicode on: GSM-7 does not have them."
    names = " ".join(describe_character(c) for c in culprits[:_MOST_NAMED])
    return f"Switch Unicode on, or remove {names}: GSM-7 does not have them."


# --- Both ----------------------------------------------------------------------------------------


def _name_problem(content: TemplateContent) -> str:
    noun = "name" if content.channel is Channel.WHATSAPP else "title"
    if not any(unicodedata.category(character)[0] not in "CZ" for character in content.name):
        return f"Enter a {noun}."
    if len(content.name) > MAX_NAME:
        return f"Shorten the {noun} to {MAX_NAME} characters."
    if content.channel is Channel.WHATSAPP and not _NAME.fullmatch(content.name):
        hint = suggest_name(content.name)
        return "Use lower-case letters, digits and _ only" + (f", like {hint}." if hint else ".")
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in content.name):
        return "Remove line breaks and control characters from the title."
    return ""


def suggest_name(text: str) -> str:
    """The nearest name that WhatsApp takes: “Order Update” → order_update; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:MAX_NAME]


def _body_problems(content: TemplateContent) -> list[str]:
    return (
        variable_problems(content) if content.body.strip() else ["Enter the text of the message."]
    )


def _own_text(content: TemplateContent) -> str:
    return _without_variables(content.body, content.channel)


def _without_variables(text: str, channel: Channel) -> str:
    for variable in reversed(find_variables(text, channel=channel)):
        text = text[: variable.start] + text[variable.end :]
    return text


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def settled(content: TemplateContent) -> TemplateContent:
    """Without what its channel and kind do not have, whatever was typed before they were chosen."""
    if content.channel is Channel.SMS:
        bare = replace(content, language="", category="", header_kind="none", header_text="")
        return replace(bare, footer="", buttons=())
    content = replace(content, dlt_template_id="", unicode=False)
    if content.is_authentication:
        bare = replace(content, category="authentication", header_kind="none", header_text="")
        return replace(bare, buttons=())
    return content if content.header_kind == "text" else replace(content, header_text="")
