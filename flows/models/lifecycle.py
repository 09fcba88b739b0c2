"""The life of a flow: every verb is a guarded update and its audit entry in one transaction.

Losing a race raises a LifecycleError with a sentence for people; nothing is changed then. A verb
refreshes the flow it was given. Who may do what is not decided here (flows.access does).
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from flows.definition import MAX_TITLE_CHARACTERS, Catalog, Definition, DefinitionError, Problem

from . import audit, letters, second_pair
from .account import Account
from .callback import CallbackProfile
from .catalog import catalog_of
from .flow import RESTORE_DAYS, Flow, FlowState, FlowVersion, restorable_since, title_key
from .flow_moves import (
    NO_DECLINE,
    NO_REQUEST,
    active,
    current,
    log,
    move,
    refuse_unchanged,
    require,
)
from .people import User
from .refusals import ChangedMeanwhile, LifecycleError, NotReady, TextsChanged, TitleTaken
from .second_pair import AnotherPublisherNeeded

__all__ = [
    "AnotherPublisherNeeded", "ChangedMeanwhile", "LifecycleError", "NotReady", "TextsChanged",
    "TitleTaken", "create", "delete", "discard", "duplicate", "problems_of", "publish", "restore",
    "restore_version", "save_draft", "unpublish",
]  # fmt: skip


def create(account: Account, definition: Definition, *, by: User) -> Flow:
    """A new draft, complete or not; its title must be valid and free."""
    require(_unstorable(definition))
    with _free_title(definition.title), transaction.atomic():
        flow = Flow.objects.create(
            account=account,
            title=definition.title,
            title_key=title_key(definition.title),
            draft=definition.to_json(),
            created_by=by,
            updated_by=by,
            edited_by=by,
        )
        log(flow, "flow.create", by=by, after=flow.draft)
    return flow


def save_draft(flow: Flow, definition: Definition, *, by: User, revision: int) -> None:
    """Keep `definition` as the working copy, based on `revision` of the flow.

    Callers of a published flow notice nothing; saving what is live already ends the changes.
    A save of what is there already is done, whatever it was based on: autosave and the button
    may carry the same content at the same moment.
    """
    require(_unstorable(definition))
    try:
        if definition != flow.definition:
            _save_draft(flow, definition, by=by, revision=revision)
    except ChangedMeanwhile as refused:
        if refused.current.deleted_at or refused.current.definition != definition:
            raise
        flow.refresh_from_db()


def _save_draft(flow: Flow, definition: Definition, *, by: User, revision: int) -> None:
    if revision != flow.revision:
        raise ChangedMeanwhile(current(flow), by=by)
    _refuse_taken_title(flow, definition.title)
    before = flow.definition.to_json()
    live = flow.live_version.pinned.editable() if flow.live_version else None
    changes: dict[str, Any] = {"draft": definition.to_json(), "edited_by": by}
    if not flow.is_published:
        changes |= _titled(definition.title)
    elif definition == live:
        changes["draft"] = None
    with _free_title(definition.title), transaction.atomic():
        move(flow, active().filter(revision=revision), by=by, next_revision=True, **changes)
        audit.record_sitting(
            flow.account,
            "flow.save",
            by=by,
            of=flow,
            label=flow.title,
            before=before,
            after=definition.to_json(),
        )


def publish(
    flow: Flow, *, by: User, revision: int | None = None, seen: str = "", note: str = ""
) -> FlowVersion:
    """Make the working copy the live version; the first publish creates the Workflow ID.

    `revision` is what the person has looked at (by default: as the flow was read), and `seen` the
    fingerprint of it with the texts of that moment, where a page has shown them.
    """
    refuse_unchanged(flow)
    definition, catalog = flow.definition, catalog_of(flow.account)
    require(_problems(flow, catalog))
    pinned = definition.pin(catalog)
    if seen and seen != pinned.fingerprint:
        raise TextsChanged
    based_on = flow.revision if revision is None else revision
    guard = active().filter(revision=based_on, state=flow.state, draft__isnull=flow.draft is None)
    with _free_title(definition.title), transaction.atomic():
        guard = second_pair.keep_to_rule(flow, guard, by=by)
        move(flow, guard, by=by, **_titled(definition.title))  # takes the row's lock
        last = flow.versions.aggregate(last=Max("number"))["last"] or 0
        version = FlowVersion.objects.create(
            flow=flow,
            number=last + 1,
            title=definition.title,
            definition=pinned.to_json(),
            callback_profile=_callback_profile(flow.account, definition.callback_profile),
            note=note,
            published_by=by,
        )
        before, asker = _summary(flow), flow.requested_by
        move(
            flow,
            active(),
            by=by,
            state=FlowState.PUBLISHED,
            draft=None,
            live_version=version,
            workflow_id=flow.workflow_id or uuid.uuid4(),
            **NO_REQUEST,
            **NO_DECLINE,
        )
        log(flow, "flow.publish", by=by, before=before, after=_summary(flow))
        letters.publication_done(flow, asker=asker, by=by)
    return version


def problems_of(flow: Flow, catalog: Catalog | None = None) -> list[Problem]:
    """Everything that keeps the working copy from being published, all at once."""
    return _problems(flow, catalog or catalog_of(flow.account))


def _problems(flow: Flow, catalog: Catalog) -> list[Problem]:
    definition = flow.definition
    problems = definition.problems(catalog)
    if definition.title and _title_is_taken(flow, definition.title):
        problems.insert(0, Problem("title", TitleTaken(definition.title).sentence))
    return problems


def discard(flow: Flow, *, by: User) -> None:
    """Throw the working copy away; what was published last stands again."""
    if flow.live_version is None:
        raise LifecycleError("This flow was never published: there is nothing to go back to.")
    if flow.draft is None:
        raise LifecycleError("There are no changes to discard.")
    before, version = flow.draft, flow.live_version
    titled: dict[str, Any] = {} if flow.is_published else _titled(version.title)
    guard = active().filter(revision=flow.revision, draft__isnull=False)
    with _free_title(version.title), transaction.atomic():
        changes = {"draft": None, "edited_by": by, **NO_REQUEST, **titled}
        move(flow, guard, by=by, next_revision=True, **changes)
        log(flow, "flow.discard", by=by, before=before, after=flow.definition.to_json())


def unpublish(flow: Flow, *, by: User) -> None:
    """Back to Draft with the same Workflow ID: no new calls; running executions finish."""
    if not flow.is_published:
        raise LifecycleError("This flow is a draft already.")
    before = _summary(flow)
    with transaction.atomic():
        guard = active().filter(state=FlowState.PUBLISHED)
        move(flow, guard, by=by, state=FlowState.DRAFT)
        log(flow, "flow.unpublish", by=by, before=before, after=_summary(flow))


def delete(flow: Flow, *, by: User) -> None:
    """No new calls, and the title is free again; running executions finish; see restore."""
    with transaction.atomic():
        move(flow, active(), by=by, deleted_at=timezone.now(), **NO_REQUEST)
        log(flow, "flow.delete", by=by, before=_summary(flow))


def restore(flow: Flow, *, by: User) -> None:
    """Bring a deleted flow back as it was, with its Workflow ID and in its old state."""
    if flow.deleted_at is None:
        raise LifecycleError("This flow is not deleted.")
    if flow.deleted_at < restorable_since():
        raise LifecycleError(f"Flows can be restored for {RESTORE_DAYS} days; this one is older.")
    guard = Flow.objects.filter(deleted_at__gte=restorable_since())
    try:
        with _free_title(flow.title), transaction.atomic():
            move(flow, guard, by=by, deleted_at=None)
            log(flow, "flow.restore", by=by, after=_summary(flow))
    except TitleTaken:
        raise LifecycleError(
            f"Another flow is called “{flow.title}” now. Rename that one, then restore this one."
        ) from None


def duplicate(flow: Flow, *, by: User) -> Flow:
    """A new draft with the working copy's steps, under the first free “… (copy)” title."""
    definition = flow.definition
    for attempt in range(1, 1000):
        title = _copy_title(definition.title, attempt)
        if not _others(flow, title).exists():
            return create(flow.account, replace(definition, title=title), by=by)
    raise LifecycleError("There are too many copies of this flow. Rename some of them first.")


