"""The receipt doors: where carriers call us with what became of a message.

Every request is read up to its carrier's limit and verified; what it says is on disk before it is
answered. What it means is found out by the engine, later. A door knows no person and no session.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest
from django.utils.encoding import escape_uri_path
from django.views.decorators.csrf import csrf_exempt

from flows.client_ip import client_ip
from flows.connectors.base import Hook, ReceiptEvent, Unreadable
from flows.counting import count, rest_of_window_s
from flows.engine import receive
from flows.request_body import BodyError, BodyTooLarge, read_body
from flows.tries import too_many

from . import answers, tally, unread
from .answers import Answer
from .lookup import Place, find

METHODS = ("GET", "POST")
WRONG_A_MINUTE = 60  # of one address; more are told to wait
BUSY_RETRY_S = 5
# Receipts of one connection; more come again later. Several times what one engine sends, but no
# flood for which the executions of all other accounts would have to wait.
EVENTS_A_MINUTE = 100_000
LARGE = 256 * 1024  # bytes of a body; reading one takes long, and stops all that the process does
LARGE_AT_ONCE = 2

_large = threading.BoundedSemaphore(LARGE_AT_ONCE)

log = logging.getLogger(__name__)


@csrf_exempt
def door(request: HttpRequest, hook_code: str, rest: str = "") -> Answer:
    """One request of a carrier, or of somebody who would like to be one."""
    if request.method not in METHODS:
        return answers.wrong_method(METHODS)
    try:
        return _knock(request, hook_code, rest.strip("/"))
    except Error as fault:  # of the database: what was said is not on disk, so it must come again
        log.error("hook.not_stored", extra={"error": type(fault).__name__})
        return answers.later(503, seconds=BUSY_RETRY_S)
    except Exception as fault:  # noqa: BLE001 - Django would write down the path, key and all
        log.error("hook.failed", extra={"error": type(fault).__name__})
        return answers.plain(500)


def _knock(request: HttpRequest, hook_code: str, rest: str) -> Answer:
    place = find(hook_code, rest)
    if place is None or not place.is_open:
        return _turned_away(request, place, status=404)
    try:
        body = read_body(request, limit=place.connector.hook_max_bytes)
    except BodyTooLarge as fault:
        return answers.plain(413, f"{fault}\n")
    except BodyError as fault:
        return answers.plain(400, f"{fault}\n")
    return _enter(request, place, _hook(request, rest=rest, body=body))


def _hook(request: HttpRequest, *, rest: str, body: bytes) -> Hook:
    """The request as its carrier made it; its Host header is hearsay, our own address is not."""
    query = str(request.META.get("QUERY_STRING", ""))
    url = f"{settings.HOOKS_BASE_URL}{escape_uri_path(request.path_info)}"
    return Hook(
        method=str(request.method),
        url=f"{url}?{query}" if query else url,
        rest=rest,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )


def _enter(request: HttpRequest, place: Place, hook: Hook) -> Answer:
    """A request to a door that exists, read to its end."""
    connector, view = place.connector, place.view
    try:
        asked = connector.handshake(hook, connection=view)
        is_genuine = asked is not None or connector.verify(hook, connection=view)
    except Exception as fault:  # noqa: BLE001 - a connector's fault lets nobody in
        _log_fault(place, fault)
        asked, is_genuine = None, False
    if not is_genuine:
        return _turned_away(request, place, status=404 if connector.has_key_in_url else 403)
    if asked is not None:
        refused = asked.status >= 400
        words = answers.plain(asked.status, asked.text)
        return _turned_away(request, place, status=asked.status) if refused else words
    with _room_for(hook) as has_room:
        return _read(place, hook) if has_room else answers.later(503, seconds=BUSY_RETRY_S)


@contextmanager
def _room_for(hook: Hook) -> Iterator[bool]:
    """Whether it may be read now: of large ones only a few are at the same moment."""
    if len(hook.body) <= LARGE:
        yield True
        return
    has_room = _large.acquire(blocking=False)
    try:
        yield has_room
    finally:
        if has_room:
            _large.release()


def _read(place: Place, hook: Hook) -> Answer:
    """A genuine request: what it says is kept, also when nobody understands it."""
    try:
        return _take(place, list(place.connector.parse(hook, connection=place.view)))
    except (OperationalError, InterfaceError):
        raise
    except Unreadable as fault:
        unread.keep(hook, place, reason=str(fault))
    except Exception as fault:  # noqa: BLE001 - the carrier would only repeat what we cannot read
        _log_fault(place, fault)
        unread.keep(hook, place, reason=f"It could not be read ({type(fault).__name__}).")
    return answers.plain(200)


def _take(place: Place, events: Sequence[ReceiptEvent]) -> Answer:
    """200 means: on disk. What was there before changes nothing, and is counted."""
    connection = place.connection
    if events and count(f"hook-events:{connection.pk}", by=len(events)) > EVENTS_A_MINUTE:
        log.warning("hook.flood", extra={"connection_id": connection.pk, "events": len(events)})
        return answers.later(429, seconds=rest_of_window_s())
    new = receive.receive(events, connector=connection.connector, connection_id=connection.pk)
    if new == len(events):
        return answers.plain(200)
    told = {"connection_id": connection.pk, "events": len(events), "new": new}
    log.info("hook.repeated", extra=told)
    return answers.plain(200, then=lambda: tally.add(connection, "repeated_hooks"))


def _turned_away(request: HttpRequest, place: Place | None, *, status: int) -> Answer:
    """The count is written when the answer is gone: its time would tell whose address it was."""
    caller = client_ip(request)
    connection = place.connection if place and place.is_known else None
    count_it = (lambda: tally.add(connection, "forged_hooks")) if connection else None
    if too_many("hooks", address=caller, most=WRONG_A_MINUTE):
        return answers.later(429, seconds=rest_of_window_s(), then=count_it)
    told = {"connection_id": connection.pk if connection else None, "caller": caller}
    log.warning("hook.forged" if connection else "hook.unknown", extra=told)
    return answers.plain(status, then=count_it)


def _log_fault(place: Place, fault: Exception) -> None:
    told = {"connection_id": place.connection.pk, "error": type(fault).__name__}
    log.error("hook.connector_failed", extra=told)
