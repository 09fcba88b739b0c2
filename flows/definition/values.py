"""The values a definition is made of, and the facts about assets that its rules need; no rules."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from flows.placeholders import Channel, TemplateContent

MIN_STEPS, MAX_STEPS = 2, 5
MIN_WAIT_S, MAX_WAIT_S, DEFAULT_WAIT_S = 5, 900, 60
MAX_TITLE_CHARACTERS = 100
MAX_TEXT_CHARACTERS = 2048

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


@dataclass(frozen=True, kw_only=True)
class ConnectionFacts:
    """How a connection does at this moment, as far as flows are concerned.

    `outage` and `refused_templates` (by template) are clauses, empty or missing while all is well.
    `receipts` is the verdict of its receipt health ("none", "few", …); within `slow_s` seconds all
    but the slowest 5 of 100 messages are reported delivered, None where that is not known.
    """

    name: str
    outage: str = ""
    receipts: str = ""
    slow_s: float | None = None
    refused_templates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalog:
    """The account's senders, templates and connections by public id, and its callback profiles'
    titles."""

    senders: Mapping[str, SenderFacts] = field(default_factory=dict)
    templates: Mapping[str, TemplateFacts] = field(default_factory=dict)
    callback_profiles: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, ConnectionFacts] = field(default_factory=dict)

    def connection_of(self, sender: str) -> ConnectionFacts | None:
        """Of the sender with this public id."""
        facts = self.senders.get(sender)
        return self.connections.get(facts.connection) if facts else None


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
    template_version: int = 0  # 0: published before template versions had numbers

    def to_json(self) -> dict[str, Json]:
        return {**asdict(self), "channel": self.channel.value, "content": self.content.to_json()}

    @classmethod
    def from_json(cls, json: Mapping[str, Json]) -> "PinnedStep":
        content = TemplateContent.from_json(json["content"])
        json = {"template_version": 0, **json}
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
