"""What every verb of a flow's life is made of: the guarded update, and its line in the log."""

from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from flows.definition import Problem
from flows.definition.template_news import template_news

from . import audit
from .catalog import catalog_of
from .flow import Flow
from .people import User
from .refusals import ChangedMeanwhile, LifecycleError, NotReady

NO_REQUEST: dict[str, Any] = {"requested_by": None, "requested_at": None, "request_note": ""}
NO_DECLINE: dict[str, Any] = {"declined_by": None, "declined_at": None, "decline_reason": ""}


def active() -> "QuerySet[Flow]":
    return Flow.objects.filter(deleted_at=None)


def move(
    flow: Flow, guard: "QuerySet[Flow]", *, by: User, next_revision: bool = False, **to: Any
) -> None:
    """Update the row if it still is as `guard` says, else say who was first."""
    if next_revision:
        to["revision"] = F("revision") + 1
    moved = guard.filter(pk=flow.pk).update(updated_by=by, updated_at=timezone.now(), **to)
    if not moved:
        raise ChangedMeanwhile(current(flow), by=by)
    flow.refresh_from_db()


def current(flow: Flow) -> Flow:
    return Flow.objects.select_related("updated_by", "account", "live_version").get(pk=flow.pk)


def log(flow: Flow, action: str, *, by: User, before: Any = None, after: Any = None) -> None:
    audit.record(flow.account, action, by=by, of=flow, label=flow.title, before=before, after=after)


def refuse_unchanged(flow: Flow) -> None:
    """A newer version of a template is a change, too: publishing is how a flow takes it over."""
    if not flow.is_published or flow.draft is not None or flow.live_version is None:
        return
    if not template_news(flow.live_version.pinned, catalog_of(flow.account)):
        raise LifecycleError("Nothing to publish: callers get exactly this already.")


def require(problems: list[Problem]) -> None:
    if problems:
        raise NotReady(problems)
