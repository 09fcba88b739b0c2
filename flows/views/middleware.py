"""Middleware of the pages: the way to sign-in, where a request comes from, what caches may keep,
the account last used."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from flows.access import SecondFactorNeeded, SignInNeeded, to_second_factor, to_sign_in
from flows.client_ip import client_ip
from flows.models import audit


class SignInMiddleware:
    """To the sign-in page, or to the one for a second factor; then back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        if isinstance(exception, SignInNeeded):
            answer = to_sign_in(request)
        elif isinstance(exception, SecondFactorNeeded):
            answer = to_second_factor(request, exception.place)
        else:
            return None
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(answer["Location"])
        return answer


class OriginMiddleware:
    """Whatever this request changes is recorded with the address it came from; and the time zone of
    the account it looks at (see flows.access) ends with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with audit.coming_from(client_ip(request)), timezone.override(None):
            return self.get_response(request)


class PageCacheMiddleware:
    """Pages of a signed-in person are never kept by shared caches, and vary by htmx."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if answer.get("Content-Type", "").startswith("text/html"):
            answer.headers.setdefault("Cache-Control", "private, no-cache")
            patch_vary_headers(answer, ["HX-Request"])
        return answer


class LastAccountMiddleware:
    """Remembers which account a person looked at last, for the way back from `/`."""

    COOKIE = "account"
    A_YEAR_S = 31_536_000

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        seat = getattr(request, "seat", None)
        if seat and request.COOKIES.get(self.COOKIE) != seat.account.sid:
            answer.set_cookie(
                self.COOKIE,
                seat.account.sid,
                max_age=self.A_YEAR_S,
                samesite="Lax",
                httponly=True,
                secure=request.is_secure(),
            )
        return answer


class TextGZipMiddleware(GZipMiddleware):
    """Pages and CSV travel compressed; the API's short answers are not worth the time."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").startswith("text/"):
            return super().process_response(request, response)
        return response
