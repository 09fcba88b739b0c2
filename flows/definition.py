"""What a flow means: its steps, what is wrong with them, and how two versions differ, in words.

Knows neither database nor page: the senders, templates and callback profiles that exist come in
as a Catalog.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from flows.placeholders import Channel, TemplateContent, find_unfit

__all__ = [
    "Catalog", "Channel", "CountsAs", "Definition", "DefinitionError", "PinnedDefinition",
    "PinnedStep", "Problem", "SenderFacts", "Step", "TemplateFacts", "differences",
]  # fmt: skip

MIN_STEPS, MAX_STEPS = 2, 5
MIN_WAIT_S, MAX_WAIT_S, DEFAULT_WAIT_S = 5, 900, 60
MAX_TITLE_CHARACTERS = 100
MAX_TEXT_CHARACTERS = 2048
APPROVED = "approved"

CountsAs = Literal["delivered", "read", "accepted"]
Json = Any


@dataclass(frozen=True)
class Problem:
    """Something to put right: the form field it belongs to, and a sentence for people."""

    field: str
    message: str


class DefinitionError(ValueError):
    """A definition that cannot be read or published; `problems` holds all reasons."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class SenderFacts:
    """What a definition must know of a sender; `generation` is V1 or V2 on WhatsApp, else empty."""

    id: str
    channel: Channel
    identifier: str
    label: str
    generation: str
    status: str
    connection: str


@dataclass(frozen=True)
class TemplateFacts:
    """What a definition must know of a template."""

    id: str
    content: TemplateContent
    status: str
    label: str
    version: int = 1


