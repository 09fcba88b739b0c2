"""What was posted to a callback profile: test events, the log, posting again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.engine import callbacks
from flows.models import (
    Account,
    AuditEntry,
    CallbackDelivery,
    CallbackProfile,
    CallbackTry,
    DeliveryState,
    Flow,
    User,
)
from tests import cast
from tests.engine.endpoint import Endpoint, endpoint


@pytest.fixture
def door(settings: LazySettings) -> Iterator[Endpoint]:
    settings.CALLBACK_ALLOW_PRIVATE = True
    with endpoint() as played:
        yield played


@pytest.fixture
def profile(account: Account) -> CallbackProfile:
    return cast.make_callback_profile(account)


@pytest.fixture
def posting_profile(account: Account, door: Endpoint) -> CallbackProfile:
    return cast.make_callback_profile(account, url=door.url)


def page(name: str, profile: CallbackProfile, *more: Any) -> str:
    return reverse(name, args=[profile.account.sid, profile.public_id, *more])


def owe(profile: CallbackProfile, flow: Flow | None, **fields: Any) -> CallbackDelivery:
    """A delivery of a result, or (without a flow) of a test event."""
    defaults = {"state": DeliveryState.FAILED, "payload": {"a": 1}, "created_at": timezone.now()}
    execution = cast.make_execution(flow) if flow else None
    return CallbackDelivery.objects.create(
        profile=profile, execution=execution, **{**defaults, **fields}
    )


def try_out(client: Client, profile: CallbackProfile) -> CallbackDelivery:
    answer = client.post(page("callback-profile-test", profile))
    delivery = CallbackDelivery.objects.latest("id")
    assert answer["Location"] == page("callback-detail", profile, delivery.public_id)
    return delivery


def text(answer: Any) -> str:
    return str(answer.content.decode())


# --- Test events ----------------------------------------------------------------------------------


def test_test_event_shows_what_was_sent_and_answered(
    as_admin: Client, admin: User, posting_profile: CallbackProfile, door: Endpoint
) -> None:
    posting_profile.headers = {"X-Api-Key": "key-secret-1"}
    posting_profile.save()
    delivery = try_out(as_admin, posting_profile)
    path = page("callback-detail", posting_profile, delivery.public_id)
    waiting = text(as_admin.get(path))
    assert "On its way" in waiting
    assert "data-poll" in waiting
    door.status, door.body = 401, b'{"error": "who are you? <b>key-secret-1</b>"}'
    callbacks.turn()
    shown = text(as_admin.get(path))
    assert "The endpoint wants to know who is calling" in shown
    assert "Check the basic authentication" in shown
    assert "webhook-signature: v1," in shown
    assert "who are you?" in shown
    assert "key-secret-1" not in shown
    assert "<b>" not in shown.split("who are you?")[1][:20]
    assert "data-poll" not in shown
    assert AuditEntry.objects.filter(action="callback.test", actor=admin).count() == 1


def test_open_page_learns_the_outcome(
    as_admin: Client, posting_profile: CallbackProfile, door: Endpoint
) -> None:
    delivery = try_out(as_admin, posting_profile)
    path = page("callback-detail", posting_profile, delivery.public_id) + "?seen=0"
    htmx = {"HX-Request": "true"}
    assert as_admin.get(path, headers=htmx).status_code == 204
    callbacks.turn()
    answer = as_admin.get(path, headers=htmx)
    assert "The endpoint took it" in text(answer)
    assert "data-poll" not in text(answer)


def test_page_stops_asking_when_no_engine_runs(as_admin: Client, profile: CallbackProfile) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    state = {"state": DeliveryState.PENDING, "wake_at": long_ago}
    delivery = owe(profile, None, **state)
    path = page("callback-detail", profile, delivery.public_id) + "?seen=0"
    shown = text(as_admin.get(path, headers={"HX-Request": "true"}))
    assert "whether the engine is running" in shown
    assert "data-poll" not in shown


def test_one_test_event_at_a_time(as_admin: Client, profile: CallbackProfile) -> None:
    as_admin.post(page("callback-profile-test", profile))
    again = as_admin.post(page("callback-profile-test", profile), follow=True)
    assert "A test event is being posted already." in text(again)
    assert CallbackDelivery.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (404, "Nothing is at this address"),
        (405, "does not take POST"),
        (415, "wants another content type"),
        (302, "Redirects are not followed"),
        (500, "The endpoint failed"),
        (418, "The endpoint refused it"),
    ],
)
def test_common_answers_are_put_into_words(
    as_admin: Client, posting_profile: CallbackProfile, door: Endpoint, status: int, sentence: str
) -> None:
    door.status = status
    delivery = try_out(as_admin, posting_profile)
    callbacks.turn()
    path = page("callback-detail", posting_profile, delivery.public_id)
    assert sentence in text(as_admin.get(path))


def test_private_address_and_silence_are_put_into_words(
    as_admin: Client, posting_profile: CallbackProfile, door: Endpoint, settings: LazySettings
) -> None:
    door.pause_s, settings.CALLBACK_TIMEOUT_S = 0.5, 0.05
    first = try_out(as_admin, posting_profile)
    callbacks.turn()
    settings.CALLBACK_ALLOW_PRIVATE = False
    second = try_out(as_admin, posting_profile)
    callbacks.turn()
    for delivery, sentence in ((first, "No answer came in time"), (second, "address is private")):
        path = page("callback-detail", posting_profile, delivery.public_id)
        assert sentence in text(as_admin.get(path))


# --- The log --------------------------------------------------------------------------------------


def test_empty_log_teaches(as_admin: Client, profile: CallbackProfile) -> None:
    assert "Nothing was posted yet" in text(as_admin.get(page("callback-log", profile)))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ("state=failed", 2),
        ("state=dropped", 1),
        ("kind=test", 1),
        ("kind=result", 3),
        ("period=24h", 3),
        ("period=24h&state=failed&kind=result", 1),
        ("state=nonsense&older=x", 4),
    ],
)
def test_log_is_filtered(
    as_admin: Client, profile: CallbackProfile, published_flow: Flow, query: str, count: int
) -> None:
    owe(profile, None)
    owe(profile, published_flow)
    owe(profile, published_flow, state=DeliveryState.DROPPED)
    old = timezone.now() - timedelta(days=3)
    owe(profile, published_flow, state=DeliveryState.DELIVERED, created_at=old)
    owe(cast.make_callback_profile(profile.account, title="Other"), published_flow)
    answer = as_admin.get(f"{page('callback-log', profile)}?{query}")
    assert len(answer.context["page"].rows) == count
    fragment = as_admin.get(
        f"{page('callback-log', profile)}?{query}", headers={"HX-Request": "true"}
    )
    assert "<html" not in text(fragment)


def test_log_is_paged_and_costs_the_same_for_many(
    as_admin: Client,
    profile: CallbackProfile,
    published_flow: Flow,
    django_assert_max_num_queries: Any,
) -> None:
    execution = cast.make_execution(published_flow)
    rows = [
        CallbackDelivery(
            profile=profile, execution=execution, payload={}, created_at=timezone.now()
        )
        for _ in range(60)
    ]
    for delivery in CallbackDelivery.objects.bulk_create(rows):
        CallbackTry.objects.create(delivery=delivery, number=1, at=timezone.now(), status_code=500)
    with django_assert_max_num_queries(12):
        first = as_admin.get(page("callback-log", profile)).context["page"]
    older = as_admin.get(f"{page('callback-log', profile)}?older={first.older}").context["page"]
    assert (len(first.rows), len(older.rows)) == (50, 10)


def test_delivery_of_another_profile_is_not_there(
    as_admin: Client, profile: CallbackProfile, published_flow: Flow
) -> None:
    other = cast.make_callback_profile(profile.account, title="Other")
    delivery = owe(other, published_flow)
    path = page("callback-detail", profile, delivery.public_id)
    assert as_admin.get(path).status_code == 404


# --- Posting again --------------------------------------------------------------------------------


def resend(client: Client, delivery: CallbackDelivery, **given: str) -> Any:
    sid = delivery.profile.account.sid
    return client.post(reverse("callback-resend", args=[sid, delivery.public_id]), given)


def test_result_is_resent_from_either_page(
    as_admin: Client, admin: User, profile: CallbackProfile, published_flow: Flow
) -> None:
    delivery = owe(profile, published_flow)
    assert delivery.execution is not None
    back = resend(as_admin, delivery)
    assert delivery.execution.public_id in back["Location"]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.is_resend_due) == ("pending", True)
    back = resend(as_admin, delivery, back="log")
    assert back["Location"] == page("callback-detail", profile, delivery.public_id)
    entry = AuditEntry.objects.filter(action="callback.resend").latest("id")
    assert (entry.actor, entry.object_label) == (admin, delivery.execution.public_id)


def test_test_event_is_resent_even_while_the_profile_is_off(
    as_admin: Client, profile: CallbackProfile, published_flow: Flow
) -> None:
    CallbackProfile.objects.update(enabled=False)
    test, result = owe(profile, None), owe(profile, published_flow)
    resend(as_admin, test, back="log")
    resend(as_admin, result, back="log")
    test.refresh_from_db()
    result.refresh_from_db()
    assert (test.state, result.state) == ("pending", "failed")


def test_delivery_of_a_deleted_profile_is_not_resent(
    as_admin: Client, profile: CallbackProfile
) -> None:
    delivery = owe(profile, None)
    CallbackProfile.objects.update(deleted_at=timezone.now())
    assert resend(as_admin, delivery).status_code == 302
    delivery.refresh_from_db()
    assert delivery.state == "failed"


def test_lost_results_are_counted_then_posted_again(
    as_admin: Client, admin: User, profile: CallbackProfile, published_flow: Flow
) -> None:
    lost = [owe(profile, published_flow), owe(profile, published_flow, state="dropped")]
    old = owe(profile, published_flow, created_at=timezone.now() - timedelta(days=2))
    test, fine = owe(profile, None), owe(profile, published_flow, state="delivered")
    path = page("callback-resend-lost", profile)
    assert "Post 2 results again" in text(as_admin.get(path))
    assert "Post 3 results again" in text(as_admin.get(f"{path}?period=7d"))
    answer = as_admin.post(path, {"period": "24h"}, follow=True)
    assert "2 results are posted again now." in text(answer)
    states = {row.pk: row.state for row in CallbackDelivery.objects.all()}
    assert {states[row.pk] for row in lost} == {"pending"}
    assert [states[row.pk] for row in (old, test, fine)] == ["failed", "failed", "delivered"]
    entry = AuditEntry.objects.get(action="callback.resend_failed")
    assert (entry.actor, entry.after["count"]) == (admin, 2)
    again = as_admin.post(path, {"period": "24h"}, follow=True)
    assert "0 results are posted again now." in text(again)


def test_lost_results_are_not_posted_while_the_profile_is_off(
    as_admin: Client, profile: CallbackProfile, published_flow: Flow
) -> None:
    CallbackProfile.objects.update(enabled=False)
    owe(profile, published_flow)
    answer = as_admin.post(page("callback-resend-lost", profile), follow=True)
    assert "Enable the callback profile first" in text(answer)
    assert CallbackDelivery.objects.get().state == "failed"
