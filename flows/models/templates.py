"""The life of a template: every verb is a guarded update and its audit entry in one transaction.

A text in force never changes: what its authors write meanwhile is the draft, and becomes the next
version once it is approved (reviews.py). Flows go on with the texts that they were published with.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from flows.definition import Problem
from flows.definition.template_rules import MAX_NAME, draft_problems, problems, settled
from flows.placeholders import Channel, TemplateContent, clean_params, fields

from . import audit, reviews
from .account import Account
from .asset import AssetStatus, Template
from .people import User
from .refusals import Refused
from .review import Decision, Review

Samples = Mapping[str, str]
RESTORABLE = timedelta(days=30)


class TemplateRefused(Refused):
    """The template was not changed."""


class NameTaken(TemplateRefused):
    """Another template of the account has this name in this language."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another template is called “{name}” already. Choose another name.")


class TemplateChanged(TemplateRefused):
    """The template was changed since it was read; `current` is how it is now."""

    def __init__(self, current: Template, *, by: User) -> None:
        who = current.updated_by or "Somebody"
        sentence = f"{who} changed this template meanwhile."
        if who == by:
            sentence = "You changed this template in another window meanwhile."
        super().__init__(sentence)
        self.current = current


class TemplateNotReady(TemplateRefused):
    """The text breaks rules that it must keep to be stored or handed in."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


# --- Reading -------------------------------------------------------------------------------------


def working_copy(template: Template) -> TemplateContent:
    """What its authors see in the editor: the draft, else the text itself."""
    return TemplateContent.from_json(template.draft) if template.draft else template.content


def may_be_renamed(template: Template) -> bool:
    """Nobody has approved it, and nobody is looking at it."""
    return template.version == 0 and template.status != AssetStatus.PENDING


def open_review(template: Template) -> Review | None:
    """The request about it that waits for an answer, with its version."""
    reviews_of = Review.objects.filter(template_version__template=template)
    return reviews_of.filter(decision=Decision.OPEN).select_related("template_version").first()


# --- Writing -------------------------------------------------------------------------------------


def create(account: Account, content: TemplateContent, samples: Samples, *, by: User) -> Template:
    """A new draft, complete or not; its name must be valid and free."""
    content = settled(content)
    _require(draft_problems(content))
    with _free_name(content.name), transaction.atomic():
        template = Template.objects.create(
            account=account,
            **_as_fields(content),
            channel=content.channel,
            samples=_kept_samples(samples, content),
            version=0,
            status=AssetStatus.DRAFT,
            created_by=by,
            updated_by=by,
        )
        _log(template, "create", by=by, after=content.to_json())
    return template


def save(
    template: Template, content: TemplateContent, samples: Samples, *, by: User, revision: int
) -> None:
    """Keep `content` as the working copy, based on `revision` of the template.

    The name and the language stay once the template has been handed in. A save of what is there
    already is done, whatever it was based on.
    """
    content = settled(replace(content, channel=Channel(template.channel)))
    if not may_be_renamed(template):
        content = replace(content, name=template.name, language=template.language)
    _require(draft_problems(content))
    before = working_copy(template)
    kept = _kept_samples({**template.samples, **samples}, content, template.content)
    if content == before and kept == template.samples:
        return
    if revision != template.revision:
        raise TemplateChanged(_current(template), by=by)
    json = content.to_json()
    changes: dict[str, Any] = {"draft": None if content == template.content else json}
    if may_be_renamed(template):
        changes = {**_as_fields(content), "draft": None}
    # An approval does not raise the revision, but what is a draft from then on was the text before.
    guard = _active().filter(revision=revision, version=template.version, status=template.status)
    with _free_name(content.name), transaction.atomic():
        _move(template, guard, by=by, revision=F("revision") + 1, samples=kept, **changes)
        audit.record_sitting(
            template.account,
            "template.save",
            by=by,
            of=template,
            label=template.name,
            before=before.to_json(),
            after=json,
        )


def submit(template: Template, *, by: User) -> Review:
    """Hand the working copy in for approval."""
    _require(problems(working_copy(template)))
    return reviews.submit_template(template, by=by)


def withdraw(template: Template, *, by: User) -> None:
    """Take the text that is being checked back, to change it and hand it in again."""
    review = open_review(template)
    if review is None:
        raise TemplateRefused("Nothing of this template is being checked.")
    reviews.withdraw(review, by=by)
    template.refresh_from_db()


def pause(template: Template, *, by: User) -> None:
    """No flow sends it until it is resumed; steps that use it are skipped."""
    reason = f"Paused by {by}."[:300]
    _switch(template, "pause", AssetStatus.APPROVED, AssetStatus.PAUSED, reason, by=by)


def resume(template: Template, *, by: User) -> None:
    _switch(template, "resume", AssetStatus.PAUSED, AssetStatus.APPROVED, "", by=by)


def delete(template: Template, *, by: User) -> None:
    """Its name is free again; flows that use it skip its step from now on; see restore."""
    with transaction.atomic():
        if review := open_review(template):
            with suppress(reviews.ReviewRefused):  # somebody has just answered
                reviews.withdraw(review, by=by)
        _move(template, _active(), by=by, deleted_at=timezone.now())
        _log(template, "delete", by=by, before={"status": template.status})


def restore(template: Template, *, by: User) -> None:
    guard = Template.objects.filter(deleted_at__gte=timezone.now() - RESTORABLE)
    try:
        with _free_name(template.name), transaction.atomic():
            _move(template, guard, by=by, deleted_at=None)
            _log(template, "restore", by=by, after={"status": template.status})
    except NameTaken:
        raise TemplateRefused(
            f"Another template is called “{template.name}” now, so this one cannot come back."
        ) from None


def duplicate(template: Template, *, by: User) -> Template:
    """A new draft with the working copy's text, under the first free name."""
    content = working_copy(template)
    taken = set(
        _active()
        .filter(account=template.account, channel=content.channel, language=content.language)
        .values_list("name", flat=True)
    )
    names = (_copy_name(content, attempt) for attempt in range(1, 1000))
    name = next((name for name in names if name not in taken), "")
    if not name:
        raise TemplateRefused("There are too many copies of this template. Rename some first.")
    return create(template.account, replace(content, name=name), template.samples, by=by)


