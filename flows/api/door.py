"""What every endpoint has in front: method, key, rate, in this order. Knows nothing of bodies."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from flows.client_ip import client_ip
from flows.models import ApiKey

from . import answers, rate
from .auth import authenticate
from .rejections import reject

log = logging.getLogger(__name__)
P = ParamSpec("P")
Endpoint = Callable[Concatenate[HttpRequest, ApiKey, P], JsonResponse]

TOO_MANY = "Too many requests. Call again after the seconds that the header Retry-After gives."


def door(*methods: str) -> Callable[[Endpoint[...]], Callable[..., JsonResponse]]:
    """An endpoint for these methods, called with the key that opened the door."""

    def hang(endpoint: Endpoint[...]) -> Callable[..., JsonResponse]:
        @csrf_exempt
        @wraps(endpoint)
        def enter(request: HttpRequest, sid: str, **route: str) -> JsonResponse:
            if request.method not in methods:
                return answers.no_page()
            key = authenticate(request, sid)
            if key is None:
                log.warning("api.wrong_key", extra={"caller": client_ip(request)})
                return answers.wrong_key()
            allowance = rate.take(key)
            if allowance.is_over:
                return _too_many(request, key, allowance, **route)
            return endpoint(request, key, **route)

        return never_cache(enter)

    return hang


@csrf_exempt
def no_page(request: HttpRequest) -> JsonResponse:
    """Whatever else lies below /v1/; as in the original no key is looked at."""
    return answers.no_page()


def _too_many(
    request: HttpRequest, key: ApiKey, allowance: rate.Allowance, workflow_id: str = "", **_: str
) -> JsonResponse:
    """Refused before the body is read. A flood leaves one rejected call a minute, not thousands."""
    answer = reject(
        request,
        key,
        [TOO_MANY],
        workflow_id=workflow_id,
        status=429,
        is_recorded=allowance.is_first_over,
    )
    answer["Retry-After"] = str(allowance.retry_after_s)
    return answer
