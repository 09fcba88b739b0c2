"""Which senders and templates may be used right now, and by which carrier; changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings

from flows.connectors import registry
from flows.connectors.sandbox import KEY as SANDBOX
from flows.definition import PinnedStep
from flows.models import (
    AssetStatus,
    Connection,
    KeyKind,
    Sender,
    Template,
    carrier_lists,
    sandbox_texts,
)
from flows.models.outage_words import outage


@dataclass(frozen=True)
class Carrier:
    """Who sends a step: a connector, and the connection with its configuration if there is one."""

    connector: str
    connection: Connection | None = None
    dlt_entity_id: str = ""
    sender_id: str = ""  # what the carrier calls the sender


@dataclass(frozen=True)
class Assets:
    """Senders and templates by public id, and what carriers list, as they stand at `at`."""

    senders: Mapping[str, Sender] = field(default_factory=dict)
    templates: Mapping[str, Template] = field(default_factory=dict)
    lists: carrier_lists.Lists = field(default_factory=carrier_lists.Lists)
    unseen: sandbox_texts.Unseen = field(default_factory=sandbox_texts.Unseen)
    at: datetime | None = None

    def carrier(self, step: PinnedStep, *, kind: str) -> Carrier:
        """Whatever the sender's connection is, the Sandbox plays every step of a test key."""
        sender = self.senders[step.sender]
        if kind == KeyKind.TEST:
            return Carrier(SANDBOX, dlt_entity_id=sender.dlt_entity_id)
        return Carrier(
            sender.connection.connector, sender.connection, sender.dlt_entity_id, sender.carrier_id
        )

    def obstacles(self, steps: Sequence[PinnedStep], *, kind: str) -> dict[int, str]:
        """Why steps cannot be used, by index; a step that can is left out."""
        found = {
            index: self._lasting(step, kind) or self._outage(step, kind)
            for index, step in enumerate(steps)
        }
        return {index: reason for index, reason in found.items() if reason}

    def down(self, steps: Sequence[PinnedStep], *, kind: str) -> dict[int, Connection]:
        """The connections of the steps that could be used but for their being down."""
        return {
            index: connection
            for index, step in enumerate(steps)
            if self._outage(step, kind) and not self._lasting(step, kind)
            if (connection := self.carrier(step, kind=kind).connection)
        }

    def _outage(self, step: PinnedStep, kind: str) -> str:
        sender = self.senders.get(step.sender)
        connection = self.carrier(step, kind=kind).connection if sender else None
        if connection is None or self.at is None:
            return ""
        return outage(connection, now=self.at)

    def _lasting(self, step: PinnedStep, kind: str) -> str:
        sender, template = self.senders.get(step.sender), self.templates.get(step.template)
        if template is None:
            return f"the template {step.content.name} no longer exists"
        if template.status != AssetStatus.APPROVED:
            return f"the template {template.name} is {template.get_status_display().lower()}"
        if sender is None:
            return f"the sender {step.sender_identifier} no longer exists"
        if sender.status != AssetStatus.APPROVED:
            return f"the sender {sender.identifier} is {sender.get_status_display().lower()}"
        carrier = self.carrier(step, kind=kind)
        if carrier.connector != SANDBOX and sender.account.is_kyc_by_sandbox:
            return "only the Sandbox has approved the company details, and it approves anything"
        if carrier.connector != SANDBOX and (
            why := self.unseen.obstacle(template, step.template_version)
        ):
            return why
        if carrier.connector not in registry.load(tuple(settings.EXTRA_CONNECTORS)):
            return f"there is no connector “{carrier.connector}” in this installation"
        if carrier.connection is None:
            return ""
        return self.lists.obstacle(carrier.connection, step.content, ours_since=template.created_at)


def load(steps: Iterable[PinnedStep], *, now: datetime) -> Assets:
    """The senders and templates of these steps, in two statements; a third where a real carrier
    sends, and a fourth where one has a list of templates."""
    steps = list(steps)
    senders = Sender.objects.select_related("connection", "account").filter(
        public_id__in=_uuids(step.sender for step in steps), deleted_at=None
    )
    templates = Template.objects.filter(
        public_id__in=_uuids(step.template for step in steps), deleted_at=None
    )
    by_id = {str(sender.public_id): sender for sender in senders}
    texts = {str(template.public_id): template for template in templates}
    connections = {sender.connection_id: sender.connection for sender in by_id.values()}
    is_real = any(connection.connector != SANDBOX for connection in connections.values())
    return Assets(
        by_id,
        texts,
        carrier_lists.load(connections.values(), {step.content.name for step in steps}, now=now),
        sandbox_texts.unseen(texts.values()) if is_real else sandbox_texts.Unseen(),
        now,
    )


def _uuids(public_ids: Iterable[str]) -> set[UUID]:
    return {UUID(public_id) for public_id in set(public_ids)}