def restore_version(flow: Flow, version: FlowVersion, *, by: User, revision: int) -> None:
    """Make an old version the working copy, to look at, change and publish."""
    save_draft(flow, version.pinned.editable(), by=by, revision=revision)


def _summary(flow: Flow) -> dict[str, Any]:
    return {
        "title": flow.title,
        "state": flow.state,
        "workflow_id": str(flow.workflow_id) if flow.workflow_id else None,
        "version": flow.live_version.number if flow.live_version else None,
    }


def _titled(title: str) -> dict[str, Any]:
    return {"title": title, "title_key": title_key(title)}


def _unstorable(definition: Definition) -> list[Problem]:
    """Why a draft cannot be kept: its title, or something that could not be read again."""
    try:
        Definition.parse(definition.to_json())
    except DefinitionError as error:
        return error.problems
    return definition.draft_problems()


def _others(flow: Flow, title: str) -> "QuerySet[Flow]":
    return active().filter(account=flow.account, title_key=title_key(title))


def _title_is_taken(flow: Flow, title: str) -> bool:
    return _others(flow, title).exclude(pk=flow.pk).exists()


def _refuse_taken_title(flow: Flow, title: str) -> None:
    """Working copies of published flows hold titles that no constraint sees yet."""
    if _title_is_taken(flow, title):
        raise TitleTaken(title)


@contextmanager
def _free_title(title: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if "title" not in str(error):  # SQLite names the columns, PostgreSQL the constraint
            raise
        raise TitleTaken(title) from error


def _callback_profile(account: Account, public_id: str) -> CallbackProfile | None:
    profiles = CallbackProfile.objects.filter(account=account, deleted_at=None)
    return profiles.filter(public_id=public_id).first() if public_id else None


def _copy_title(title: str, attempt: int) -> str:
    ending = " (copy)" if attempt == 1 else f" (copy {attempt})"
    return title[: MAX_TITLE_CHARACTERS - len(ending)].rstrip() + ending
