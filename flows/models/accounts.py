"""What admins do to their account itself: its settings, and the three deeds of the danger zone.

Every verb is one transaction with its audit entry. Closing deletes nothing: support can open the
account again; what becomes of its runs after that is flows.engine.retention's affair.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from . import audit, letters, lifecycle
from .account import REOPEN_DAYS, Account, held
from .execution import Execution, ExecutionState
from .flow import Flow, FlowState
from .people import User
from .refusals import Refused

SETTINGS = (
    "name", "region", "time_zone", "retention_days", "needs_second_factor", "needs_other_publisher",
)  # fmt: skip


class AccountRefused(Refused):
    """The account was not changed."""


class SettingsChanged(AccountRefused):
    """Somebody else saved one of the same settings; `fields` has their names."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__("Somebody changed the same settings meanwhile. Nothing of yours is saved.")
        self.fields = fields


class NoSecondFactor(AccountRefused):
    """Who asks it of everybody must have one, or would be locked out."""

    def __init__(self) -> None:
        super().__init__("Set up a second factor for yourself first, then ask it of everybody.")


def settings_of(account: Account) -> dict[str, Any]:
    return {name: getattr(account, name) for name in SETTINGS}


def change(
    account: Account,
    *,
    seen: Mapping[str, Any],
    wanted: Mapping[str, Any],
    by: User,
    by_has_second_factor: bool,
) -> dict[str, Any]:
    """Write what differs from what the person has `seen`, and only that; returns it.

    Two admins may save different settings at once. Of two who save the same one, the second is
    told, and nothing of theirs is written.
    """
    changes = {name: value for name, value in wanted.items() if value != seen.get(name)}
    if changes.get("needs_second_factor") and not by_has_second_factor:
        raise NoSecondFactor
    with transaction.atomic():
        now = settings_of(held(account))
        if overtaken := [n for n in changes if now[n] not in (seen.get(n), changes[n])]:
            raise SettingsChanged(overtaken)
        changes = {name: value for name, value in changes.items() if now[name] != value}
        if changes:
            Account.objects.filter(pk=account.pk).update(**changes)
            before = {name: now[name] for name in changes}
            _log(account, "change", by=by, before=before, after=changes)
    account.refresh_from_db()
    return changes


# --- The danger zone -----------------------------------------------------------------------------


def published(account: Account) -> QuerySet[Flow]:
    return Flow.objects.filter(account=account, state=FlowState.PUBLISHED, deleted_at=None)


def running(account: Account) -> QuerySet[Execution]:
    return Execution.objects.exclude(state=ExecutionState.ENDED).filter(flow__account=account)


def unpublish_all(account: Account, *, by: User) -> int:
    """Every published flow becomes a draft; returns how many. Running executions finish."""
    done = 0
    with transaction.atomic():
        for flow in published(account).select_related("account", "live_version"):
            try:
                lifecycle.unpublish(flow, by=by)
            except lifecycle.LifecycleError:  # somebody was faster with this one
                continue
            done += 1
    return done


def close(account: Account, *, by: User) -> None:
    """Nobody enters and no key opens it from now on; what is running finishes and calls back."""
    now = timezone.now()
    with transaction.atomic():
        if not Account.objects.filter(pk=account.pk, closed_at=None).update(closed_at=now):
            raise AccountRefused(f"{account.name} was closed already.")
        account.closed_at = now
        _log(account, "close", by=by)
        letters.account_closed(account, by=by)


def reopen(account: Account, *, by: User) -> None:
    """Support opens it again, with everything as it was."""
    with transaction.atomic():
        guard = Account.objects.filter(pk=account.pk, closed_at__gte=reopenable_since())
        if not guard.update(closed_at=None):
            raise AccountRefused(
                f"{account.name} is not closed, or was closed more than {REOPEN_DAYS} days ago."
            )
        account.closed_at = None
        _log(account, "reopen", by=by)
        letters.account_reopened(account)


def reopenable_since() -> datetime:
    """Accounts that were closed before this moment stay closed."""
    return timezone.now() - timedelta(days=REOPEN_DAYS)


def _log(account: Account, verb: str, *, by: User, before: Any = None, after: Any = None) -> None:
    audit.record(
        account, f"account.{verb}", by=by, of=account, label=account.name,
        before=before, after=after,
    )  # fmt: skip