@dataclass(frozen=True)
class Catalog:
    """The account's senders and templates by public id, and its callback profiles' titles."""

    senders: Mapping[str, SenderFacts] = field(default_factory=dict)
    templates: Mapping[str, TemplateFacts] = field(default_factory=dict)
    callback_profiles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One channel of a flow as it is being edited: anything but the channel may still be empty."""

    channel: Channel
    sender: str = ""
    template: str = ""
    media_url: str = ""
    wait_s: int | None = None
    counts_as: CountsAs = "delivered"


@dataclass(frozen=True)
class PinnedStep:
    """One step as published: a copy of all it needs, so that later edits cannot change it."""

    channel: Channel
    sender: str
    sender_identifier: str
    connection: str
    template: str
    content: TemplateContent
    media_url: str
    wait_s: int
    counts_as: CountsAs

    def to_json(self) -> dict[str, Json]:
        return {**asdict(self), "channel": self.channel.value, "content": self.content.to_json()}

    @classmethod
    def from_json(cls, json: Mapping[str, Json]) -> "PinnedStep":
        content = TemplateContent.from_json(json["content"])
        known = {name: json[name] for name in cls.__dataclass_fields__}
        return cls(**{**known, "channel": Channel(json["channel"]), "content": content})

    def editable(self) -> Step:
        return Step(
            channel=self.channel,
            sender=self.sender,
            template=self.template,
            media_url=self.media_url,
            wait_s=self.wait_s,
            counts_as=self.counts_as,
        )


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
        reading = _Reading()
        definition = reading.definition(json)
        if reading.problems:
            raise DefinitionError(reading.problems)
        return definition

    def to_json(self) -> dict[str, Json]:
        steps = [{**asdict(step), "channel": step.channel.value} for step in self.steps]
        return {"title": self.title, "callback_profile": self.callback_profile, "steps": steps}

    def draft_problems(self) -> list[Problem]:
        """What keeps this from being saved as a draft: only its title."""
        message = _title_problem(self.title)
        return [Problem("title", message)] if message else []

    def problems(self, catalog: Catalog) -> list[Problem]:
        """Everything that keeps this from being published, in the order of the form."""
        found = self.draft_problems()
        if self.callback_profile and self.callback_profile not in catalog.callback_profiles:
            message = "Choose another callback profile or none: this one no longer exists."
            found.append(Problem("callback_profile", message))
        if len(self.steps) < MIN_STEPS:
            missing = "a first and a second step" if not self.steps else "a second step"
            found.append(Problem("steps", f"Add {missing}: a flow has {MIN_STEPS} to {MAX_STEPS}."))
        if len(self.steps) > MAX_STEPS:
            found.append(Problem("steps", _TOO_MANY_STEPS))
        for index, step in enumerate(self.steps):
            found += [
                Problem(f"steps.{index}.{name}", message)
                for name, message in _step_problems(step, catalog)
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
            raise DefinitionError([Problem("steps", _TOO_MANY_STEPS)])
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


_TOO_MANY_STEPS = f"Remove a step: a flow has at most {MAX_STEPS}."
_WAIT_PROBLEM = f"Enter a wait between {MIN_WAIT_S} and {MAX_WAIT_S} seconds."


class _Reading:
    """One pass over a JSON value from outside, collecting what is mistyped."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def definition(self, json: object) -> Definition:
        if not isinstance(json, Mapping):
            self._refuse("steps", "The flow cannot be read.")
            return Definition()
        title = self._text(json, "title", prefix="").strip()
        profile = self._text(json, "callback_profile", prefix="")
        return Definition(title, profile, self._steps(json.get("steps", [])))

    def _steps(self, json: object) -> tuple[Step, ...]:
        if not isinstance(json, list | tuple):
            self._refuse("steps", "The steps cannot be read.")
            return ()
        if len(json) > MAX_STEPS:
            self._refuse("steps", _TOO_MANY_STEPS)
            return ()
        return tuple(self._step(f"steps.{index}.", step) for index, step in enumerate(json))

    def _step(self, prefix: str, json: object) -> Step:
        if not isinstance(json, Mapping):
            self._refuse(f"{prefix}channel", "Choose WhatsApp or SMS.")
            return Step(Channel.WHATSAPP)
        return Step(
            channel=self._channel(json, prefix),
            sender=self._text(json, "sender", prefix=prefix),
            template=self._text(json, "template", prefix=prefix),
            media_url=self._text(json, "media_url", prefix=prefix).strip(),
            wait_s=self._wait(json, prefix),
            counts_as=self._counts_as(json, prefix),
        )

    def _channel(self, json: Mapping[str, Json], prefix: str) -> Channel:
        value = json.get("channel")
        if isinstance(value, str) and value in list(Channel):
            return Channel(value)
        self._refuse(f"{prefix}channel", "Choose WhatsApp or SMS.")
        return Channel.WHATSAPP

    def _wait(self, json: Mapping[str, Json], prefix: str) -> int | None:
        value = json.get("wait_s")
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
            return value
        self._refuse(f"{prefix}wait_s", _WAIT_PROBLEM)
        return None

    def _counts_as(self, json: Mapping[str, Json], prefix: str) -> CountsAs:
        value = json.get("counts_as", "delivered")
        for choice in get_args(CountsAs):
            if isinstance(value, str) and value == choice:
                known: CountsAs = choice
                return known
        self._refuse(f"{prefix}counts_as", "Choose what counts as delivered.")
        return "delivered"

    def _text(self, json: Mapping[str, Json], name: str, *, prefix: str) -> str:
        value = json.get(name, "")
        if value is None:
            return ""
        if not isinstance(value, str):
            self._refuse(f"{prefix}{name}", "This must be text.")
        elif len(value) > MAX_TEXT_CHARACTERS:
            self._refuse(f"{prefix}{name}", f"Use at most {MAX_TEXT_CHARACTERS:,} characters.")
        elif find_unfit(value):
            self._refuse(f"{prefix}{name}", "Remove the control characters.")
        else:
            return value
        return ""

    def _refuse(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message))


def _title_problem(title: str) -> str:
    if not any(_is_visible(character) for character in title):
        return "Enter a title."
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in title):
        return "Remove line breaks and control characters from the title."
    if len(title.strip()) > MAX_TITLE_CHARACTERS:
        return f"Shorten the title to {MAX_TITLE_CHARACTERS} characters."
    return ""


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"


def _step_problems(step: Step, catalog: Catalog) -> list[tuple[str, str]]:
    template = catalog.templates.get(step.template)
    found = {
        "sender": _sender_problem(step, catalog.senders.get(step.sender)),
        "template": _template_problem(step, template),
        "media_url": _media_problem(step, template.content if template else None),
        "wait_s": "" if _is_wait(step.wait_s) else _WAIT_PROBLEM,
        "counts_as": _counts_as_problem(step),
    }
    return [(name, message) for name, message in found.items() if message]


