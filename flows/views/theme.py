"""The colour theme a person chose, kept in a cookie so that the server renders it."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from .context import THEMES

A_YEAR_S = 31_536_000


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("theme", "system")
    back = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    # Not redirect(): a Referer that is no URL would be taken for the name of one.
    answer = HttpResponse(status=204) if request.htmx else HttpResponseRedirect(back)  # type: ignore[attr-defined]
    if chosen in THEMES:
        answer.set_cookie("theme", chosen, max_age=A_YEAR_S, samesite="Lax")
    return answer
