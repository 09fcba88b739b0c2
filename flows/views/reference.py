"""The API reference for people, made from the same description as /v1/openapi.json."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from flows.openapi import call_snippets, callback, cases, document, examples, reading


def api_reference(request: HttpRequest) -> HttpResponse:
    """Open to everybody; it shows nothing of any account."""
    base_url = settings.PUBLIC_BASE_URL
    described = document(base_url)
    snippets = call_snippets(
        base_url=base_url,
        sid=examples.SID,
        workflow_id=examples.WORKFLOW_ID,
        body=examples.WITH_PARAMETERS,
    )
    page = {
        "base_url": base_url,
        "snippets": snippets,
        "operations": reading.operations(described),
        "cases": cases.ALL,
        "callback_headers": callback.HEADERS,
        "callback_fields": reading.fields_of(described, "Result"),
        "callback_example": json.dumps(examples.COMPLETED, indent=2),
        "verifications": (
            ("Python", callback.VERIFY_PYTHON),
            ("JavaScript", callback.VERIFY_JAVASCRIPT),
            ("By hand", callback.VERIFY_BY_HAND),
        ),
    }
    return render(request, "reference/page.html", page)
