"""What the pages of a flow say about it: its steps as facts and as previews, where problems are.

Puts values into words and places; makes no query and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.urls import reverse

from flows.definition import Catalog, Definition, PinnedDefinition, PinnedStep, Problem, Step
from flows.definition.connection_warnings import connection_warnings
from flows.definition.template_differences import Demands, demand_sentences
from flows.definition.template_news import TemplateNews, template_news
from flows.models import Flow
from flows.models.catalog import Samples
from flows.placeholders import (
    Channel,
    Field,
    Preview,
    TemplateContent,
    fields,
    preview,
)
from flows.segments import Segments, measure
from flows.templatetags.ui import duration

AnyStep = Step | PinnedStep
AnyDefinition = Definition | PinnedDefinition
COUNTS_AS = {
    "delivered": "A receipt says delivered",
    "read": "A receipt says read",
    "accepted": "The carrier has accepted it",
}


@dataclass(frozen=True)
class Fact:
    """One row of a list of facts; `focus` is the id of the form field that changes it."""

    label: str
    value: str
    focus: str = ""


@dataclass(frozen=True)
class ProblemLink:
    """A problem with the page and the field that it is put right at."""

    message: str
    url: str
    id: str


@dataclass(frozen=True)
class StepWords:
    """A step as pages show it; `keys` are what callers send for it, in order."""

    number: int
    channel: Channel
    sender: str
    wait: str
    is_last: bool
    facts: tuple[Fact, ...]
    content: TemplateContent | None = None
    preview: Preview | None = None
    segments: Segments | None = None
    keys: tuple[Field, ...] = ()
    samples: Samples = field(default_factory=dict)
    media_url: str = ""

    @property
    def variables(self) -> list[tuple[Field, str]]:
        """Each key that callers send, with the sample value that the preview shows for it."""
        return [(key, self.samples.get(key.key, "")) for key in self.keys]


def steps_in_words(
    definition: AnyDefinition, catalog: Catalog, samples: Mapping[str, Samples]
) -> list[StepWords]:
    """`samples`: sample values by template, as flows.models.catalog.samples_of gives them."""
    steps: Sequence[AnyStep] = definition.steps
    last = len(steps) - 1
    return [
        _step_in_words(index, step, catalog, samples.get(step.template, {}), is_last=index == last)
        for index, step in enumerate(steps)
    ]


def _step_in_words(
    index: int, step: AnyStep, catalog: Catalog, samples: Samples, *, is_last: bool
) -> StepWords:
    words = StepWords(
        number=index + 1,
        channel=step.channel,
        sender=_sender_name(step, catalog),
        wait=duration(step.wait_s) if step.wait_s is not None else "",
        is_last=is_last,
        facts=step_facts(step, catalog, is_last=is_last),
        samples=samples,
        media_url=step.media_url,
    )
    content = _content(step, catalog)
    if content is None:
        return words
    shown = preview(content, samples)
    text = "".join(piece.text for piece in shown.body)
    is_sms = content.channel is Channel.SMS
    return replace(
        words,
        content=content,
        preview=shown,
        segments=measure(text) if is_sms else None,
        keys=fields(content),
    )


def step_facts(step: AnyStep, catalog: Catalog, *, is_last: bool) -> tuple[Fact, ...]:
    """The rows of a check-answers list; what is missing says so."""
    content = _content(step, catalog)
    template = catalog.templates.get(step.template)
    facts = [
        Fact("From", _sender_label(step, catalog), "id_sender"),
        Fact("Template", template.label if template else _absent(step.template), "id_template"),
    ]
    if step.media_url or (content and content.needs_media):
        facts.append(Fact("Media URL", step.media_url or "Not given yet", "id_media_url"))
    label = "Wait until the flow ends" if is_last else "Wait before the next step"
    wait = duration(step.wait_s) if step.wait_s is not None else "Not given yet"
    facts.append(Fact(label, wait, "id_wait_s_0"))
    facts.append(Fact("Counts as delivered", COUNTS_AS[step.counts_as], "id_counts_as_0"))
    return tuple(facts)


def basic_facts(definition: AnyDefinition, catalog: Catalog) -> tuple[Fact, ...]:
    profile = definition.callback_profile
    title = catalog.callback_profiles.get(profile, "A deleted profile") if profile else "None"
    return (
        Fact("Title", definition.title, "id_title"),
        Fact("Callback profile", title, "id_callback_profile"),
    )


def profile_id_of(definition: AnyDefinition, catalog: Catalog) -> str:
    """Of the callback profile that a page can lead to; empty for none or a deleted one."""
    profile = definition.callback_profile
    return profile if profile in catalog.callback_profiles else ""


def problem_links(problems: Sequence[Problem], flow: Flow) -> list[ProblemLink]:
    return [_problem_link(problem, flow) for problem in problems]


def _problem_link(problem: Problem, flow: Flow) -> ProblemLink:
    flow_id = [flow.account.sid, flow.public_id]
    parts = problem.field.split(".")
    if parts[0] != "steps":
        return ProblemLink(problem.message, reverse("flow-edit", args=flow_id), f"id_{parts[0]}")
    if len(parts) < 3:
        return ProblemLink(problem.message, reverse("flow-steps", args=flow_id), "add-step")
    number = int(parts[1]) + 1
    url = reverse("flow-step", args=[*flow_id, number]) + "?check=1"
    inner = {"wait_s": "id_wait_s_0", "counts_as": "id_counts_as_0", "channel": "id_channel_0"}
    message = f"Step {number}: {problem.message[0].lower()}{problem.message[1:]}"
    return ProblemLink(message, url, inner.get(parts[2], f"id_{parts[2]}"))


def new_demands(old: PinnedDefinition, new: Definition, catalog: Catalog) -> list[str]:
    """What callers must change in their calls when `new` is published in the place of `old`."""
    sentences = []
    for index in range(max(len(old.steps), len(new.steps))):
        before = _keys(old.steps, index, catalog)
        after = _keys(new.steps, index, catalog)
        name = f"send{index + 1}"
        if before is None:
            sentences.append(f"Callers must now also send input.{name}.")
        elif after is None:
            sentences.append(f"Callers must leave input.{name} out: it is an error now.")
        else:
            sentences += demand_sentences(
                Demands.between(before, after), f"input.{name}.templateParams"
            )
    return sentences


def _keys(steps: Sequence[AnyStep], index: int, catalog: Catalog) -> list[str] | None:
    if index >= len(steps):
        return None
    content = _content(steps[index], catalog)
    return [key.key for key in fields(content)] if content else []


def _content(step: AnyStep, catalog: Catalog) -> TemplateContent | None:
    """As published, or as it is in the catalog now; None when it is not chosen or gone."""
    if isinstance(step, PinnedStep):
        return step.content
    template = catalog.templates.get(step.template)
    return template.content if template and template.content.channel is step.channel else None


def _sender_label(step: AnyStep, catalog: Catalog) -> str:
    sender = catalog.senders.get(step.sender)
    if isinstance(step, PinnedStep) and sender is None:
        return step.sender_identifier
    return sender.label if sender else _absent(step.sender)


def _sender_name(step: AnyStep, catalog: Catalog) -> str:
    """What stands above the message on a phone."""
    sender = catalog.senders.get(step.sender)
    return sender.label.split(" · ")[0] if sender else ""


def _absent(chosen: str) -> str:
    return "No longer there" if chosen else "Not chosen yet"


def wizard_places(
    flow: Flow, definition: Definition, problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """The pages of the wizard in order, each with whether it is done."""
    flow_id = [flow.account.sid, flow.public_id]
    wrong = {".".join(problem.field.split(".")[:2]) for problem in problems}
    places = [
        {
            "name": "Basic information",
            "url": reverse("flow-edit", args=flow_id),
            "done": not {"title", "callback_profile"} & wrong,
        },
        {
            "name": "Steps",
            "url": reverse("flow-steps", args=flow_id),
            "done": "steps" not in wrong,
        },
    ]
    places += [
        {
            "name": f"{index + 1} {step.channel.label}",
            "url": reverse("flow-step", args=[*flow_id, index + 1]),
            "done": f"steps.{index}" not in wrong,
        }
        for index, step in enumerate(definition.steps)
    ]
    check = {"name": "Check answers", "url": reverse("flow-check", args=flow_id), "done": False}
    return [*places, check]


def news_of(flow: Flow, catalog: Catalog) -> list[TemplateNews]:
    """Newer texts that the flow takes over with its next publication."""
    if not flow.is_published or flow.live_version is None:
        return []
    return template_news(flow.live_version.pinned, catalog)


def unusable_parts(flow: Flow, catalog: Catalog) -> list[str]:
    """What a published flow uses that is no longer approved; its step is skipped at run time."""
    if not flow.is_published or flow.live_version is None:
        return []
    live = flow.live_version.pinned.editable()
    return [
        f"Step {int(number) + 1}: {_reason(live.steps[int(number)], name, catalog)}"
        for number, name in _unusable(live.problems(catalog))
    ]


def connection_warnings_of(flow: Flow, catalog: Catalog) -> list[str]:
    """What the connections of a published flow do to it at this moment, a sentence each."""
    if not flow.is_published or flow.live_version is None:
        return []
    return connection_warnings(flow.live_version.pinned.steps, catalog)


def _unusable(problems: Sequence[Problem]) -> list[tuple[str, str]]:
    parts = [problem.field.split(".") for problem in problems]
    return [(p[1], p[2]) for p in parts if len(p) == 3 and p[2] in {"sender", "template"}]


def _reason(step: Step, name: str, catalog: Catalog) -> str:
    connection = catalog.connection_of(step.sender)
    why = connection.refused_templates.get(step.template) if connection else ""
    if name == "template" and why:
        return f"{why}, so the step is skipped."
    if name == "sender":
        sender = catalog.senders.get(step.sender)
        what, status = (sender.label, sender.status) if sender else ("the sender", "gone")
    else:
        template = catalog.templates.get(step.template)
        what, status = (template.label, template.status) if template else ("the template", "gone")
    reason = "no longer fit for flows" if status == "approved" else status
    return f"{what} is {reason}, so the step is skipped."


def sample_definition(catalog: Catalog) -> Definition:
    """A flow that can be published as it is, where each channel has something approved."""
    return Definition(
        title="Sample: WhatsApp, then SMS",
        steps=tuple(_sample_step(channel, catalog) for channel in Channel),
    )


def _sample_step(channel: Channel, catalog: Catalog) -> Step:
    """The first sender, and the first template that needs no medium, that raise no problem."""
    empty = Step(channel, wait_s=60)
    senders = (replace(empty, sender=sender) for sender in catalog.senders)
    step = next((s for s in senders if not _has(s, "sender", catalog)), empty)
    templates = [replace(step, template=template) for template in catalog.templates]
    fitting = [s for s in templates if not _has(s, "template", catalog)]
    plain = [s for s in fitting if not _has(s, "media_url", catalog)]
    return next(iter(plain or fitting), step)


def _has(step: Step, name: str, catalog: Catalog) -> bool:
    found = Definition("-", steps=(step,)).problems(catalog)
    return any(problem.field == f"steps.0.{name}" for problem in found)
