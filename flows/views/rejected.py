"""Calls of the Invocation API that were turned down, with the reasons the caller was given."""

import csv
from collections.abc import Iterable, Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from flows import access
from flows.forms.rejected_filter import RejectedFilter, advice_for
from flows.models import RejectedCall

from .csv_rows import Echo, safe
from .paging import page_of

COLUMNS = (
    "call_id", "at", "status", "reasons", "flow", "workflow_id", "request_id", "api_key",
    "caller_address",
)  # fmt: skip


@require_safe
def rejected_call_list(request: HttpRequest, sid: str) -> HttpResponse:
    """Newest first, as the query string filters."""
    seat = access.account(request, sid)
    form = RejectedFilter(request.GET, account=seat.account)
    within = RejectedCall.objects.filter(account=seat.account)
    page = page_of(form.rows().select_related("flow", "api_key"), request.GET, within=within)
    filters = request.GET.copy()
    for name in ("older", "newer"):
        filters.pop(name, None)
    context = {
        "form": form,
        "page": page,
        "rows": [(row, advice_for(row.errors)) for row in page.rows],
        "chips": [(chip, _without(request, chip.name)) for chip in form.chips()],
        "filters": filters.urlencode(),
    }
    return render(request, "rejected/list.html", context)


@require_safe
def rejected_call_export(request: HttpRequest, sid: str) -> HttpResponseBase:
    """A CSV of exactly the filter, streamed."""
    seat = access.account(request, sid)
    rows = RejectedFilter(request.GET, account=seat.account).rows()
    rows = rows.select_related("flow", "api_key").order_by("-pk")
    answer = StreamingHttpResponse(
        _csv(rows.iterator(chunk_size=1000)), content_type="text/csv; charset=utf-8"
    )
    name = f"rejected-calls-{seat.account.sid}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _csv(rows: Iterable[RejectedCall]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for row in rows:
        cells = (
            row.public_id,
            row.created_at.isoformat(timespec="milliseconds"),
            row.status,
            " ".join(row.errors),
            row.flow.title if row.flow else "",
            row.workflow_id,
            row.request_id,
            row.api_key or "",
            row.caller_ip or "",
        )
        yield writer.writerow([safe(cell) for cell in cells])


def _without(request: HttpRequest, name: str) -> str:
    kept = request.GET.copy()
    for gone in (name, "older", "newer"):
        kept.pop(gone, None)
    return f"{request.path}?{kept.urlencode()}" if kept else request.path
