"""Executions under a lease with all that a decision needs, read in a constant number of queries.

Translates rows into the pure values of states.py and back; writes nothing to the database.
"""

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.connectors.base import OutboundMessage, ReceiptStatus, SendResult
from flows.definition import Channel, PinnedDefinition
from flows.models import Attempt, Connection, Execution, ExecutionState, FlowVersion, Receipt
from flows.placeholders import ParameterError, resolve

from . import usable
from .states import AttemptView, Rank, ReceiptView, Signal, Snapshot, Stage, State

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Version:
    """What every execution of one flow version shares."""

    definition: PinnedDefinition
    callback_profile_id: int | None


@dataclass
class Claimed:
    """One execution under a lease."""

    row: Execution
    version: Version
    lease_token: uuid.UUID | None  # as claimed; decisions overwrite the row's
    attempts: dict[int, Attempt] = field(default_factory=dict)  # by step
    receipts: list[tuple[int, Receipt]] = field(default_factory=list)  # with their steps
    assets: usable.Assets = field(default_factory=usable.Assets)
    obstacles: Mapping[int, str] = field(default_factory=dict)
    down: Mapping[int, Connection] = field(default_factory=dict)  # the only obstacle of its step
    probe: int | None = None  # the connection that this execution's next send tries

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(
            steps=self.version.definition.steps,
            state=State(self.row.state),
            step=self.row.step,
            speed=self.row.speed,
            signal=Signal(self.row.signal),
            signal_by=self.row.signal_by,
            attempts=tuple(view(attempt) for _, attempt in sorted(self.attempts.items())),
            receipts=tuple(_receipt_view(receipt, step) for step, receipt in self.receipts),
            obstacles=self.obstacles,
            down=frozenset(self.down),
        )

    def new_attempt(self, new: AttemptView) -> Attempt:
        """The row of an attempt that is not stored yet, with the request that it will make."""
        step = self.version.definition.steps[new.step]
        attempt = Attempt(
            execution=self.row,
            step=new.step,
            channel=new.channel.value,
            sender=step.sender_identifier,
            recipient=self.row.sends[new.step]["recipient"],
            created_at=new.created_at,
        )
        if new.step not in self.obstacles:
            carrier = self.assets.carrier(step, kind=self.row.kind)
            attempt.connector, attempt.connection = carrier.connector, carrier.connection
            attempt.request_log = self._request_log(attempt)
        return attempt

    def _request_log(self, attempt: Attempt) -> dict[str, Any] | None:
        try:
            return self.message(attempt).log()
        except ParameterError:  # the send will say so
            return None

    def message(self, attempt: Attempt) -> OutboundMessage:
        """What the carrier is given; raises ParameterError when the parameters do not fit."""
        step = self.version.definition.steps[attempt.step]
        carrier = self.assets.carrier(step, kind=self.row.kind)
        return OutboundMessage(
            client_message_id=str(attempt.client_message_id),
            channel=step.channel,
            sender=attempt.sender,
            sender_id=carrier.sender_id,
            recipient=attempt.recipient,
            content=step.content,
            resolved=resolve(step.content, self.row.sends[attempt.step]["params"]),
            media_url=step.media_url,
            dlt_entity_id=carrier.dlt_entity_id,
            wait_s=step.wait_s,
            try_number=len(attempt.tries) + 1,
        )


@dataclass(frozen=True)
class Sent:
    """An attempt that was handed to its carrier, and what came back at `at`."""

    claimed: Claimed
    attempt: Attempt
    result: SendResult
    at: datetime


def load(executions: Sequence[Execution], *, now: datetime) -> list[Claimed]:
    """The executions with their versions, attempts, unfolded receipts and usable assets; those
    whose version cannot be read are left out."""
    versions = FlowVersion.objects.in_bulk({row.version_id for row in executions})
    parsed = _parsed(versions.values())
    claimed = {
        row.pk: Claimed(row, parsed[row.version_id], row.lease_token)
        for row in executions
        if row.version_id in parsed
    }
    for one in claimed.values():
        one.row.version = versions[one.row.version_id]
    owner: dict[int, tuple[int, int]] = {}
    attempts = Attempt.objects.select_related("connection")
    for attempt in attempts.filter(execution__in=list(claimed)):
        claimed[attempt.execution_id].attempts[attempt.step] = attempt
        owner[attempt.pk] = attempt.execution_id, attempt.step
    unfolded = Receipt.objects.filter(attempt__in=list(owner), folded_at=None)
    for receipt in unfolded.defer("raw"):
        execution_id, step = owner[receipt.attempt_id or 0]
        claimed[execution_id].receipts.append((step, receipt))
    running = [c for c in claimed.values() if c.row.state != ExecutionState.ENDED]
    _look_at_assets(running, now=now)
    return list(claimed.values())


def _parsed(versions: Iterable[FlowVersion]) -> dict[int, Version]:
    found = {}
    for version in versions:
        try:
            definition = PinnedDefinition.from_json(version.definition)
        except Exception:
            log.exception("engine.version_unreadable", extra={"version_id": version.pk})
        else:
            found[version.pk] = Version(definition, version.callback_profile_id)
    return found


def _look_at_assets(running: list[Claimed], *, now: datetime) -> None:
    definitions = {c.row.version_id: c.version.definition for c in running}
    if not definitions:
        return
    steps = [step for definition in definitions.values() for step in definition.steps]
    assets = usable.load(steps, now=now)
    for claimed in running:
        own, kind = claimed.version.definition.steps, claimed.row.kind
        claimed.assets = assets
        claimed.obstacles = assets.obstacles(own, kind=kind)
        claimed.down = assets.down(own, kind=kind)


def view(attempt: Attempt) -> AttemptView:
    return AttemptView(
        step=attempt.step,
        channel=Channel(attempt.channel),
        state=Stage(attempt.state),
        carrier_status=Rank(attempt.carrier_status),
        carrier_failed=attempt.carrier_failed,
        tries=tuple(attempt.tries),
        message_id=attempt.message_id,
        status_code=attempt.status_code,
        error_code=attempt.error_code,
        error_class=attempt.error_class,
        reason=attempt.reason,
        created_at=attempt.created_at,
        accepted_at=attempt.accepted_at,
        deadline_at=attempt.deadline_at or attempt.created_at,
        settled_at=attempt.settled_at,
    )


def write_view(attempt: Attempt, view: AttemptView) -> None:
    """What a decision changed, back into the row in memory."""
    attempt.state = view.state.value
    attempt.carrier_status = int(view.carrier_status)
    attempt.carrier_failed = view.carrier_failed
    attempt.tries = [dict(tried) for tried in view.tries]
    attempt.message_id = view.message_id[:128]
    attempt.status_code = str(view.status_code)
    attempt.error_code = view.error_code
    attempt.error_class = view.error_class
    attempt.reason = view.reason
    attempt.accepted_at = view.accepted_at
    attempt.deadline_at = view.deadline_at
    attempt.settled_at = view.settled_at


def _receipt_view(receipt: Receipt, step: int) -> ReceiptView:
    return ReceiptView(
        id=receipt.pk,
        step=step,
        status=ReceiptStatus(receipt.status),
        received_at=receipt.received_at,
        error_code=receipt.error_code,
        error_class=receipt.error_class,
        reason=receipt.reason,
    )
