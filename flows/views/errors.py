"""Pages for what went wrong: 400, 403 with who can help, 404, 500."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that no page of ours makes: an unknown host name, a file, far too much of it."""
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", {"sentence": str(exception)}, status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: the page is older than the sign-in, or somebody else's."""
    sentence = "This page was open for too long. Go back, reload it and send the form again."
    return render(request, "403.html", {"sentence": sentence}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A sentence, where there is more to say than that nothing is there (see flows.access)."""
    sentence = getattr(exception, "sentence", "")
    return render(request, "404.html", {"sentence": sentence}, status=404)


def too_many(request: HttpRequest) -> HttpResponse:
    answer = render(request, "429.html", status=429)
    answer["Retry-After"] = "60"
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/v1/"):
        return JsonResponse({"code": "RBC500", "message": "Internal error."}, status=500)
    return HttpResponse(loader.render_to_string("500.html"), status=500)
