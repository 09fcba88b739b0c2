"""One deed and its answer: run the verb, say what happened or why it did not, lead on.

`ask` is the page before it. Neither knows what the deed is about.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from flows.models.refusals import Refused

asking = require_http_methods(["GET", "HEAD", "POST"])


def done(
    request: HttpRequest,
    verb: Callable[[], object],
    *,
    words: str,
    to: str,
    refused_to: str = "",
    undo: str = "",
) -> HttpResponse:
    """`to` is the address that both answers lead to, unless a refusal leads to another one.

    `undo` is the address that takes the deed back.
    """
    try:
        verb()
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect(refused_to or to)
    messages.success(request, words, extra_tags=f"undo:{undo}" if undo else "")
    return redirect(to)


def ask(
    request: HttpRequest, *, back: str, template: str = "confirm.html", **words: Any
) -> HttpResponse:
    """The confirm page; with JavaScript it is shown as a dialog."""
    context = {"danger": True, "cancel_url": back, "cancel": "Keep it", **words}
    return render(request, template, context)
