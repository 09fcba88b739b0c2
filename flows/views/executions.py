"""The executions of an account: list, CSV, one execution's page, and what an admin may do to it."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from flows import access
from flows.engine import wake
from flows.forms.execution_filter import ExecutionFilter
from flows.models import Execution, ExecutionState, Role, TestSend
from flows.models.audit import record

from .csv_rows import csv_of
from .paging import page_of, rows_since
from .run import run_of

PAGING = ("older", "newer", "since_id")
CANCEL = {
    "title": "Cancel this execution?",
    "sentence": "No further channel is tried. A message that a carrier already has can still be "
    "delivered.",
    "action": "Cancel the execution",
    "cancel": "Keep it running",
    "danger": True,
}


@require_safe
def execution_list(request: HttpRequest, sid: str) -> HttpResponse:
    """Newest first, as the query string filters; htmx gets the list alone."""
    seat = access.account(request, sid)
    fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    if not fragment and "" in request.GET.values():
        return redirect(_with(reverse("execution-list", args=[sid]), _clean(request.GET)))
    form = ExecutionFilter(request.GET, account=seat.account)
    page = page_of(_rows(form), request.GET, within=Execution.objects.filter(account=seat.account))
    filters = _clean(request.GET, without=PAGING)
    template = "executions/_list.html" if fragment else "executions/list.html"
    context = {
        "form": form,
        "chips": [
            (chip, _with(request.path, _clean(filters, without=(chip.name,))))
            for chip in form.chips()
        ],
        "page": page,
        "filters": filters.urlencode(),
        "is_first_page": not page.newer,
        "newest": page.rows[0].public_id if page.rows else "none",
    }
    answer = render(request, template, context, status=200 if form.is_valid() else 422)
    if fragment:
        answer["HX-Push-Url"] = _with(request.path, _clean(request.GET))
    return answer


@require_safe
def execution_news(request: HttpRequest, sid: str) -> HttpResponse:
    """How many executions came since the page was drawn, for “3 new, show”; 204 for none."""
    seat = access.account(request, sid)
    form = ExecutionFilter(request.GET, account=seat.account)
    within = Execution.objects.filter(account=seat.account)
    count = rows_since(form.rows(), request.GET.get("since_id", ""), within=within)
    if not count:
        return HttpResponse(status=204)
    url = _with(reverse("execution-list", args=[sid]), _clean(request.GET, without=PAGING))
    return render(request, "executions/_news.html", {"count": count, "url": url})


@require_safe
def execution_export(request: HttpRequest, sid: str) -> HttpResponseBase:
    """A CSV of exactly the filter, streamed; recipients masked for everyone below admin."""
    seat = access.account(request, sid)
    form = ExecutionFilter(request.GET, account=seat.account)
    if not form.is_valid():
        return redirect(_with(reverse("execution-list", args=[sid]), _clean(request.GET)))
    rows = _rows(form).order_by("-id").iterator(chunk_size=1000)
    answer = StreamingHttpResponse(
        csv_of(rows, with_numbers=seat.is_admin), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="executions-{seat.account.sid}.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_safe
def execution_detail(request: HttpRequest, sid: str, execution_id: str) -> HttpResponse:
    seat, execution = access.execution(request, sid, execution_id)
    test = TestSend.objects.filter(execution=execution).select_related("sent_by").first()
    context = {"run": run_of(execution, seat=seat), "test": test, "flow": execution.flow}
    return render(request, "executions/detail.html", context)


@require_safe
def execution_timeline(request: HttpRequest, sid: str, execution_id: str) -> HttpResponse:
    """What an open page lacks: new lines, the parts beside them out of band; 204 for nothing."""
    seat, execution = access.execution(request, sid, execution_id)
    told = request.GET.get("token", "")
    run = run_of(execution, seat=seat, told=told)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("execution-detail", sid=sid, execution_id=execution_id)
    if told == run.token:
        return HttpResponse(status=204)
    return render(request, "executions/_news_of_run.html", {"run": run})


@require_http_methods(["GET", "POST"])
def execution_cancel(request: HttpRequest, sid: str, execution_id: str) -> HttpResponse:
    """Asks first, then tells the engine to stop; what a carrier already has stays sent."""
    seat, execution = access.execution(request, sid, execution_id, at_least=Role.ADMIN)
    here = reverse("execution-detail", args=[sid, execution_id])
    if execution.state == ExecutionState.ENDED:
        messages.info(request, "This execution had already ended; nothing was changed.")
        return redirect(here)
    if request.method == "GET":
        return render(request, "confirm.html", {**CANCEL, "cancel_url": here})
    if wake.cancel(execution, by=str(seat.user)):
        record(
            seat.account, "execution.cancel", by=seat.user, of=execution,
            label=execution.public_id,
        )  # fmt: skip
        messages.success(request, "Cancelling. The engine stops it at its next turn.")
    else:
        messages.info(request, "This execution had already ended; nothing was changed.")
    return redirect(here)


def _rows(form: ExecutionFilter) -> QuerySet[Execution]:
    return form.rows().select_related("flow", "version").defer("sends", "version__definition")


def _clean(query: QueryDict, *, without: tuple[str, ...] = ()) -> QueryDict:
    """The query without empty values and without these names: what a URL should look like."""
    kept = QueryDict(mutable=True)
    for name in query:
        if name not in without and (value := query.get(name)):
            kept[name] = value
    return kept


def _with(path: str, query: QueryDict) -> str:
    return f"{path}?{query.urlencode()}" if query else path
