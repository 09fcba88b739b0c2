"""`/v1/openapi.json`: the description of this API, for machines, open to everybody."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from flows import openapi

from . import answers


@csrf_exempt
def document(request: HttpRequest) -> JsonResponse:
    if request.method not in {"GET", "HEAD"}:
        return answers.no_page()
    return JsonResponse(openapi.document(settings.PUBLIC_BASE_URL))
