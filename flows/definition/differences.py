"""Tell in words what changed between two definitions; decides nothing."""

from collections.abc import Callable, Sequence
from functools import cache

from flows.definition.flow import Definition, PinnedDefinition
from flows.definition.values import Catalog, PinnedStep, Step
from flows.durations import in_words
from flows.placeholders import TemplateContent


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
# A step that changed in every field is still told as changed, but not one that moved as well.
_COSTS = {"sender": 0.8, "template": 1.6, "media_url": 0.8, "wait_s": 0.8, "counts_as": 0.8}
_ABSENCE_COST = 2.5  # for a step removed, and again for one added
_CROSSING_COST = 1.0  # for each step overtaken


def _pair_steps(old: Sequence[_AnyStep], new: Sequence[_AnyStep]) -> list[tuple[int, int]]:
    """Which old step became which new one: the cheapest way to tell the change.

    Only steps of one channel can be the same step. `free` holds the new steps that no earlier
    old one became; those taken that come after j are overtaken. At most five steps, so a plain
    search is quick.
    """
    everyone = frozenset(range(len(new)))

    @cache
    def cheapest(i: int, free: frozenset[int]) -> tuple[float, tuple[tuple[int, int], ...]]:
        if i == len(old):
            return _ABSENCE_COST * len(free), ()
        cost, pairs = cheapest(i + 1, free)
        best = (cost + _ABSENCE_COST, pairs)
        for j in sorted(free):
            if old[i].channel is new[j].channel:
                cost, pairs = cheapest(i + 1, free - {j})
                overtaken = sum(taken > j for taken in everyone - free)
                cost += _change_cost(old[i], new[j]) + _CROSSING_COST * overtaken
                best = min(best, (cost, ((i, j), *pairs)))
        return best

    return list(cheapest(0, everyone)[1])


def _change_cost(old: _AnyStep, new: _AnyStep) -> float:
    changed = (cost for name, cost in _COSTS.items() if getattr(old, name) != getattr(new, name))
    return sum(changed)


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
        changes.append(_version_change(old, new, catalog))
    return changes


def _version_change(old: _AnyStep, new: _AnyStep, catalog: Catalog) -> str:
    """A text changes only with its version; versions before they had numbers are not named."""
    name, before, after = _template(new, catalog), _version(old, catalog), _version(new, catalog)
    if before and after and before != after:
        return f"template {name} changed from version {before} to version {after}"
    return f"the content of template {name} changed"


def _summary(step: _AnyStep, catalog: Catalog) -> str:
    sender, template = _sender(step, catalog), _template(step, catalog)
    return f"{step.channel.label} from {sender} with {template}, wait {_wait(step)}"


def _order(steps: Sequence[_AnyStep]) -> str:
    return ", ".join(step.channel.label for step in steps)


def _profile(profile: str, catalog: Catalog) -> str:
    if not profile:
        return "none"
    title = catalog.callback_profiles.get(profile)
    return f"“{title}”" if title else "a deleted profile"


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


def _version(step: _AnyStep, catalog: Catalog) -> int:
    if isinstance(step, PinnedStep):
        return step.template_version
    facts = catalog.templates.get(step.template)
    return facts.version if facts else 0


def _wait(step: _AnyStep) -> str:
    return "none" if step.wait_s is None else in_words(step.wait_s)


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
