"""Files in forms: no page takes one but the one for documents, and that reads no more than it must.

Everywhere else, and before anybody is known to be allowed, none is read and none fills the disk.
"""

import tempfile
from typing import IO, Any

from django.core.exceptions import BadRequest
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from flows.file_kinds import BEGINNING, may_become

FIELD = "file"
MAX_BYTES = 10 * 1024 * 1024
IN_MEMORY = 512 * 1024  # more than that waits in a file without a name
_FORM_AROUND = 64 * 1024  # the other fields and the boundaries

TOO_BIG = "The file is larger than 10 MB. Choose a smaller one, or scan it again in a lower quality"
ONE_ONLY = "Choose one file at a time"
NOT_TAKEN = "This is not a PDF, PNG or JPEG. Save it as one of these and choose that file"
EMPTY = "The file is empty. Choose another one"
NONE = "Choose a file"


class NoFiles(FileUploadHandler):
    """Django would write a file of any size to the disk before a view, or the sign-in, is asked."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise BadRequest("Files are not taken here.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached."""

    def file_complete(self, file_size: int) -> None:
        """Never reached."""


class OneDocument(FileUploadHandler):
    """One file, up to a limit, that begins as a document does; reading stops at the first fault,
    which `problem` then says."""

    def __init__(self, request: HttpRequest | None = None, *, refuse: str = "") -> None:
        super().__init__(request)
        self.problem = ""
        self._refuse = refuse
        self._parts: IO[bytes] | None = None
        self._beginning = b""

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, file_name, *args, **kwargs)
        if self._refuse:
            self._stop(self._refuse)
        if self._parts is not None or field_name != FIELD:
            self._stop(ONE_ONLY)
        self._parts = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - outlives this

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > MAX_BYTES:
            self._stop(TOO_BIG)
        if len(self._beginning) < BEGINNING:
            self._beginning += raw_data[:BEGINNING]
            if len(self._beginning) >= BEGINNING and not may_become(self._beginning):
                self._stop(NOT_TAKEN)
        if self._parts is not None:
            self._parts.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        if self._parts is None:
            return None
        self._parts.seek(0)
        return UploadedFile(self._parts, name="document", size=file_size)

    def upload_interrupted(self) -> None:
        self._drop()

    @property
    def given_name(self) -> str:
        return self.file_name or ""

    def _stop(self, problem: str) -> None:
        self.problem = problem
        self._drop()
        raise StopUpload(connection_reset=True)  # the rest is not even read

    def _drop(self) -> None:
        if self._parts is not None:
            self._parts.close()


def read_one_document(request: HttpRequest, *, refuse: str = "") -> OneDocument:
    """Let this request bring a document, or have it refused with a sentence, unread. To be called
    before anything has looked at the body, and only for somebody who may; CSRF is checked after."""
    document = OneDocument(request, refuse=refuse)
    request.upload_handlers = [document]
    if _length(request) > MAX_BYTES + _FORM_AROUND:
        document.problem = TOO_BIG
    return document


def _length(request: HttpRequest) -> int:
    """What the request says of itself; Django reads no byte beyond it."""
    said = request.META.get("CONTENT_LENGTH") or ""
    return int(said) if said.isascii() and said.isdigit() else 0