def _sender_problem(step: Step, sender: SenderFacts | None) -> str:
    choose = f"Choose {_a(step.channel)} sender"
    if sender is None or sender.channel is not step.channel:
        return f"{choose}: this one no longer exists." if step.sender else f"{choose}."
    if sender.status != APPROVED:
        return f"{choose} that is approved: {sender.label} is {sender.status}."
    if step.channel is Channel.WHATSAPP and sender.generation != "V1":
        return f"{choose} of generation V1: {sender.label} is {sender.generation or 'unknown'}."
    return ""


def _template_problem(step: Step, template: TemplateFacts | None) -> str:
    choose = f"Choose {_a(step.channel)} template"
    if template is None or template.content.channel is not step.channel:
        return f"{choose}: this one no longer exists." if step.template else f"{choose}."
    if template.status != APPROVED:
        return f"{choose} that is approved: {template.label} is {template.status}."
    kinds = {"text", "authentication"}
    if step.channel is Channel.WHATSAPP and template.content.kind not in kinds:
        return f"{choose} of kind text or authentication: {template.label} is neither."
    return ""


def _media_problem(step: Step, content: TemplateContent | None) -> str:
    if step.channel is Channel.SMS:
        return "Remove the media URL: an SMS carries no media." if step.media_url else ""
    if content is None or content.channel is not step.channel:
        return ""
    if not content.needs_media:
        return "Remove the media URL: the template has no media header." if step.media_url else ""
    if not step.media_url:
        return f"Enter a media URL: the template begins with {_MEDIA_NAMES[content.header_kind]}."
    return "" if _is_https(step.media_url) else "Enter a media URL that starts with https://."


_MEDIA_NAMES = {"image": "an image", "video": "a video", "document": "a document"}


def _is_https(url: str) -> bool:
    """An absolute https URL that a carrier can fetch: one line, a host, a port that exists."""
    if len(url) > MAX_TEXT_CHARACTERS or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_wait(wait_s: object) -> bool:
    is_number = isinstance(wait_s, int) and not isinstance(wait_s, bool)
    return is_number and MIN_WAIT_S <= wait_s <= MAX_WAIT_S  # type: ignore[operator]


def _counts_as_problem(step: Step) -> str:
    if step.counts_as not in get_args(CountsAs):
        return "Choose what counts as delivered."
    if step.counts_as == "read" and step.channel is not Channel.WHATSAPP:
        return "Choose delivered or accepted: an SMS does not report that it was read."
    return ""


def _a(channel: Channel) -> str:
    return "a WhatsApp" if channel is Channel.WHATSAPP else "an SMS"


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
    )


def differences(
    old: Definition | PinnedDefinition, new: Definition | PinnedDefinition, *, catalog: Catalog
) -> list[str]:
    """What changed from old to new, one sentence for people each; empty when nothing did."""
    before: Sequence[_AnyStep] = old.steps
    after: Sequence[_AnyStep] = new.steps
    pairs = _pair_steps(before, after)
    paired_old, paired_new = {i for i, _ in pairs}, {j for _, j in pairs}
    sentences = _top_differences(old, new, catalog)
    sentences += [
        f"Step {i + 1} was removed: {_summary(step, catalog)}."
        for i, step in enumerate(before)
        if i not in paired_old
    ]
    if [j for _, j in pairs] != sorted(paired_new):
        sentences.append(f"The order of the steps is now {_order(after)}, was {_order(before)}.")
    for j, step in enumerate(after):
        if j not in paired_new:
            sentences.append(f"Step {j + 1} was added: {_summary(step, catalog)}.")
        for i in (i for i, paired in pairs if paired == j):
            sentences += [
                f"Step {j + 1}: {change}." for change in _step_differences(before[i], step, catalog)
            ]
    return sentences


_AnyStep = Step | PinnedStep
_COSTS = {"sender": 1.0, "template": 2.0, "media_url": 1.0, "wait_s": 1.0, "counts_as": 1.0}
_ABSENCE_COST = 2.5


