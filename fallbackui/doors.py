"""Machines come in before everything that pages need: a call or a receipt has no session, no
person and no page. What the other middlewares do costs it a third of its time, and gives it
nothing; the Host, which they check, is no concern of these doors.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

from flows.hooks.door import door

HOOKS, API = "/hooks/", "/v1/"
URLS = {HOOKS: "flows.hooks.urls", API: "flows.api.urls"}


class DoorsFirst:
    """Stands first of all middlewares."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        prefix = next((prefix for prefix in URLS if request.path_info.startswith(prefix)), None)
        if prefix is None:
            return self.get_response(request)
        answer = _enter(request, prefix)
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            lasts = f"max-age={settings.SECURE_HSTS_SECONDS}"
            answer.headers.setdefault("Strict-Transport-Security", lasts)
        return answer


def _enter(request: HttpRequest, prefix: str) -> HttpResponseBase:
    try:
        found = resolve(request.path_info.removeprefix(prefix[:-1]), URLS[prefix])
    except Resolver404:  # such as /hooks//…: Django would write down the path, key and all
        return door(request, hook_code="")
    answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
    return answer
