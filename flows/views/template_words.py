"""What the pages of a template say about it: its message with samples, its variables, its marks.

Puts values into words and places; makes no query and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.definition import Problem
from flows.definition.languages import LANGUAGES
from flows.definition.template_differences import Stretch, body_changes
from flows.definition.template_rules import settled, warnings
from flows.models import AssetStatus, Template, TemplateVersion
from flows.placeholders import (
    Channel,
    Field,
    Preview,
    TemplateContent,
    fields,
    find_variables,
    preview,
)
from flows.segments import Segments, measure

from .flow_words import Fact

MOST_CARRIED = 60
KINDS = {
    "text": "Text", "authentication": "Authentication", "TXN": "Transactional", "OTP": "OTP",
    "MKT": "Marketing", "DEFAULT": "Default",
}  # fmt: skip
_BUTTONS = {"quick_reply": "answers with these words", "phone": "calls", "url": "opens"}


@dataclass(frozen=True)
class VariableWords:
    """One value that callers send: its key, the variable it fills, and of what kind that is."""

    key: str
    label: str
    kind: str
    sample: str


@dataclass(frozen=True)
class MessageWords:
    """A message as the phone shows it, and what to say about it."""

    content: TemplateContent
    preview: Preview
    segments: Segments | None
    variables: tuple[VariableWords, ...]
    warnings: tuple[Problem, ...]
    carried: Mapping[str, str]  # samples of variables that are not there just now

    @property
    def shape(self) -> str:
        """Changes when other sample fields are needed."""
        return "|".join(variable.key for variable in self.variables)

    @property
    def is_blank(self) -> bool:
        return not self.content.body.strip()


def message_words(content: TemplateContent, samples: Mapping[str, str]) -> MessageWords:
    content = settled(content)
    keys = fields(content)
    given = {field.key: _sample_for(field, samples) for field in keys}
    shown = preview(content, given)
    text = "".join(piece.text for piece in shown.body)
    left = [(key, value) for key, value in samples.items() if key not in given and value]
    return MessageWords(
        content=content,
        preview=shown,
        segments=measure(text) if content.channel is Channel.SMS else None,
        variables=tuple(_variable(field, content, given[field.key]) for field in keys),
        warnings=tuple(warnings(content)),
        carried=dict(left[:MOST_CARRIED]),
    )


def _sample_for(field: Field, samples: Mapping[str, str]) -> str:
    """With the tenth variable the key "1" becomes "01"; its sample stays."""
    if field.key in samples:
        return samples[field.key]
    number = field.key.lstrip("0")
    if not number.isdigit():
        return ""
    return next((samples[key] for key in samples if key.lstrip("0") == number), "")


def _variable(field: Field, content: TemplateContent, sample: str) -> VariableWords:
    names = {v.name for v in find_variables(content.body, channel=content.channel) if not v.number}
    kinds = {"header": "Header", "button": "Link ending", "code": "Code"}
    by = "By name" if field.key in names else "By position"
    return VariableWords(field.key, field.label, kinds.get(field.where, by), sample)


def content_facts(content: TemplateContent) -> tuple[Fact, ...]:
    """All that a text says, as rows."""
    facts = [Fact("Kind", KINDS.get(content.kind, content.kind))]
    if content.channel is Channel.SMS:
        if content.dlt_template_id:
            facts.append(Fact("DLT template ID", content.dlt_template_id))
        facts.append(Fact("Encoding", "Unicode" if content.unicode else "GSM-7"))
        return tuple(facts)
    facts.append(Fact("Language", language_name(content.language)))
    if not content.is_authentication:
        facts.append(Fact("Category", content.category.capitalize() or "Not chosen yet"))
    if content.header_kind != "none":
        facts.append(Fact("Header", content.own_header or content.header_kind.capitalize()))
    if content.footer:
        facts.append(Fact("Footer", content.footer))
    facts += [
        Fact(f"Button {number}", f"“{button.text}” {_BUTTONS[button.kind]} {button.value}".strip())
        for number, button in enumerate(content.buttons, start=1)
    ]
    return tuple(facts)


def language_name(code: str) -> str:
    return f"{LANGUAGES[code]} ({code})" if code in LANGUAGES else code


def woven(old: TemplateContent, new: TemplateContent) -> list[Stretch]:
    """Both bodies in one, where they differ; empty when they do not."""
    return body_changes(old.body, new.body) if old.body != new.body else []


def marks(template: Template, in_review: TemplateVersion | None) -> dict[str, Any]:
    """What is under way beside the status: a version in review, changes that nobody handed in."""
    reviewed = in_review.content if in_review else None
    # A text that was never approved and is being checked is told by the status already.
    is_told = template.version == 0 and template.status == AssetStatus.PENDING
    return {
        "in_review": in_review.number if in_review and not is_told else 0,
        "has_changes": template.draft is not None and template.draft != reviewed,
    }
