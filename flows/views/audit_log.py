"""The audit log of an account: who changed what, when, from where. Changes nothing."""

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from flows import access
from flows.forms.audit_filter import AuditFilter
from flows.models import Role

from .audit_rows import csv_of_entries, lines_of
from .paging import page_of

PAGING = ("older", "newer")


@require_safe
def audit_log(request: HttpRequest, sid: str) -> HttpResponse:
    """Newest first, as the query string filters; htmx gets the list alone."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    if not fragment and "" in request.GET.values():
        return redirect(_with(reverse("audit-log", args=[sid]), _clean(request.GET)))
    form = AuditFilter(request.GET, account=seat.account)
    page = page_of(form.rows().select_related("actor"), request.GET, within=None)
    filters = _clean(request.GET, without=PAGING)
    context = {
        "form": form,
        "page": page,
        "lines": lines_of(seat.account, page.rows),
        "chips": [
            (chip, _with(request.path, _clean(filters, without=(chip.name,))))
            for chip in form.chips()
        ],
        "filters": filters.urlencode(),
    }
    template = "audit_log/_list.html" if fragment else "audit_log/list.html"
    answer = render(request, template, context, status=200 if form.is_valid() else 422)
    if fragment:
        answer["HX-Push-Url"] = _with(request.path, _clean(request.GET))
    return answer


@require_safe
def audit_export(request: HttpRequest, sid: str) -> HttpResponseBase:
    """A CSV of exactly the filter, streamed."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    form = AuditFilter(request.GET, account=seat.account)
    if not form.is_valid():
        return redirect(_with(reverse("audit-log", args=[sid]), _clean(request.GET)))
    rows = form.rows().select_related("actor").order_by("-id").iterator(chunk_size=1000)
    answer = StreamingHttpResponse(
        csv_of_entries(seat.account, rows), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="audit-log-{seat.account.sid}.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _clean(query: QueryDict, *, without: tuple[str, ...] = ()) -> QueryDict:
    """The query without empty values and without these names: what a URL should look like."""
    kept = QueryDict(mutable=True)
    for name in query:
        if name not in without and (value := query.get(name)):
            kept[name] = value
    return kept


def _with(path: str, query: QueryDict) -> str:
    return f"{path}?{query.urlencode()}" if query else path
