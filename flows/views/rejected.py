"""Calls of the Invocation API that were turned down, with the reasons the caller was given."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from flows import access
from flows.models import RejectedCall

from .paging import page_of


@require_safe
def rejected_call_list(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid)
    rows = RejectedCall.objects.filter(account=seat.account)
    page = page_of(rows.select_related("flow", "api_key"), request.GET, within=rows)
    return render(request, "rejected/list.html", {"page": page})
