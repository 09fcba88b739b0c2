"""The rules for a title and a step, one sentence per broken one; reads no JSON."""

import unicodedata
from typing import get_args
from urllib.parse import urlsplit

from flows.definition.values import (
    MAX_STEPS,
    MAX_TEXT_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    MAX_WAIT_S,
    MIN_STEPS,
    MIN_WAIT_S,
    Catalog,
    CountsAs,
    SenderFacts,
    Step,
    TemplateFacts,
)
from flows.placeholders import Channel, TemplateContent

APPROVED = "approved"
TOO_MANY_STEPS = f"Remove a step: a flow has at most {MAX_STEPS} steps."
WAIT_PROBLEM = f"Enter a wait from {MIN_WAIT_S} seconds to {MAX_WAIT_S // 60} minutes."


def title_problem(title: str) -> str:
    """What is wrong with the title, empty when nothing is; its uniqueness is not known here."""
    if not any(_is_visible(character) for character in title):
        return "Enter a title."
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in title):
        return "Remove line breaks and control characters from the title."
    if len(title.strip()) > MAX_TITLE_CHARACTERS:
        return f"Shorten the title to {MAX_TITLE_CHARACTERS} characters."
    return ""


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"


def step_count_problem(count: int) -> str:
    """What is wrong with the number of steps."""
    if count > MAX_STEPS:
        return TOO_MANY_STEPS
    if count < MIN_STEPS:
        missing = "a second step" if count else "a first and a second step"
        return f"Add {missing}: a flow has {MIN_STEPS} to {MAX_STEPS} steps."
    return ""


def step_problems(step: Step, catalog: Catalog) -> list[tuple[str, str]]:
    """Field and sentence of everything that is wrong with one step."""
    template = catalog.templates.get(step.template)
    found = {
        "sender": _sender_problem(step, catalog.senders.get(step.sender)),
        "template": _template_problem(step, template) or _carrier_problem(step, catalog),
        "media_url": _media_problem(step, template.content if template else None),
        "wait_s": "" if _is_wait(step.wait_s) else WAIT_PROBLEM,
        "counts_as": _counts_as_problem(step),
    }
    return [(name, message) for name, message in found.items() if message]


def _sender_problem(step: Step, sender: SenderFacts | None) -> str:
    choose = f"Choose {_a(step.channel)} sender"
    if sender is None:
        return f"{choose}: this one no longer exists." if step.sender else f"{choose}."
    if sender.channel is not step.channel:
        return f"{choose}: {sender.label} sends by {sender.channel.label}."
    if sender.status != APPROVED:
        return f"{choose} that is approved: {sender.label} is {sender.status}."
    if step.channel is Channel.WHATSAPP and sender.generation != "V1":
        return f"{choose} of generation V1: {sender.label} is {sender.generation or 'unknown'}."
    return ""


def _template_problem(step: Step, template: TemplateFacts | None) -> str:
    choose = f"Choose {_a(step.channel)} template"
    if template is None:
        return f"{choose}: this one no longer exists." if step.template else f"{choose}."
    if template.content.channel is not step.channel:
        return f"{choose}: {template.label} is for {template.content.channel.label}."
    if template.status != APPROVED:
        return f"{choose} that is approved: {template.label} is {template.status}."
    kinds = {"text", "authentication"}
    if step.channel is Channel.WHATSAPP and template.content.kind not in kinds:
        return f"{choose} of kind text or authentication: {template.label} is neither."
    return ""


def _carrier_problem(step: Step, catalog: Catalog) -> str:
    """Approved here is not enough where the sender's carrier has a list of its own."""
    connection = catalog.connection_of(step.sender)
    why = connection.refused_templates.get(step.template) if connection else ""
    return (
        f"Choose another template, or wait until the carrier takes this one: {why}." if why else ""
    )


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
    return isinstance(wait_s, int) and MIN_WAIT_S <= wait_s <= MAX_WAIT_S


def _counts_as_problem(step: Step) -> str:
    if step.counts_as not in get_args(CountsAs):
        return "Choose what counts as delivered."
    if step.counts_as == "read" and step.channel is not Channel.WHATSAPP:
        return "Choose delivered or accepted: an SMS does not report that it was read."
    return ""


def _a(channel: Channel) -> str:
    return "a WhatsApp" if channel is Channel.WHATSAPP else "an SMS"
