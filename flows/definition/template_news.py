"""Which steps of a published flow hold an older text than their template has now; changes nothing.

A published flow goes on with the texts that it was published with, until it is published again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from flows.definition.flow import PinnedDefinition
from flows.definition.template_differences import Demands, demand_sentences, demands_between
from flows.definition.values import Catalog


@dataclass(frozen=True)
class TemplateNews:
    """A step (from 0) whose template has a newer approved version, and what it asks of callers."""

    index: int
    template: str
    name: str
    version: int
    demands: Demands

    @property
    def sentence(self) -> str:
        return f"A newer version of {self.name} is approved. Publish to use it."

    @property
    def demand_sentences(self) -> list[str]:
        return demand_sentences(self.demands, f"input.send{self.index + 1}.templateParams")


def template_news(pinned: PinnedDefinition, catalog: Catalog) -> list[TemplateNews]:
    return list(_news(pinned, catalog))


def _news(pinned: PinnedDefinition, catalog: Catalog) -> Iterator[TemplateNews]:
    for index, step in enumerate(pinned.steps):
        facts = catalog.templates.get(step.template)
        if facts is None or facts.status != "approved" or facts.content == step.content:
            continue
        demands = demands_between(step.content, facts.content)
        yield TemplateNews(index, step.template, facts.content.name, facts.version, demands)
