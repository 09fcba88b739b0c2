"""Wishes of people and callers: a guarded mark on the execution, which then is due at once.

They decide nothing themselves; the engine's next turn does.
"""

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from flows.models import Execution, ExecutionState, Signal


def confirm(execution: Execution, *, by: str, now: datetime | None = None) -> bool:
    """The person acted: stop the chain. True: this will be the outcome."""
    return _signal(execution, Signal.CONFIRM, by, now)


def cancel(execution: Execution, *, by: str, now: datetime | None = None) -> bool:
    """Stop the chain. True: this will be the outcome. False: it had ended or was stopped."""
    return _signal(execution, Signal.CANCEL, by, now)


def _signal(execution: Execution, signal: Signal, by: str, now: datetime | None) -> bool:
    """The revision rises, so that a decision made without the signal is not stored."""
    changed = (
        Execution.objects.filter(pk=execution.pk, signal=Signal.NONE)
        .exclude(state=ExecutionState.ENDED)
        .update(
            signal=signal,
            signal_by=by[:200],
            wake_at=now or timezone.now(),
            revision=F("revision") + 1,
        )
    )
    return changed == 1
