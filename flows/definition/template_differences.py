"""Tell in words what changed between two texts of a template, and what it means for callers."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flows.placeholders import TemplateContent, fields

_WORDS = re.compile(r"\s+|[^\s{}]+|\{+[^{}]*\}+|.")
_KINDS = {
    "text": "Text", "authentication": "Authentication", "OTP": "OTP", "TXN": "Transactional",
    "MKT": "Marketing", "DEFAULT": "Default", "none": "none", "": "none",
}  # fmt: skip
_LABELS = {
    "name": "Name", "language": "Language", "kind": "Kind", "category": "Category",
    "header_kind": "Header", "header_text": "Header text", "footer": "Footer",
    "dlt_template_id": "DLT template ID",
}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """Words of a body that both texts have, or only the old or only the new one."""

    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True)
class Demands:
    """Keys that callers must send from now on, and keys that they need no longer send."""

    added: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)

    @classmethod
    def between(cls, before: Sequence[str], after: Sequence[str]) -> "Demands":
        return cls(
            tuple(key for key in after if key not in before),
            tuple(key for key in before if key not in after),
        )


def content_differences(old: TemplateContent, new: TemplateContent) -> list[str]:
    """What changed from old to new, a sentence each; empty when both say the same."""
    sentences = []
    for name, label in _LABELS.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            sentences.append(f"{label} changed from {_quoted(before)} to {_quoted(after)}.")
    if old.body != new.body:
        sentences.append("The text of the message changed.")
    sentences += _button_differences(old, new)
    if old.unicode != new.unicode:
        sentences.append(f"Unicode was switched {'on' if new.unicode else 'off'}.")
    return sentences


def _quoted(value: str) -> str:
    shown = _KINDS.get(value)
    return shown if shown else f"“{value}”"


def _button_differences(old: TemplateContent, new: TemplateContent) -> list[str]:
    if old.buttons == new.buttons:
        return []
    before = {button.text: button for button in old.buttons}
    after = {button.text: button for button in new.buttons}
    sentences = [f"The button “{text}” was removed." for text in before if text not in after]
    sentences += [f"The button “{text}” was added." for text in after if text not in before]
    sentences += [
        f"The button “{text}” leads to {after[text].value or 'nothing'} now, "
        f"was {before[text].value or 'nothing'}."
        for text in after
        if text in before and after[text] != before[text]
    ]
    return sentences or ["The buttons have another order."]


def body_changes(old: str, new: str) -> list[Stretch]:
    """Both bodies woven into one, word by word; dropping one side gives the other."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    stretches: list[Stretch] = []
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for verb, a, b, c, d in matcher.get_opcodes():
        if verb == "equal":
            stretches.append(Stretch("same", "".join(before[a:b])))
            continue
        if a < b:
            stretches.append(Stretch("removed", "".join(before[a:b])))
        if c < d:
            stretches.append(Stretch("added", "".join(after[c:d])))
    return stretches


def demands_between(old: TemplateContent, new: TemplateContent) -> Demands:
    return Demands.between(_keys(old), _keys(new))


def _keys(content: TemplateContent) -> list[str]:
    return [field.key for field in fields(content)]


def demand_sentences(demands: Demands, place: str) -> list[str]:
    """`place`: where callers put the values, like `input.send1.templateParams`."""
    sentences = []
    if demands.added:
        sentences.append(f"Callers must now also send {_listed(demands.added)} in {place}.")
    if demands.removed:
        sentences.append(f"Callers no longer need to send {_listed(demands.removed)} in {place}.")
    return sentences


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(f"“{key}”" for key in keys)
