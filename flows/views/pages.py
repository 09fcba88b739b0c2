"""What every page of sign-in and of a person's own security shares around allauth's views."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from flows import access

View = Callable[..., HttpResponseBase]
TOO_MANY = {"too_many_login_attempts", "rate_limited"}


def page(view: View) -> View:
    """Nobody keeps a copy, no error report holds what was typed, a form with faults is a 422."""

    @never_cache
    @sensitive_post_parameters()
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return _with_status(request, view(request, *args, **kwargs))

    return shown


def my_page(view: View) -> View:
    """A page about the person who is signed in."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        access.signed_in(request)
        return view(request, *args, **kwargs)

    return page(shown)


def _with_status(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    if request.method != "POST" or not isinstance(answer, TemplateResponse):
        return answer
    forms = [f for f in (answer.context_data or {}).values() if isinstance(f, BaseForm)]
    faults = [fault for f in forms if f.is_bound for fault in f.errors.as_data().values()]
    codes = {error.code for fault in faults for error in fault}
    if codes & TOO_MANY:
        answer.status_code = 429
        answer["Retry-After"] = "60"
    elif codes:
        answer.status_code = 422
    return answer
