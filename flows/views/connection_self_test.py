"""The self-test of a connection: a POST makes one call of our own address, a GET shows the rest."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from flows import access
from flows.counting import count
from flows.models import Connection, User, connections, own_door, self_tests
from flows.models.refusals import Refused
from flows.models.usage import flows_using

from .deeds import asking

TESTS_A_MINUTE = 6
OFTEN = "The receipt path was tried often within the last minute. Wait a minute, then try again."


@asking
@never_cache
def self_test(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    """htmx gets the panel alone, and asks again until the test is over."""
    seat, connection = access.connection(request, sid, connection_id)
    if request.method == "POST":
        _try(request, connection, by=seat.user)
    elif request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        context = {"connection": connection, **panel(connection)}
        return render(request, "connections/_self_test.html", context)
    return redirect(reverse("connection-detail", args=[sid, connection_id]) + "#self-test")


def _try(request: HttpRequest, connection: Connection, *, by: User) -> None:
    try:
        if count(f"self-test:{connection.account_id}") > TESTS_A_MINUTE:
            raise self_tests.SelfTestRefused(OFTEN)
        started = self_tests.begin(connection, by=by)
        self_tests.note_answer(connection, started, own_door.call(started.hook))
    except Refused as refused:
        messages.error(request, refused.sentence)


def panel(connection: Connection) -> dict[str, Any]:
    """What connections/_self_test.html shows besides the connection; `self_test` is None where
    nobody reports receipts."""
    connector = connections.known_connector(connection)
    if connector is None or not connector.has_hooks:
        return {"self_test": None}
    now = timezone.now()
    return {
        "self_test": {
            "steps": self_tests.steps_of(connection, now=now),
            "fault": self_tests.fault_of(connection, now=now),
            "is_under_way": self_tests.is_under_way(connection, now=now),
            "carrier": connector.company or connector.label,
            "live_flow": _live_flow(connection),
        }
    }


def _live_flow(connection: Connection) -> UUID | None:
    """A published flow that sends with it, to try the rest of the way with."""
    used = flows_using(connection.account)
    uses = (
        use for s in connections.senders_at(connection) for use in used.get(str(s.public_id), [])
    )
    return next((use.flow_id for use in uses if use.is_live), None)
