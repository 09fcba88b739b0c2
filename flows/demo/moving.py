"""Moves finished executions of the demo in time, with everything that belongs to them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from flows.models import (
    Account,
    Attempt,
    AttemptState,
    CallbackDelivery,
    CallbackTry,
    Execution,
    Receipt,
)


class Shift(NamedTuple):
    """How the clock of one execution is moved: `start` becomes `to`, time runs `pace` as slow."""

    start: datetime
    to: datetime
    pace: float

    def at(self, moment: datetime) -> datetime:
        return self.to + (moment - self.start) * self.pace

    def maybe(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else self.at(moment)


def move(
    account: Account, *, start: datetime, to: Sequence[datetime], prefix: str, dice: Random
) -> None:
    """Move the account's executions that started at `start` to the moments `to`, in their order.

    Those that no timeout shaped are also stretched: the Sandbox answers within a second, real
    carriers do not.
    """
    executions = list(
        Execution.objects.filter(account=account, request_id__startswith=prefix)
        .order_by("id")
        .prefetch_related("attempts__receipts", "callback_deliveries__tries")
    )
    for execution, moment in zip(executions, to, strict=True):
        pace = 1.0 if _is_shaped_by_a_wait(execution) else min(8.0, dice.lognormvariate(0.7, 0.6))
        _move(execution, Shift(start, moment, pace))
    _save(executions)


def _is_shaped_by_a_wait(execution: Execution) -> bool:
    """A wait ran out, a try was repeated after its back-off, or a receipt came after its time."""
    shaped = {AttemptState.TIMED_OUT, AttemptState.UNKNOWN}
    return any(
        attempt.state in shaped
        or len(attempt.tries) > 1
        or any(receipt.was_late for receipt in attempt.receipts.all())
        for attempt in execution.attempts.all()
    )


def _move(execution: Execution, shift: Shift) -> None:
    execution.created_at = shift.at(execution.created_at)
    execution.ended_at = shift.maybe(execution.ended_at)
    for attempt in execution.attempts.all():
        _move_attempt(attempt, shift)
    for delivery in execution.callback_deliveries.all():
        delivery.created_at = shift.at(delivery.created_at)
        for made in delivery.tries.all():
            made.at = shift.at(made.at)


def _move_attempt(attempt: Attempt, shift: Shift) -> None:
    wait = attempt.deadline_at and attempt.accepted_at and attempt.deadline_at - attempt.accepted_at
    attempt.created_at = shift.at(attempt.created_at)
    attempt.accepted_at = shift.maybe(attempt.accepted_at)
    attempt.settled_at = shift.maybe(attempt.settled_at)
    if attempt.accepted_at and isinstance(wait, timedelta):
        attempt.deadline_at = attempt.accepted_at + wait
    attempt.tries = [_moved_try(made, shift) for made in attempt.tries]
    for receipt in attempt.receipts.all():
        receipt.received_at = shift.at(receipt.received_at)
        receipt.carrier_at = shift.maybe(receipt.carrier_at)
        receipt.folded_at = shift.maybe(receipt.folded_at)


def _moved_try(made: dict[str, Any], shift: Shift) -> dict[str, Any]:
    return {**made, "at": shift.at(datetime.fromisoformat(made["at"])).isoformat()}


def _save(executions: list[Execution]) -> None:
    attempts = [attempt for execution in executions for attempt in execution.attempts.all()]
    receipts = [receipt for attempt in attempts for receipt in attempt.receipts.all()]
    deliveries = [d for execution in executions for d in execution.callback_deliveries.all()]
    tries = [made for delivery in deliveries for made in delivery.tries.all()]
    size = {"batch_size": 200}
    Execution.objects.bulk_update(executions, ["created_at", "ended_at"], **size)
    Attempt.objects.bulk_update(
        attempts, ["created_at", "accepted_at", "settled_at", "deadline_at", "tries"], **size
    )
    Receipt.objects.bulk_update(receipts, ["received_at", "carrier_at", "folded_at"], **size)
    CallbackDelivery.objects.bulk_update(deliveries, ["created_at"], **size)
    CallbackTry.objects.bulk_update(tries, ["at"], **size)
