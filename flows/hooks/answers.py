"""What a receipt door answers: a status and a line of plain text that no cache keeps."""

import logging
from collections.abc import Callable, Sequence

from django.db import Error
from django.http import HttpResponse

log = logging.getLogger(__name__)

_WORDS = {
    200: "",
    403: "This was not signed as it must be.\n",
    404: "There is nothing here.\n",
    405: "Use another method.\n",
    429: "There were too many requests. Come again later.\n",
    500: "This could not be taken.\n",
    503: "This cannot be stored now. Send it again.\n",
}


class Answer(HttpResponse):
    """May do something once it has left."""

    then: Callable[[], object] | None = None

    def close(self) -> None:
        try:
            if self.then:
                self.then()
        except Error as fault:
            log.error("hook.not_counted", extra={"error": type(fault).__name__})
        finally:
            super().close()


def plain(
    status: int, text: str | None = None, *, then: Callable[[], object] | None = None
) -> Answer:
    words = _WORDS.get(status, "No.\n") if text is None else text
    answer = Answer(words, status=status, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Length"] = str(len(answer.content))
    answer.then = then
    # Django would write down the path of what fails, and a key may stand in it.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


def later(status: int, *, seconds: int, then: Callable[[], object] | None = None) -> Answer:
    answer = plain(status, then=then)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def wrong_method(methods: Sequence[str]) -> Answer:
    answer = plain(405)
    answer.headers["Allow"] = ", ".join(methods)
    return answer
