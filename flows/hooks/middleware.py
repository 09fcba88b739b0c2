"""Carriers come in before everything that pages need: a receipt has no session and no person."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

from .door import door

PREFIX = "/hooks/"


class DoorsFirst:
    """Stands first of all. What the others do costs a receipt a third of its time, and gives it
    nothing; the Host, which they check, is no concern of a door (see flows/hooks/door.py)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        try:
            found = resolve(request.path_info.removeprefix(PREFIX[:-1]), "flows.hooks.urls")
        except Resolver404:  # such as /hooks//…: Django would write down the path, key and all
            return door(request, hook_code="")
        answer: HttpResponseBase = found.func(request, **found.kwargs)
        return answer
