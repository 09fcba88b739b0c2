"""What is wrong with the variables in one text of a template; knows no limits of length."""

import itertools
import re
from collections.abc import Sequence

from flows.placeholders import (
    MAX_PARAMS,
    SPECIAL_KEYS,
    Channel,
    TemplateContent,
    Variable,
    fields,
    find_variables,
)
from flows.placeholders.variables import ANONYMOUS

_NAME = re.compile(r"[A-Za-z0-9_]+")
_LINK = re.compile(
    r"https?://|\bwww\.|\b[a-z0-9-]+\.(?:com|net|org|io|in|me|co|app|example)\b", re.I
)
_EMOJI = re.compile("[\u20e3\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff]")
_MARKUP = " *_~`"
_MOST_NAMED = 3
STYLES = "Use one kind of variable: {names}. Numbers are filled in order, names by their key."


def variable_problems(content: TemplateContent) -> list[str]:
    """What keeps callers from filling the body, or WhatsApp from taking it; a sentence each.

    Where styles are mixed nothing else can be said for certain.
    """
    found = find_variables(content.body, channel=content.channel)
    if mixed := _style_problem(found):
        return [mixed]
    sentences = [_name_problem(found), _gap_problem(found), _count_problem(content)]
    if content.channel is Channel.WHATSAPP:
        sentences += _place_problems(content.body, found)
    return [sentence for sentence in sentences if sentence]


def _style_problem(found: Sequence[Variable]) -> str:
    """Numbers beside names, or `{#var#}` beside numbers: nobody could say what fills what."""
    first = {_style(variable): variable.token for variable in reversed(found)}
    if len(first) < 2:
        return ""
    names = " or ".join(first[style] for style in ("anonymous", "number", "name") if style in first)
    return STYLES.format(names=names)


def _style(variable: Variable) -> str:
    if variable.kind == "named":
        return "name"
    return "anonymous" if variable.token == ANONYMOUS else "number"


def _name_problem(found: Sequence[Variable]) -> str:
    for variable in found:
        if variable.kind != "named" or variable.name in SPECIAL_KEYS:
            continue
        if variable.name.isdigit() and variable.name.isascii():
            return f"Use numbers from 1 to {MAX_PARAMS}: a call cannot fill {variable.token}."
        if not _NAME.fullmatch(variable.name):
            return (
                f"Name variables with letters, digits and _ only: {variable.token} would be read "
                "as one."
            )
    return ""


def _gap_problem(found: Sequence[Variable]) -> str:
    numbers = {variable.number for variable in found if variable.number is not None}
    missing = [number for number in range(1, max(numbers, default=0)) if number not in numbers]
    if not missing:
        return ""
    return f"Number the variables without a gap: {{{{{missing[0]}}}}} is missing."


def _count_problem(content: TemplateContent) -> str:
    needed = len(fields(content))
    if needed <= MAX_PARAMS:
        return ""
    return f"Use fewer variables: a call carries at most {MAX_PARAMS} values, these are {needed}."


def _place_problems(body: str, found: Sequence[Variable]) -> list[str]:
    """Meta refuses a body that begins or ends with a variable, or has two side by side."""
    if not found:
        return []
    sentences = []
    for before, after in itertools.pairwise(found):
        between = body[before.end : after.start]
        if not between.strip(_MARKUP):
            pair = f"{before.token} and {after.token}"
            sentences.append(f"Put words between {pair}: WhatsApp refuses the pair.")
    first, last = found[0], found[-1]
    if not body[: first.start].strip(_MARKUP + "\n"):
        sentences.append(
            f"Begin with words: WhatsApp refuses a text that begins with {first.token}."
        )
    if not body[last.end :].strip(_MARKUP + "\n"):
        sentences.append(
            f"End with words or a full stop: WhatsApp refuses {last.token} at the end."
        )
    return sentences


def broken_variables(text: str, *, channel: Channel) -> list[str]:
    """Stretches that look as if a variable was meant; they are sent as they stand."""
    covered = {
        index
        for variable in find_variables(text, channel=channel)
        for index in range(variable.start, variable.end)
    }
    stray = [i for i, character in enumerate(text) if character in "{}" and i not in covered]
    found: list[str] = []
    until = -1
    for index in stray:
        if index <= until:
            continue
        start, until = _stretch(text, index)
        found.append(text[start : until + 1])
    return list(dict.fromkeys(found))[:_MOST_NAMED]


def _stretch(text: str, index: int) -> tuple[int, int]:
    """From the brace to the one that closes it, or a few characters of it."""
    line = text[index:].split("\n", 1)[0][:30]
    if text[index] == "}":
        before = text[max(0, index - 12) : index]
        return index - len(before.rsplit(None, 1)[-1] if before.split() else ""), index
    if closing := re.match(r"[^}]*\}+", line):
        return index, index + closing.end() - 1
    return index, index + len(line.split(" ", 1)[0]) - 1


def has_link(text: str) -> bool:
    return bool(_LINK.search(text))


def has_emoji(text: str) -> bool:
    return bool(_EMOJI.search(text))