def _pair_steps(old: Sequence[_AnyStep], new: Sequence[_AnyStep]) -> list[tuple[int, int]]:
    """Which old step became which new one: the cheapest way to tell the change.

    Only steps of one channel are the same step, a removal and an addition cost 2.5 each, and a
    step rather stayed than moved. At most five steps, so a plain search is quick.
    """

    @cache
    def cheapest(i: int, free: frozenset[int]) -> tuple[float, tuple[tuple[int, int], ...]]:
        if i == len(old):
            return _ABSENCE_COST * len(free), ()
        cost, pairs = cheapest(i + 1, free)
        best = (cost + _ABSENCE_COST, pairs)
        for j in sorted(free):
            if old[i].channel is new[j].channel:
                cost, pairs = cheapest(i + 1, free - {j})
                best = min(
                    best, (cost + _change_cost(old[i], new[j], abs(i - j)), ((i, j), *pairs))
                )
        return best

    return list(cheapest(0, frozenset(range(len(new))))[1])


def _change_cost(old: _AnyStep, new: _AnyStep, distance: int) -> float:
    changed = (cost for name, cost in _COSTS.items() if getattr(old, name) != getattr(new, name))
    return sum(changed) * 0.75 + 0.1 * distance


def _top_differences(
    old: Definition | PinnedDefinition, new: Definition | PinnedDefinition, catalog: Catalog
) -> list[str]:
    sentences = []
    if old.title != new.title:
        sentences.append(f"Title changed from “{old.title}” to “{new.title}”.")
    if old.callback_profile != new.callback_profile:
        before, after = (_profile(d.callback_profile, catalog) for d in (old, new))
        sentences.append(f"Callback profile changed from {before} to {after}.")
    return sentences


def _step_differences(old: _AnyStep, new: _AnyStep, catalog: Catalog) -> list[str]:
    changes = []
    for name, show in _SHOWN.items():
        if getattr(old, name) != getattr(new, name):
            before, after = show(old, catalog), show(new, catalog)
            changes.append(f"{_FIELD_LABELS[name]} changed from {before} to {after}")
    old_content, new_content = _content(old, catalog), _content(new, catalog)
    if old.template == new.template and old_content != new_content:
        changes.append(f"the content of template {_template(new, catalog)} changed")
    return changes


def _summary(step: _AnyStep, catalog: Catalog) -> str:
    sender, template = _sender(step, catalog), _template(step, catalog)
    return f"{step.channel.label} from {sender} with template {template}, wait {_wait(step)}"


def _order(steps: Sequence[_AnyStep]) -> str:
    return ", ".join(step.channel.label for step in steps)


def _profile(profile: str, catalog: Catalog) -> str:
    title = catalog.callback_profiles.get(profile, "a deleted profile")
    return f"“{title}”" if profile else "none"


def _sender(step: _AnyStep, catalog: Catalog) -> str:
    if facts := catalog.senders.get(step.sender):
        return facts.label
    pinned = step.sender_identifier if isinstance(step, PinnedStep) else ""
    return pinned or ("a deleted sender" if step.sender else "none")


def _template(step: _AnyStep, catalog: Catalog) -> str:
    if facts := catalog.templates.get(step.template):
        return f"“{facts.label}”"
    if isinstance(step, PinnedStep):
        return f"“{step.content.name}”"
    return "a deleted template" if step.template else "none"


def _content(step: _AnyStep, catalog: Catalog) -> TemplateContent | None:
    if isinstance(step, PinnedStep):
        return step.content
    facts = catalog.templates.get(step.template)
    return facts.content if facts else None


def _wait(step: _AnyStep) -> str:
    return "none" if step.wait_s is None else f"{step.wait_s} s"


_FIELD_LABELS = {
    "sender": "sender",
    "template": "template",
    "media_url": "media URL",
    "wait_s": "wait",
    "counts_as": "what counts as delivered",
}
_SHOWN: dict[str, Callable[[_AnyStep, Catalog], str]] = {
    "sender": _sender,
    "template": _template,
    "media_url": lambda step, _: step.media_url or "none",
    "wait_s": lambda step, _: _wait(step),
    "counts_as": lambda step, _: step.counts_as,
}
