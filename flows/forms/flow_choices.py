"""What can be chosen for a step: channels, senders, templates, what counts as delivered.

Only what a flow may use is offered; what a draft has chosen already stays, and says why it cannot
be used any more.
"""

from flows.definition import Catalog
from flows.models import AssetStatus
from flows.placeholders import Channel

Choices = list[tuple[str, str]]

CHANNEL_HINTS = {
    Channel.WHATSAPP.value: "An approved template, with media and buttons.",
    Channel.SMS.value: "Reaches every phone; costs by the part.",
}
COUNTS_AS = {
    "delivered": ("Delivered", "A receipt says that it is on the phone."),
    "read": ("Read", "A receipt says that it was opened. Many people switch these off."),
    "accepted": ("Accepted", "The carrier has taken it; no receipt is awaited."),
}


def sender_choices(catalog: Catalog, channel: Channel, chosen: str) -> Choices:
    """Each with its connection where there are several, so that nobody takes the Sandbox's."""
    choices = []
    is_told = len({facts.connection for facts in catalog.senders.values()}) > 1
    for facts in catalog.senders.values():
        connection = catalog.connections.get(facts.connection) if is_told else None
        label = f"{facts.label} at {connection.name}" if connection else facts.label
        fits = facts.channel is channel and (channel is Channel.SMS or facts.generation == "V1")
        if fits and facts.status == AssetStatus.APPROVED:
            choices.append((facts.id, label))
        elif facts.id == chosen and facts.channel is channel:
            choices.append((facts.id, f"{label} (cannot be used: {facts.status})"))
    return choices


def template_choices(catalog: Catalog, channel: Channel, chosen: str) -> Choices:
    choices = []
    for facts in catalog.templates.values():
        if facts.content.channel is channel and facts.status == AssetStatus.APPROVED:
            choices.append((facts.id, facts.label))
        elif facts.content.channel is channel and facts.id == chosen:
            choices.append((facts.id, f"{facts.label} (cannot be used: {facts.status})"))
    return choices
