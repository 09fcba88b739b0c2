"""Read a request's body up to a limit, however its length is announced; does not parse it."""

from django.http import HttpRequest, UnreadablePostError
from django.http.request import RawPostDataException

_UNREADABLE = "The body could not be read to its end."


class BodyError(Exception):
    """A body that cannot be taken; the text is one sentence."""


class BodyTooLarge(BodyError):
    """The body is larger than it may be."""


def read_body(request: HttpRequest, *, limit: int) -> bytes:
    """The whole body of at most `limit` bytes; raises BodyError, BodyTooLarge before it is read
    where its length is announced."""
    try:
        body = _read_chunked(request, limit) if _is_chunked(request) else _read(request, limit)
    except (UnreadablePostError, RawPostDataException, OSError) as error:
        raise BodyError(_UNREADABLE) from error
    if len(body) > limit:
        raise _too_large(limit)
    return body


def media_type(request: HttpRequest) -> str:
    return str(request.META.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def _read(request: HttpRequest, limit: int) -> bytes:
    given = str(request.META.get("CONTENT_LENGTH") or "0")
    announced = int(given[:12]) if given.isdecimal() else 0
    if announced > limit:
        raise _too_large(limit)
    body = request.read(announced)
    if len(body) < announced:
        raise BodyError(_UNREADABLE)
    return body


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit // 1024:,} KiB.")


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
