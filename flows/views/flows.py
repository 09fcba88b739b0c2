"""The list of flows, the deleted ones, and the page of one flow. Changes nothing."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from flows import access, onboarding
from flows.definition import Catalog, differences
from flows.forms.flow_filter import FlowFilter
from flows.models import Execution, Flow
from flows.models.catalog import catalog_of, samples_of
from flows.models.flow import RESTORE_DAYS, restorable_since

from .execution_numbers import last_24_hours
from .flow_words import (
    basic_facts,
    connection_warnings_of,
    new_demands,
    news_of,
    profile_id_of,
    steps_in_words,
    unusable_parts,
)
from .ready_call import calls_of
from .who_publishes import who_publishes

PAGE_SIZE = 50


@require_safe
def flow_list(request: HttpRequest, sid: str) -> HttpResponse:
    """The account's flows as the query string filters and sorts them; htmx gets the list alone."""
    seat = access.account(request, sid)
    fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    form = FlowFilter(request.GET)
    rows = form.rows(Flow.objects.filter(account=seat.account, deleted_at=None))
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    catalog = catalog_of(seat.account)
    tasks = onboarding.tasks(seat.account, catalog)
    context = {
        "form": form,
        "page": page,
        "rows": _rows(list(page), catalog),
        "chips": form.chips(),
        "is_ready": onboarding.is_ready(tasks),
        "has_deleted": _restorable(seat.account.pk).exists(),
        "has_none": not page.paginator.count and not form.chips(),
    }
    answer = render(request, "flows/_list.html" if fragment else "flows/list.html", context)
    answer["Vary"] = "HX-Request"
    if fragment:
        typing = request.headers.get("HX-Trigger") == "id_q"
        answer["HX-Replace-Url" if typing else "HX-Push-Url"] = request.path + form.query
    return answer


def _rows(flows: list[Flow], catalog: Catalog) -> list[dict[str, Any]]:
    counts = _last_24_hours(flows)
    return [
        {
            "flow": flow,
            "channels": [step.channel.value for step in flow.definition.steps],
            "executions": counts.get(flow.pk, 0),
            "unusable": unusable_parts(flow, catalog),
            "warnings": connection_warnings_of(flow, catalog),
            "news": news_of(flow, catalog),
        }
        for flow in flows
    ]


def _last_24_hours(flows: list[Flow]) -> dict[int, int]:
    """Executions per flow in one query; test sends do not count."""
    recent = Execution.objects.filter(
        flow__in=[flow.pk for flow in flows],
        created_at__gte=timezone.now() - timedelta(hours=24),
        is_test_send=False,
    )
    return dict(recent.values_list("flow").annotate(Count("pk")).order_by())


def _restorable(account_pk: int) -> Any:
    return Flow.objects.filter(account=account_pk, deleted_at__gte=restorable_since())


@require_safe
def deleted_list(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid)
    flows = _restorable(seat.account.pk).select_related("updated_by").order_by("-deleted_at")
    context = {"flows": flows[:500], "restore_days": RESTORE_DAYS}
    return render(request, "flows/deleted.html", context)


@require_safe
def detail(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    """What callers get, what is being changed, and what may be done about it."""
    seat, flow = access.flow(request, sid, flow_id)
    catalog, draft = catalog_of(seat.account), flow.definition
    live = flow.live_version.pinned if flow.live_version else None
    shown = live if live and flow.is_published else draft
    samples = samples_of(seat.account, [step.template for step in shown.steps])
    words = steps_in_words(shown, catalog, samples)
    context = {
        "flow": flow,
        "steps": words,
        "basics": basic_facts(shown, catalog)[1:],
        "profile_id": profile_id_of(shown, catalog),
        "snippets": calls_of(flow, words) if flow.workflow_id else [],
        "differences": differences(live, draft, catalog=catalog) if live and flow.draft else [],
        "demands": new_demands(live, draft, catalog) if live and flow.has_changes else [],
        "unusable": unusable_parts(flow, catalog),
        "connection_warnings": connection_warnings_of(flow, catalog),
        "news": news_of(flow, catalog),
        **who_publishes(flow, seat),
        "problems_left": len(draft.problems(catalog)),
        "numbers": last_24_hours(Execution.objects.filter(flow=flow)),
    }
    return render(request, "flows/detail.html", context)
