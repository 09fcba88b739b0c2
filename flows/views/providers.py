"""Signing in with the company's own identity provider (OpenID Connect), when one is configured."""

import logging

from allauth.socialaccount import views as allauth
from allauth.socialaccount.providers.openid_connect import views as openid
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST
from requests import RequestException

from .pages import View, my_page, page

log = logging.getLogger(__name__)


@require_POST
def _leave(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """To the provider, by a page: `form-action 'self'` lets no form be answered from outside."""
    answer = _asked(openid.login, request, provider_id)
    outside = answer.get("Location", "")
    if answer.status_code != 302 or outside.startswith("/"):
        return answer
    return render(request, "socialaccount/leaving.html", {"outside": outside})


def _come_back(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    return _asked(openid.callback, request, provider_id)


def _asked(view: View, request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """The provider is another machine: it may be down, or answer what nobody understands."""
    try:
        return view(request, provider_id)
    except (RequestException, KeyError) as fault:
        log.warning("provider.failed", extra={"provider": provider_id, "fault": str(fault)[:200]})
        return render(request, "socialaccount/authentication_error.html", status=502)


leave = page(_leave)
come_back = page(_come_back)
cancelled = page(allauth.login_cancelled)
failed = page(allauth.login_error)
sign_up = page(allauth.signup)
connections = my_page(allauth.connections)
