"""Which flows go on with an older text of a template, and what a newer one asks of callers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.definition.template_differences import demand_sentences, demands_between
from flows.models import Account, AssetStatus, Flow, Sender, Template
from flows.models.usage import FlowUse
from flows.placeholders import Channel, TemplateContent

MOST_FLOWS = 50


@dataclass(frozen=True)
class OlderUse:
    """A published flow that sends another text; `demands`: what its callers change."""

    flow: Flow
    version: int  # of the template, as published; 0: not known
    demands: tuple[str, ...]


def likely_sender(account: Account, channel: Channel) -> str:
    """Who a message of the channel would come from: the account's first usable sender."""
    senders = Sender.objects.filter(account=account, channel=channel, deleted_at=None)
    sender = senders.filter(status=AssetStatus.APPROVED).order_by("identifier").first()
    return sender.label.split(" · ")[0] if sender else ""


def live_flows(account: Account, uses: Sequence[FlowUse]) -> list[Flow]:
    """The published flows among them with what callers get, in one query."""
    ids = [use.flow_id for use in uses if use.is_live][:MOST_FLOWS]
    if not ids:
        return []
    flows = Flow.objects.filter(account=account, public_id__in=ids).select_related("live_version")
    return list(flows.order_by("title_key"))


def older_uses(
    flows: Sequence[Flow], template: Template, content: TemplateContent
) -> list[OlderUse]:
    """The flows whose steps send something else than `content`."""
    return list(_older(flows, str(template.public_id), content))


def _older(flows: Sequence[Flow], template: str, content: TemplateContent) -> Iterator[OlderUse]:
    for flow in flows:
        steps = flow.live_version.pinned.steps if flow.live_version else ()
        older = [
            (f"input.send{number}.templateParams", step)
            for number, step in enumerate(steps, start=1)
            if step.template == template and step.content != content
        ]
        if not older:
            continue
        sentences = [
            sentence
            for place, step in older
            for sentence in demand_sentences(demands_between(step.content, content), place)
        ]
        yield OlderUse(flow, min(step.template_version for _, step in older), tuple(sentences))
