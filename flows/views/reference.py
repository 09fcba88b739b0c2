"""The API reference for people, made from the same description as /v1/openapi.json."""

import json
from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from flows.connectors.sandbox import OUTCOMES
from flows.openapi import call_snippets, callback, cases, document, examples, reading

_EVERYWHERE = frozenset(case.when for case in (cases.NO_PAGE, cases.WRONG_KEY, cases.TOO_MANY))


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
        "operations": [_with_own_answers(one) for one in reading.operations(described)],
        "sandbox_outcomes": OUTCOMES.items(),
        "cases": cases.ALL,
        "callback_headers": callback.HEADERS,
        "callback_fields": reading.fields_of(described, "Result"),
        "callback_example": json.dumps(examples.COMPLETED, indent=2),
        "verifications": callback.VERIFICATIONS,
    }
    return render(request, "reference/page.html", page)


def _with_own_answers(operation: reading.Operation) -> reading.Operation:
    """Without the refusals that every endpoint has: the page tells those once, in a table."""
    own = [answer for answer in operation.answers if answer.description not in _EVERYWHERE]
    return replace(operation, answers=tuple(own))
