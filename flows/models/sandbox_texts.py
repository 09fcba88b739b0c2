"""Which template texts nobody but the Sandbox has approved. It approves anything, so no real
carrier is given one of them. Changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .asset import Template
from .review import Decision, Review

Version = tuple[int, int]  # the template's key, and the number of one of its versions


@dataclass(frozen=True)
class Unseen:
    """Versions whose very text no person has approved, under this number or another."""

    versions: frozenset[Version] = field(default_factory=frozenset)

    def obstacle(self, template: Template, number: int) -> str:
        """Why a real carrier is not given this version, as a clause; empty when it may be."""
        if (template.pk, number) not in self.versions:
            return ""
        return (
            f"only the Sandbox has approved the text of {template.name}, and it approves anything"
        )


def unseen(templates: Iterable[Template]) -> Unseen:
    """One statement; versions from before approvals were kept count as seen."""
    approved = Review.objects.filter(
        template_version__template__in=list(templates), decision=Decision.APPROVED
    ).values_list(
        "template_version__template_id",
        "template_version__number",
        "template_version__content",
        "decided_by",
        "settles_at",
    )
    by_people: dict[int, list[Mapping[str, Any]]] = {}
    by_sandbox: dict[Version, Mapping[str, Any]] = {}
    for template, number, content, person, settles_at in approved:
        if person is None and settles_at is not None:
            by_sandbox[template, number] = content
        else:
            by_people.setdefault(template, []).append(content)
    return Unseen(
        frozenset(
            version
            for version, content in by_sandbox.items()
            if content not in by_people.get(version[0], [])
        )
    )
