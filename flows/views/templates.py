"""The list of templates and the page of one. Changes nothing."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import zip_longest
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from flows import access
from flows.definition.template_differences import content_differences
from flows.forms.template_filter import TemplateFilter
from flows.models import AssetStatus, Review, Role, Template, TemplateVersion, reviews, templates
from flows.models.usage import flows_using
from flows.placeholders import TemplateContent

from .paging import page_of
from .template_uses import likely_sender, live_flows, older_uses
from .template_words import content_facts, marks, message_words, woven

MOST_VERSIONS = 50
WATCHED = timedelta(minutes=1)  # an answer that is later than this is not waited for any more


@require_safe
def template_list(request: HttpRequest, sid: str) -> HttpResponse:
    """The account's templates as the query string filters them; htmx gets the list alone."""
    seat = access.account(request, sid)
    fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    form = TemplateFilter(request.GET)
    within = Template.objects.filter(account=seat.account, deleted_at=None)
    page = page_of(form.rows(within).select_related("updated_by"), request.GET, within=within)
    uses, in_review = flows_using(seat.account), _in_review(page.rows)
    context = {
        "form": form,
        "page": page,
        "rows": [
            {
                "template": template,
                "uses": uses.get(str(template.public_id), []),
                **marks(template, in_review.get(template.pk)),
            }
            for template in page.rows
        ],
        "chips": form.chips(),
        "has_none": not page.rows and not form.query and not request.GET,
    }
    answer = render(request, "templates/_list.html" if fragment else "templates/list.html", context)
    answer["Vary"] = "HX-Request"
    if fragment:
        typing = request.headers.get("HX-Trigger") == "id_q"
        answer["HX-Replace-Url" if typing else "HX-Push-Url"] = request.path + form.query
    return answer


def _in_review(rows: Iterable[Template]) -> dict[int, TemplateVersion]:
    """The version of each template that is being checked, in one query."""
    pending = TemplateVersion.objects.filter(template__in=rows, status=AssetStatus.PENDING)
    return {version.template_id: version for version in pending}


@require_safe
@never_cache
def detail(request: HttpRequest, sid: str, template_id: UUID) -> HttpResponse:
    """What is in force, what is under way, who uses it, and what callers send.

    While it is being checked the page asks for itself again, and says which state it shows
    (`was`): nothing new is an empty answer.
    """
    _, template = access.template(request, sid, template_id, at_least=Role.VIEWER)
    review = templates.open_review(template)
    is_watched = _is_watched(review)
    state = f"{template.status}-{template.version}-{review.public_id if review else ''}"
    is_fragment = bool(request.htmx) and "was" in request.GET  # type: ignore[attr-defined]
    if is_fragment and is_watched and request.GET["was"] == state:
        return HttpResponse(status=204)
    versions = list(
        template.versions.select_related("submitted_by").order_by("-number")[: MOST_VERSIONS + 1]
    )
    in_review = review.template_version if review else None
    uses = flows_using(template.account).get(str(template.public_id), [])
    flows = live_flows(template.account, uses)
    working = templates.working_copy(template)
    is_in_force = template.version > 0
    needs_people = is_in_force and not review and reviews.needs_people(template)
    context = {
        "template": template,
        "review": review,
        "state": state,
        "is_watched": is_watched,
        "words": message_words(template.content if is_in_force else working, template.samples),
        "sender": likely_sender(template.account, working.channel),
        "facts": content_facts(template.content if is_in_force else working),
        "is_in_force": is_in_force,
        "candidates": _candidates(template, in_review, flows) if is_in_force else [],
        "older": older_uses(flows, template, template.content) if is_in_force else [],
        "uses": uses,
        "refused": _last_refused(template, versions),
        "history": _history(versions),
        "can_submit": not review
        and (template.version == 0 or template.draft is not None or needs_people),
        "needs_people": needs_people,
        "is_cut": len(versions) > MOST_VERSIONS,
        **marks(template, in_review),
    }
    name = "templates/_detail.html" if is_fragment else "templates/detail.html"
    return render(request, name, context)


def _is_watched(review: Review | None) -> bool:
    """The Sandbox answers in a moment; people take their time, and nobody waits at the page."""
    settles_at = review.settles_at if review else None
    return bool(settles_at and timezone.now() - settles_at < WATCHED)


def _candidates(
    template: Template, in_review: TemplateVersion | None, flows: list[Any]
) -> list[dict[str, Any]]:
    """The texts that want to follow the one in force: in review, and still being written."""
    texts = {}
    if in_review:
        texts[f"Version {in_review.number}, being checked"] = in_review.content
    if template.draft is not None and template.draft not in texts.values():
        texts["Draft changes"] = template.draft
    return [_candidate(title, template, json, flows) for title, json in texts.items()]


def _candidate(title: str, template: Template, json: Any, flows: list[Any]) -> dict[str, Any]:
    content = TemplateContent.from_json(json)
    return {
        "title": title,
        "is_draft": json == template.draft,
        "differences": content_differences(template.content, content),
        "woven": woven(template.content, content),
        "demands": [use for use in older_uses(flows, template, content) if use.demands],
    }


def _last_refused(template: Template, versions: list[TemplateVersion]) -> TemplateVersion | None:
    """The newest text, if it was rejected and the template lives on with an older one."""
    newest = versions[0] if versions else None
    is_refused = newest and newest.status == AssetStatus.REJECTED
    return newest if is_refused and template.version and template.draft else None


def _history(versions: list[TemplateVersion]) -> list[dict[str, Any]]:
    rows = []
    for version, before in zip_longest(versions, versions[1:]):
        content = TemplateContent.from_json(version.content)
        earlier = TemplateContent.from_json(before.content) if before else None
        rows.append(
            {
                "version": version,
                "content": content,
                "differences": content_differences(earlier, content) if earlier else [],
                "woven": woven(earlier, content) if earlier else [],
            }
        )
    return rows[:MOST_VERSIONS]
