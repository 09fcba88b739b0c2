"""A flow as it is being edited and as it is published; stores nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from json import dumps as json_text

from flows.definition.reading import Reading
from flows.definition.rules import TOO_MANY_STEPS, step_count_problem, step_problems, title_problem
from flows.definition.values import (
    DEFAULT_WAIT_S,
    MAX_STEPS,
    Catalog,
    DefinitionError,
    Json,
    PinnedStep,
    Problem,
    Step,
)
from flows.placeholders import Channel


@dataclass(frozen=True)
class PinnedDefinition:
    """A flow as published: the immutable content of a flow version."""

    title: str
    callback_profile: str
    steps: tuple[PinnedStep, ...]

    def to_json(self) -> dict[str, Json]:
        steps = [step.to_json() for step in self.steps]
        return {"title": self.title, "callback_profile": self.callback_profile, "steps": steps}

    @classmethod
    def from_json(cls, json: Mapping[str, Json]) -> "PinnedDefinition":
        steps = tuple(PinnedStep.from_json(step) for step in json["steps"])
        return cls(json["title"], json["callback_profile"], steps)

    @property
    def fingerprint(self) -> str:
        """The same for the same content, texts of templates included; short enough for a form."""
        text = json_text(self.to_json(), sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()[:32]

    def editable(self) -> "Definition":
        """The working copy that an edit of this version starts from."""
        steps = tuple(step.editable() for step in self.steps)
        return Definition(self.title, self.callback_profile, steps)


@dataclass(frozen=True)
class Definition:
    """A flow as it is being edited; it may be incomplete."""

    title: str = ""
    callback_profile: str = ""
    steps: tuple[Step, ...] = ()

    @classmethod
    def parse(cls, json: object) -> "Definition":
        """Read any JSON value; what is missing takes its default, what is mistyped is refused."""
        reading = Reading()
        title, callback_profile, steps = reading.read(json)
        if reading.problems:
            raise DefinitionError(reading.problems)
        return cls(title, callback_profile, steps)

    def to_json(self) -> dict[str, Json]:
        steps = [{**asdict(step), "channel": step.channel.value} for step in self.steps]
        return {"title": self.title, "callback_profile": self.callback_profile, "steps": steps}

    def draft_problems(self) -> list[Problem]:
        """What keeps this from being saved as a draft: only its title."""
        message = title_problem(self.title)
        return [Problem("title", message)] if message else []

    def problems(self, catalog: Catalog) -> list[Problem]:
        """Everything that keeps this from being published, in the order of the form."""
        found = self.draft_problems()
        if self.callback_profile and self.callback_profile not in catalog.callback_profiles:
            message = "Choose another callback profile or none: this one no longer exists."
            found.append(Problem("callback_profile", message))
        if message := step_count_problem(len(self.steps)):
            found.append(Problem("steps", message))
        for index, step in enumerate(self.steps):
            found += [
                Problem(f"steps.{index}.{name}", message)
                for name, message in step_problems(step, catalog)
            ]
        return found

    def pin(self, catalog: Catalog) -> PinnedDefinition:
        """The definition as published, with copies of everything; DefinitionError when unfit."""
        if problems := self.problems(catalog):
            raise DefinitionError(problems)
        steps = tuple(_pin_step(step, catalog) for step in self.steps)
        return PinnedDefinition(self.title, self.callback_profile, steps)

    def with_step(self, index: int, step: Step) -> "Definition":
        """The step at `index` (from 0) replaced; IndexError when there is none."""
        self._check(index)
        return replace(self, steps=(*self.steps[:index], step, *self.steps[index + 1 :]))

    def add_step(self, channel: Channel | None = None) -> "Definition":
        """A step more at the end, by default of the other channel; DefinitionError beyond five."""
        if len(self.steps) >= MAX_STEPS:
            raise DefinitionError([Problem("steps", TOO_MANY_STEPS)])
        default = self.steps[-1].channel.other if self.steps else Channel.WHATSAPP
        step = Step(channel=channel or default, wait_s=DEFAULT_WAIT_S)
        return replace(self, steps=(*self.steps, step))

    def remove_step(self, index: int) -> "Definition":
        """The step at `index` (from 0) taken out; IndexError when there is none."""
        self._check(index)
        return replace(self, steps=self.steps[:index] + self.steps[index + 1 :])

    def move_step(self, index: int, by: int) -> "Definition":
        """The step at `index` one place up or down; at either end nothing changes."""
        self._check(index)
        target = index + by
        if not 0 <= target < len(self.steps):
            return self
        steps = list(self.steps)
        steps[index], steps[target] = steps[target], steps[index]
        return replace(self, steps=tuple(steps))

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self.steps):
            raise IndexError(f"The flow has no step {index + 1}.")


def _pin_step(step: Step, catalog: Catalog) -> PinnedStep:
    sender, template = catalog.senders[step.sender], catalog.templates[step.template]
    assert step.wait_s is not None  # noqa: S101 - problems() has looked at it
    return PinnedStep(
        channel=step.channel,
        sender=step.sender,
        sender_identifier=sender.identifier,
        connection=sender.connection,
        template=step.template,
        content=template.content,
        media_url=step.media_url,
        wait_s=step.wait_s,
        counts_as=step.counts_as,
        template_version=template.version,
    )
