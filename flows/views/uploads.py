"""Files in forms: no page takes one, so none is read, and none fills the disk."""

from typing import Any

from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import FileUploadHandler


class NoFiles(FileUploadHandler):
    """Django would write a file of any size to the disk before a view, or the sign-in, is asked."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise BadRequest("Files are not taken here.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached."""

    def file_complete(self, file_size: int) -> None:
        """Never reached."""
