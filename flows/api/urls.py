"""The doors for clients, below /v1/. Whatever is not listed is answered as the gateway does."""

from django.urls import path, re_path

from . import executions, invocations, openapi
from .door import no_page

_INVOCATION = "<str:sid>/workflow/v1/invocations/<str:invocation_id>"

urlpatterns = [
    path("openapi.json", openapi.document, name="openapi"),
    path(
        "<str:sid>/workflow/v1/instances/<str:workflow_id>/invoke",
        invocations.invoke,
        name="api-invoke",
    ),
    path(_INVOCATION, executions.show, name="api-invocation"),
    path(f"{_INVOCATION}/confirm", executions.confirm, name="api-confirm"),
    path(f"{_INVOCATION}/cancel", executions.cancel, name="api-cancel"),
    re_path(r"", no_page, name="api-no-page"),
]
