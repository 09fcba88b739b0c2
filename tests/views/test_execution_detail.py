"""The execution's page: timeline in words, live parts, masking, cancel, resend."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flows import models, timeline
from flows.models import Execution, Flow
from tests import cast

NUMBER = "919876540001"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def execution(published_flow: Flow) -> Execution:
    """WhatsApp timed out, SMS was delivered, then WhatsApp's receipt came too late."""
    start = datetime.fromisoformat("2026-11-20T10:00:00+00:00")
    execution = cast.make_execution(
        published_flow, recipient=NUMBER, created_at=start, outcome_step=1, outcome_channel="sms",
        reason="Delivered by SMS after WhatsApp gave no receipt.", delivered_twice=True,
        ended_at=start + timedelta(seconds=63),
    )  # fmt: skip
    whatsapp = make_attempt(
        execution, 0, state="timed_out", reason="No receipt within 60 s, moved on to SMS",
        settled_at=start + timedelta(seconds=61), deadline_at=start + timedelta(seconds=61),
    )  # fmt: skip
    sms = make_attempt(
        execution, 1, channel="sms", sender="ACMERT", state="succeeded",
        created_at=start + timedelta(seconds=61), accepted_at=start + timedelta(seconds=61),
    )  # fmt: skip
    make_receipt(sms, "delivered", at=start + timedelta(seconds=63))
    make_receipt(whatsapp, "delivered", at=start + timedelta(seconds=90), was_late=True)
    return execution


def make_attempt(execution: Execution, step: int, **fields: Any) -> models.Attempt:
    at = execution.created_at + timedelta(seconds=1)
    shared = {
        "channel": "whatsapp", "connector": "sandbox", "sender": "918047182200", "state": "waiting",
        "recipient": execution.recipient, "created_at": at, "accepted_at": at,
        "deadline_at": at + timedelta(seconds=60), "message_id": f"m{step}",
        "request_log": {"to": execution.recipient, "text": "Hi"}, "answer_log": {"id": f"m{step}"},
    }  # fmt: skip
    return models.Attempt.objects.create(execution=execution, step=step, **{**shared, **fields})


def make_receipt(attempt: models.Attempt, status: str, *, at: datetime, **more: Any) -> None:
    models.Receipt.objects.create(
        connector="sandbox", event_key=f"{attempt.pk}-{status}-{at}", attempt=attempt,
        status=status, received_at=at, folded_at=at, carrier_at=at - timedelta(seconds=1),
        raw={"recipient": attempt.recipient, "status": status}, **more,
    )  # fmt: skip


def url_of(execution: Execution, rest: str = "") -> str:
    return f"/a/{execution.account.sid}/executions/{execution.public_id}/{rest}"


def titles(page: Any) -> list[str]:
    return [line.entry.title for line in page.context["run"].lines]


def test_the_timeline_tells_the_run_in_order(as_viewer: Client, execution: Execution) -> None:
    page = as_viewer.get(url_of(execution))
    assert titles(page) == [
        "Invocation accepted",
        "WhatsApp message handed to the carrier",
        "WhatsApp carrier accepted the message",
        "WhatsApp gave no final receipt in time",
        "SMS message handed to the carrier",
        "SMS carrier accepted the message",
        "SMS delivered the message",
        "Ended: Delivered by SMS, step 2",
        "WhatsApp delivered the message",
    ]
    html = page.content.decode()
    for words in (
        "No receipt within 60 s, moved on to SMS",
        "Too late to change anything",
        "+61.0",
    ):
        assert words in html
    assert "Delivered twice" in html
    assert "hx-get" not in html[html.index('id="run-poller"') :], "an ended run is not polled"


def test_numbers_are_masked_below_admin_also_in_raw_values(
    as_viewer: Client, as_admin: Client, execution: Execution
) -> None:
    assert NUMBER not in as_viewer.get(url_of(execution)).content.decode()
    assert "9198•••••01" in as_viewer.get(url_of(execution)).content.decode()
    assert NUMBER in as_admin.get(url_of(execution)).content.decode()


def test_an_open_page_is_given_only_what_came_since(
    as_viewer: Client, published_flow: Flow
) -> None:
    running = cast.make_execution(
        published_flow, state="waiting", created_at=timezone.now() - timedelta(seconds=9)
    )
    attempt = make_attempt(running, 0)
    token = as_viewer.get(url_of(running)).context["run"].token
    poll = url_of(running, f"timeline/?token={token}")
    assert as_viewer.get(poll, headers=HTMX).status_code == 204

    make_receipt(attempt, "sent", at=timezone.now())
    answer = as_viewer.get(poll, headers=HTMX)
    html = answer.content.decode()
    assert html.partition('id="run-head"')[0].count("<li ") == 1
    assert "WhatsApp sent the message on" in html
    assert answer.context["run"].token in html
    assert 'hx-trigger="every 1s"' in html


def test_a_receipt_that_sorts_before_what_is_shown_redraws_the_list(
    as_viewer: Client, execution: Execution
) -> None:
    token = as_viewer.get(url_of(execution)).context["run"].token
    attempt = execution.attempts.get(step=0)
    make_receipt(attempt, "sent", at=execution.created_at + timedelta(seconds=30))
    html = as_viewer.get(url_of(execution, f"timeline/?token={token}"), headers=HTMX)
    assert '<ol id="run-lines" class="timeline" hx-swap-oob="true">' in html.content.decode()
    assert html.content.decode().count("<li ") == 10