# --- Shared --------------------------------------------------------------------------------------


def _switch(
    template: Template, verb: str, before: AssetStatus, after: AssetStatus, reason: str, *, by: User
) -> None:
    if template.status != before:
        words = f"Only a template that is {before.label.lower()} can be {verb}d."
        raise TemplateRefused(words)
    with transaction.atomic():
        guard = _active().filter(status=before)
        _move(template, guard, by=by, status=after, status_reason=reason)
        _log(template, verb, by=by, before={"status": before}, after={"status": after})


def _active() -> "QuerySet[Template]":
    return Template.objects.filter(deleted_at=None)


def _move(template: Template, guard: "QuerySet[Template]", *, by: User, **to: Any) -> None:
    """Update the row if it still is as `guard` says, else say who was first."""
    changes = {**to, "updated_by": by, "updated_at": timezone.now()}
    if not guard.filter(pk=template.pk).update(**changes):
        raise TemplateChanged(_current(template), by=by)
    template.refresh_from_db()


def _current(template: Template) -> Template:
    return Template.objects.select_related("updated_by", "account").get(pk=template.pk)


def _as_fields(content: TemplateContent) -> dict[str, Any]:
    json = content.to_json()
    return {name: json[name] for name in json if name != "channel"}


def _kept_samples(samples: Samples, *contents: TemplateContent) -> dict[str, str]:
    """Those that one of these texts needs, fit to be stored."""
    keys = {field.key for content in contents for field in fields(content)}
    wanted = {key: value for key, value in samples.items() if key in keys}
    clean: dict[str, str] = {}
    for key, value in wanted.items():
        clean |= clean_params({key: value}, where="samples")[0]
    return clean


def _require(found: list[Problem]) -> None:
    if found:
        raise TemplateNotReady(found)


@contextmanager
def _free_name(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise NameTaken(name) from error


def _copy_name(content: TemplateContent, attempt: int) -> str:
    if content.channel is Channel.WHATSAPP:
        ending = "_copy" if attempt == 1 else f"_copy_{attempt}"
    else:
        ending = " (copy)" if attempt == 1 else f" (copy {attempt})"
    return content.name[: MAX_NAME - len(ending)].rstrip() + ending


def _log(template: Template, verb: str, *, by: User, before: Any = None, after: Any = None) -> None:
    audit.record(
        template.account,
        f"template.{verb}",
        by=by,
        of=template,
        label=template.name,
        before=before,
        after=after,
    )
