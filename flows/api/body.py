"""Read a request's body up to a limit, however its length is announced; does not parse it."""

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from django.http.request import RawPostDataException

TOO_LARGE = "The body is larger than 64 KiB."
_UNREADABLE = "The body could not be read to its end."


class BodyError(Exception):
    """A body that cannot be taken; the text is one sentence."""


def read_body(request: HttpRequest) -> bytes:
    """The whole body; BodyError when it is larger than API_BODY_MAX_BYTES, before it is read."""
    limit = settings.API_BODY_MAX_BYTES
    try:
        body = _read_chunked(request, limit) if _is_chunked(request) else _read(request, limit)
    except (UnreadablePostError, RawPostDataException, OSError) as error:
        raise BodyError(_UNREADABLE) from error
    if len(body) > limit:
        raise BodyError(TOO_LARGE)
    return body


def media_type(request: HttpRequest) -> str:
    return str(request.META.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def _read(request: HttpRequest, limit: int) -> bytes:
    announced = str(request.META.get("CONTENT_LENGTH") or "0")
    if announced.isdecimal() and int(announced[:12]) > limit:
        raise BodyError(TOO_LARGE)
    return request.body


def _is_chunked(request: HttpRequest) -> bool:
    """No length announced, and a server that ends the stream by itself.

    Django takes such a body for empty; without that promise of the server a read could wait
    for ever.
    """
    meta = request.META
    return not meta.get("CONTENT_LENGTH") and meta.get("wsgi.input_terminated") is True


def _read_chunked(request: HttpRequest, limit: int) -> bytes:
    stream = request.META["wsgi.input"]
    taken = bytearray()
    while len(taken) <= limit and (piece := stream.read(limit + 1 - len(taken))):
        taken += piece
    return bytes(taken)