@pytest.mark.parametrize("junk", ["", "x", "9.", "9.a.b.c", "-1.x", "²", "999999999999.x", "\x00"])
def test_a_strange_token_redraws_everything(
    as_viewer: Client, execution: Execution, junk: str
) -> None:
    answer = as_viewer.get(url_of(execution, "timeline/"), {"token": junk}, headers=HTMX)
    assert answer.status_code == 200
    assert answer.content.decode().count("<li ") == 9


def test_receipts_that_are_only_planned_are_not_shown(
    as_viewer: Client, execution: Execution
) -> None:
    soon = timezone.now() + timedelta(seconds=9)
    make_receipt(execution.attempts.get(step=1), "read", at=soon, due_at=soon)
    assert "SMS says it was read" not in titles(as_viewer.get(url_of(execution)))


def test_while_waiting_the_page_counts_down_and_names_what_follows(
    as_viewer: Client, published_flow: Flow
) -> None:
    running = cast.make_execution(
        published_flow, state="waiting", created_at=timezone.now() - timedelta(seconds=9)
    )
    make_attempt(running, 0)
    html = as_viewer.get(url_of(running)).content.decode()
    assert "Waiting for a receipt from WhatsApp; without one, SMS takes over" in html
    assert 'data-time="countdown"' in html
    assert "favicon-running.svg" in html


def test_an_execution_nobody_picks_up_says_so(as_viewer: Client, published_flow: Flow) -> None:
    stuck = cast.make_execution(published_flow, state="accepted")
    assert "Ask who runs this installation" in as_viewer.get(url_of(stuck)).content.decode()


def test_the_number_of_queries_does_not_grow(as_viewer: Client, execution: Execution) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            as_viewer.get(url_of(execution))
        return len(asked)

    few = queries()
    for second in range(20):
        make_receipt(
            execution.attempts.get(step=0), "sent",
            at=execution.created_at + timedelta(seconds=100 + second),
        )  # fmt: skip
    assert queries() == few <= 11


def test_only_an_admin_cancels_and_only_what_still_runs(
    as_admin: Client, as_marketer: Client, published_flow: Flow, execution: Execution
) -> None:
    running = cast.make_execution(published_flow, state="waiting")
    assert as_marketer.post(url_of(running, "cancel/")).status_code == 403
    assert "Cancel execution" not in as_marketer.get(url_of(running)).content.decode()
    assert (
        "No further channel is tried" in as_admin.get(url_of(running, "cancel/")).content.decode()
    )
    assert as_admin.post(url_of(running, "cancel/"))["Location"] == url_of(running)
    running.refresh_from_db()
    assert running.signal == "cancel"
    assert models.AuditEntry.objects.get(action="execution.cancel").object_id == running.public_id

    as_admin.post(url_of(execution, "cancel/"))
    execution.refresh_from_db()
    assert execution.signal == ""
    assert models.AuditEntry.objects.filter(action="execution.cancel").count() == 1


def test_callback_tries_are_listed_and_an_admin_sends_again(
    as_admin: Client, as_viewer: Client, execution: Execution
) -> None:
    profile = cast.make_callback_profile(execution.account)
    delivery = models.CallbackDelivery.objects.create(
        execution=execution, profile=profile, payload={}, state="failed", tries_made=1,
        created_at=timezone.now(),
    )  # fmt: skip
    models.CallbackTry.objects.create(
        delivery=delivery, number=1, at=timezone.now(), status_code=503, duration_ms=41
    )
    html = as_admin.get(url_of(execution)).content.decode()
    assert "503" in html
    assert "41 ms" in html
    resend = f"/a/{execution.account.sid}/callbacks/{delivery.public_id}/resend/"
    assert resend in html
    assert resend not in as_viewer.get(url_of(execution)).content.decode()
    assert as_viewer.post(resend).status_code == 403
    assert as_admin.post(resend)["Location"] == url_of(execution)
    delivery.refresh_from_db()
    assert delivery.state == "pending"
    assert delivery.wake_at is not None


def test_a_stranger_finds_nothing(as_stranger: Client, execution: Execution) -> None:
    for rest in ("", "timeline/", "cancel/"):
        assert as_stranger.get(url_of(execution, rest)).status_code == 404


def test_numbers_are_hidden_in_any_shape() -> None:
    raw = {"to": 919876540001, "list": [f"tel:+{NUMBER}"], "other": 5, "none": None}
    assert timeline.hide_numbers(raw, [NUMBER]) == {
        "to": "9198•••••01", "list": ["tel:+9198•••••01"], "other": 5, "none": None,
    }  # fmt: skip


@pytest.mark.parametrize("junk", ["%00", "%EF%BF%BD", "x" * 300, "'--", "%2e%2e"])
def test_a_strange_address_is_not_found(as_viewer: Client, execution: Execution, junk: str) -> None:
    sid = execution.account.sid
    assert as_viewer.get(f"/a/{sid}/executions/{junk}/").status_code == 404
    assert as_viewer.get(f"/a/{junk}/executions/").status_code == 404
