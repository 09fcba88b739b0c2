"""The doors for clients, below /v1/. Whatever is not listed is answered as the gateway does."""

from django.urls import path, re_path

from . import openapi
from .door import no_page

urlpatterns = [
    path("openapi.json", openapi.document, name="openapi"),
    re_path(r"", no_page, name="api-no-page"),
]
