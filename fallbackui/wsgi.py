"""The WSGI door of the web process."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest


class Utf8Request(WSGIRequest):
    """A request is UTF-8, whatever charset it names.

    Django takes any codec of Python's that a Content-Type asks for: some of them (`hex`) crash it,
    others (`unicode_escape`) make texts that no database stores. And a parameter in a charset that
    nobody knows (`a*=foo''b`) crashes it before anything of ours could answer.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except ValueError:
            self.content_type, self.content_params = "", {}

    @property
    def encoding(self) -> str | None:
        return None

    @encoding.setter
    def encoding(self, named: str | None) -> None:
        """Nothing that a caller names changes how it is read."""


class Utf8Handler(WSGIHandler):
    request_class = Utf8Request


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fallbackui.settings")
django.setup(set_prefix=False)
application = Utf8Handler()
