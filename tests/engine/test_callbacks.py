"""The result callback: stored with the end, signed, retried on schedule, resent by hand."""

import base64
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook, WebhookVerificationError

from flows.engine import callbacks, chores, posting, result, wake
from flows.models import (
    Account,
    AuditEntry,
    CallbackDelivery,
    CallbackProfile,
    CallbackTry,
    Execution,
    OutgoingMail,
    User,
    callback_deliveries,
    callback_profiles,
)
from flows.models.callback import new_signing_secret
from flows.openapi import document
from tests import cast
from tests.engine import drive
from tests.engine.drive import START
from tests.engine.endpoint import Endpoint, endpoint

HOUR = 3600


@pytest.fixture
def door(settings: LazySettings) -> Iterator[Endpoint]:
    settings.CALLBACK_ALLOW_PRIVATE = True
    with endpoint() as played:
        yield played


@pytest.fixture
def profile(account: Account, door: Endpoint) -> CallbackProfile:
    return cast.make_callback_profile(account, url=door.url)


def end_one(profile: CallbackProfile, *tails: str) -> tuple[Execution, CallbackDelivery]:
    """An execution that has ended, and the delivery it owes."""
    admin = User.objects.filter(email="asha@acme.example").first() or cast.make_person(
        profile.account, cast.Role.ADMIN, name="Asha"
    )
    flow = cast.make_published_flow(
        profile.account,
        by=admin,
        title=f"Flow {drive.next_number()}",
        callback_profile=profile.public_id,
    )
    execution = drive.run_flow(flow, *(tails or ("0001", "0001")))
    return execution, CallbackDelivery.objects.get(execution=execution)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


# --- What is posted -------------------------------------------------------------------------------


def test_result_is_posted_and_its_signature_verifies(
    profile: CallbackProfile, door: Endpoint
) -> None:
    execution, delivery = end_one(profile)
    assert callbacks.turn() == 1
    ((headers, body),) = door.got
    sent = {name.lower(): value for name, value in headers.items()}
    assert Webhook(profile.secret).verify(body, sent) == delivery.payload
    assert json.loads(body)["workflowInvocationId"] == execution.public_id
    assert sent["webhook-id"] == str(delivery.public_id)
    with pytest.raises(WebhookVerificationError):
        Webhook(profile.secret).verify(body.replace(b"COMPLETED", b"completed"), sent)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.wake_at, delivery.tries_made) == ("delivered", None, 1)
    assert callbacks.turn() == 0


def test_payload_says_what_became_of_every_step_that_ran(profile: CallbackProfile) -> None:
    execution, delivery = end_one(profile, "0004", "0005")
    first, second = drive.attempts(execution)
    channel = {"timeout": "PT60S", "createdAt": "2026-03-01T12:00:00.000000000Z"}
    assert delivery.payload == {
        "workflowInvocationId": execution.public_id,
        "requestId": execution.request_id,
        "executionStatus": "COMPLETED",
        "timestamp": "2026-03-01T12:01:01.000000000Z",
        "outcome": "not_delivered",
        "result": {
            "channel1": {
                **channel,
                "from": "918047182200",
                "to": "919876540004",
                "messageId": first.message_id,
                "clientMessageId": str(first.client_message_id),
                "channel": "whatsapp",
                "statusCode": "FAILED",
                "error": {
                    "code": "sandbox-failed",
                    "class": "unknown",
                    "reason": first.reason,
                },
            },
            "channel2": {
                **channel,
                "createdAt": "2026-03-01T12:00:01.000000000Z",
                "from": "ACMERT",
                "to": "919876540005",
                "messageId": second.message_id,
                "clientMessageId": str(second.client_message_id),
                "channel": "sms",
                "statusCode": "TIMEOUT",
            },
        },
    }


def test_steps_that_never_ran_are_left_out(profile: CallbackProfile) -> None:
    _, delivery = end_one(profile)
    assert list(delivery.payload["result"]) == ["channel1"]


def test_cancelled_execution_calls_back_too(profile: CallbackProfile, admin: User) -> None:
    flow = cast.make_published_flow(
        profile.account, by=admin, title="To cancel", callback_profile=profile.public_id
    )
    execution = drive.accept(flow, "0005", "0005")
    wake.cancel(execution, by="Asha", now=START)
    drive.play(execution)
    payload = CallbackDelivery.objects.get(execution=execution).payload
    assert (payload["outcome"], payload["result"]) == ("cancelled", {})


def test_extra_headers_and_basic_auth_are_sent_but_cannot_replace_the_signature(
    profile: CallbackProfile, door: Endpoint
) -> None:
    profile.headers = {"X-Team": "orders", "Webhook-Signature": "mine"}
    profile.basic_auth = "user:pässword"
    profile.save()
    end_one(profile)
    callbacks.turn()
    ((headers, body),) = door.got
    sent = {name.lower(): value for name, value in headers.items()}
    assert sent["x-team"] == "orders"
    assert (
        base64.b64decode(sent["authorization"].removeprefix("Basic ")) == "user:pässword".encode()
    )
    Webhook(profile.secret).verify(body, sent)


@pytest.mark.parametrize(
    ("template", "body"),
    [
        ("", '{"a":"é\\"<b>"}'),
        ('{"workflowevent": "<workflowevent>"}', '{"workflowevent":{"a":"é\\"<b>"}}'),
        ('{"x": ["<workflowevent>", 1]}', '{"x":[{"a":"é\\"<b>"},1]}'),
        ('{"text": "got <workflowevent>"}', '{"text":"got {\\"a\\":\\"é\\\\\\"<b>\\"}"}'),
        ("event=<workflowevent>", 'event={"a":"é\\"<b>"}'),
    ],
)
def test_body_template_is_filled(template: str, body: str) -> None:
    assert posting.body_of({"a": 'é"<b>'}, template).decode() == body


# --- Tries ----------------------------------------------------------------------------------------


def play_tries(delivery: CallbackDelivery, limit: int = 20) -> list[CallbackTry]:
    """Every try of the delivery, each made when it is due."""
    delivery.refresh_from_db()
    while delivery.wake_at and delivery.tries_made < limit:
        callbacks.turn(delivery.wake_at)
        delivery.refresh_from_db()
    return list(delivery.tries.all())


def test_failing_endpoint_is_tried_on_schedule_and_then_given_up(
    profile: CallbackProfile, door: Endpoint
) -> None:
    _, delivery = end_one(profile)
    door.status = 500
    tries = play_tries(delivery)
    pauses = [
        (later.at - earlier.at).total_seconds() for earlier, later in itertools.pairwise(tries)
    ]
    for pause, scheduled in zip(pauses, [5, 300, 1800, 7200, 18000, 36000, 36000], strict=True):
        assert scheduled <= pause <= scheduled * 1.1
    assert [one.number for one in tries] == list(range(1, 9))
    assert [one.next_retry_at for one in tries] == [*(one.at for one in tries[1:]), None]
    assert {(one.status_code, one.error) for one in tries} == {(500, "answered 500")}
    assert (delivery.state, len(door.got)) == ("failed", 8)
    assert len({headers["webhook-id"] for headers, _ in door.got}) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_anything_but_2xx_is_a_failure_and_redirects_are_not_followed(
    profile: CallbackProfile, door: Endpoint, status: int
) -> None:
    _, delivery = end_one(profile)
    door.status, door.headers = status, {"Location": door.url}
    callbacks.turn()
    delivery.refresh_from_db()
    assert (delivery.state, len(door.got)) == ("pending", 1)


def test_slow_endpoint_fails_at_the_time_limit(
    profile: CallbackProfile, door: Endpoint, settings: LazySettings
) -> None:
    _, delivery = end_one(profile)
    door.pause_s, settings.CALLBACK_TIMEOUT_S = 3, 0.1
    callbacks.turn()
    (made,) = delivery.tries.all()
    assert (made.status_code, made.error) == (None, "no answer within 0.1 s")
    assert 100 <= (made.duration_ms or 0) < 3000


def test_endpoint_that_is_down_fails(profile: CallbackProfile) -> None:
    CallbackProfile.objects.update(url="http://127.0.0.1:9/nobody")
    _, delivery = end_one(profile)
    callbacks.turn()
    (made,) = delivery.tries.all()
    assert (made.status_code, made.error) == (None, "the connection was refused")


def test_unusable_header_fails_only_its_own_delivery(
    profile: CallbackProfile, door: Endpoint
) -> None:
    broken = cast.make_callback_profile(
        profile.account, url=door.url, headers={"X-Bad": "a\r\nInjected: b"}
    )
    _, delivery = end_one(broken)
    _, fine = end_one(profile)
    callbacks.turn()
    fine.refresh_from_db()
    (made,) = delivery.tries.all()
    assert (fine.state, made.error) == ("delivered", "could not be posted (ValueError)")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://0.0.0.0:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
        "http://224.0.0.1/",
        "http://[64:ff9b::7f00:1]/",
    ],
)
def test_private_addresses_are_refused_when_connecting(
    profile: CallbackProfile, door: Endpoint, settings: LazySettings, url: str
) -> None:
    settings.CALLBACK_ALLOW_PRIVATE = False
    port = door.url.split(":")[2].split("/")[0]
    CallbackProfile.objects.update(url=url.format(port=port))
    _, delivery = end_one(profile)
    callbacks.turn()
    (made,) = delivery.tries.all()
    assert made.status_code is None
    assert made.error in (
        "the address is not on the public internet",
        "the host name cannot be found",  # tests know no odd spellings of loopback
        "the URL is not valid",
    )
    assert door.got == []


# --- Profiles -------------------------------------------------------------------------------------


def test_410_disables_the_profile_and_drops_what_else_is_due(
    profile: CallbackProfile, door: Endpoint
) -> None:
    _, gone = end_one(profile)
    door.status = 410
    callbacks.turn()
    gone.refresh_from_db()
    profile.refresh_from_db()
    assert (gone.state, profile.enabled) == ("failed", False)
    assert profile.disabled_reason == "The endpoint answered 410 Gone."
    entry = AuditEntry.objects.get(action="callbackprofile.disable")
    assert (entry.object_id, entry.actor) == (profile.public_id, None)
    _, owed = end_one(profile)
    assert (owed.state, owed.wake_at) == ("dropped", None)


def test_admins_are_told_when_a_profile_is_disabled(
    profile: CallbackProfile, door: Endpoint
) -> None:
    end_one(profile)
    cast.make_person(profile.account, cast.Role.MARKETER, name="Mira")
    door.status = 410
    callbacks.turn()
    (mail,) = OutgoingMail.objects.all()
    assert mail.to == "asha@acme.example"
    assert mail.subject == "Results are no longer posted to “Order system”"
    assert "The endpoint answered 410 Gone." in mail.text
    assert f"/callback-profiles/{profile.public_id}/" in mail.text


def test_delivery_whose_profile_was_disabled_meanwhile_is_dropped(
    profile: CallbackProfile, door: Endpoint
) -> None:
    _, delivery = end_one(profile)
    CallbackProfile.objects.update(enabled=False)
    callbacks.turn()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.wake_at, door.got) == ("dropped", None, [])


def test_profile_that_fails_for_five_days_is_disabled(
    profile: CallbackProfile, door: Endpoint
) -> None:
    door.status = 503
    for days, enabled in ((0, True), (4.9, True), (5.0, False)):
        _, delivery = end_one(profile)
        CallbackDelivery.objects.exclude(pk=delivery.pk).update(wake_at=None)
        callbacks.turn(at(days * 24 * HOUR + 100))
        profile.refresh_from_db()
        assert profile.enabled is enabled
    assert profile.failing_since == at(100)
    assert profile.disabled_reason == "Every try of the last five days failed."


def test_one_success_ends_a_profile_s_failing(profile: CallbackProfile, door: Endpoint) -> None:
    CallbackProfile.objects.update(failing_since=START)
    end_one(profile)
    callbacks.turn()
    profile.refresh_from_db()
    assert profile.failing_since is None


def test_flow_without_a_profile_or_with_a_deleted_one_owes_nothing(
    profile: CallbackProfile, account: Account, admin: User
) -> None:
    plain = cast.make_published_flow(account, by=admin, title="No callback")
    named = cast.make_published_flow(
        account, by=admin, title="Callback", callback_profile=profile.public_id
    )
    CallbackProfile.objects.update(deleted_at=START)
    for flow in (plain, named):
        assert drive.run_flow(flow, "0001", "0001").outcome == "delivered"
    assert not CallbackDelivery.objects.exists()


# --- Two secrets --------------------------------------------------------------------------------


def rotate(profile: CallbackProfile, now: datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    """The old secret, after a rotation at that moment."""
    old = profile.secret
    admin = User.objects.get(email="asha@acme.example")
    monkeypatch.setattr(timezone, "now", lambda: now)
    callback_profiles.rotate(profile, by=admin, mark=profile.mark)
    return old


def verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As the reference library sees it at the moment of signing."""
    sent = {name.lower(): value for name, value in headers.items()}
    signed_at = datetime.fromtimestamp(int(sent["webhook-timestamp"]), UTC)
    good = Webhook(secret).sign(sent["webhook-id"], signed_at, body.decode())
    return good in sent["webhook-signature"].split(" ")


@pytest.mark.parametrize(
    ("hours", "old_is_good"), [(0, True), (23.9, True), (24, False), (400, False)]
)
def test_for_a_day_after_a_rotation_both_secrets_verify(
    profile: CallbackProfile,
    door: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    hours: float,
    old_is_good: bool,
) -> None:
    end_one(profile)
    old = rotate(profile, at(0), monkeypatch)
    callbacks.turn(at(hours * HOUR + 2))
    ((headers, body),) = door.got
    assert verifies(profile.secret, dict(headers), body)
    assert verifies(old, dict(headers), body) is old_is_good
    signatures = headers["webhook-signature"].split(" ")
    assert len(signatures) == 1 + old_is_good
    assert verifies(profile.secret, {**headers, "webhook-signature": signatures[0]}, body)


def test_reference_library_accepts_both_secrets_now(
    profile: CallbackProfile, door: Endpoint
) -> None:
    """The whole check, its tolerance of time included."""
    end_one(profile)
    old = profile.secret
    admin = User.objects.get(email="asha@acme.example")
    callback_profiles.rotate(profile, by=admin, mark=profile.mark)
    callbacks.turn()
    ((headers, body),) = door.got
    sent = {name.lower(): value for name, value in headers.items()}
    for secret in (old, profile.secret):
        assert Webhook(secret).verify(body, sent) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_signing_secret()).verify(body, sent)


@given(st.text(max_size=40), st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=2))
def test_every_body_verifies_with_every_secret(text: str, keys: list[bytes]) -> None:
    body = posting.body_of({"text": text.encode(errors="replace").decode()})
    now = datetime.now(UTC)
    secrets = ["whsec_" + base64.b64encode(key).decode() for key in keys]
    headers = posting.headers_of(message_id="m", secrets=secrets, body=body, at=now, extra={})
    for secret in secrets:
        assert Webhook(secret).verify(body, headers) == json.loads(body)


def test_old_secret_is_erased_when_its_day_is_over(profile: CallbackProfile) -> None:
    admin = cast.make_person(profile.account, cast.Role.ADMIN, name="Asha")
    callback_profiles.rotate(profile, by=admin, mark=profile.mark)
    until = profile.old_secret_until
    assert until is not None
    assert chores.turn(until - timedelta(seconds=1)) == 0
    assert chores.turn(until) == 1
    profile.refresh_from_db()
    assert (profile.old_secret_encrypted, profile.old_secret_until) == ("", None)


# --- Test events ----------------------------------------------------------------------------------


def send_test(profile: CallbackProfile) -> CallbackDelivery:
    email = "asha@acme.example"
    admin = User.objects.filter(email=email).first() or cast.make_person(
        profile.account, cast.Role.ADMIN, name="Asha"
    )
    payload = result.test_event(datetime.now(UTC))
    return callback_deliveries.send_test(profile, payload, by=admin)


def test_test_event_is_posted_like_a_result_and_says_what_it_is(
    profile: CallbackProfile, door: Endpoint
) -> None:
    profile.headers, profile.basic_auth = {"X-Key": "key-1"}, "user:pw-1"
    profile.save()
    door.body = b"thanks for key-1 and dXNlcjpwdy0x\x00"
    delivery = send_test(profile)
    assert callbacks.turn() == 1
    ((headers, body),) = door.got
    sent = {name.lower(): value for name, value in headers.items()}
    assert Webhook(profile.secret).verify(body, sent)["test"] is True
    made = delivery.tries.get()
    assert made.status_code == 200
    assert made.exchange["body"] == body.decode()
    assert made.exchange["headers"]["webhook-signature"] == sent["webhook-signature"]
    assert made.exchange["answer"] == "thanks for (not shown) and (not shown)"
    for secret in ("key-1", "pw-1", "dXNlcjpwdy0x", profile.secret):
        assert secret not in json.dumps(made.exchange)


def test_test_event_has_the_documented_shape() -> None:
    event = result.test_event(START)
    described = document("https://fallback.example")
    Draft202012Validator({**described, "$ref": "#/components/schemas/Result"}).validate(event)
    assert event["test"] is True


@pytest.mark.parametrize("status", [200, 410, 500])
def test_test_event_is_tried_once_and_says_nothing_about_the_profile(
    profile: CallbackProfile, door: Endpoint, status: int
) -> None:
    CallbackProfile.objects.update(failing_since=START)
    door.status = status
    delivery = send_test(profile)
    callbacks.turn(datetime.now(UTC) + timedelta(days=30))
    delivery.refresh_from_db()
    profile.refresh_from_db()
    assert delivery.state == ("delivered" if status == 200 else "failed")
    assert (delivery.tries_made, delivery.wake_at) == (1, None)
    assert (profile.enabled, profile.failing_since) == (True, START)


def test_test_event_goes_out_while_the_profile_is_off(
    profile: CallbackProfile, door: Endpoint
) -> None:
    CallbackProfile.objects.update(enabled=False)
    delivery = send_test(profile)
    callbacks.turn()
    assert delivery.tries.get().status_code == 200
    assert callbacks.resend(delivery)
    CallbackProfile.objects.update(deleted_at=START)
    callbacks.turn()
    delivery.refresh_from_db()
    assert (delivery.state, len(door.got)) == ("dropped", 1)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("Bearer tok-123456", '{"got": "tok-123456"}'),
        ('a"quoted\\one', json.dumps({"got": 'a"quoted\\one'})),
        ("Basic " + base64.b64encode(b"user:pa55").decode(), "pa55"),
        ("Basic " + base64.b64encode(b"user:pa55").decode(), "you are user:pa55"),
    ],
)
def test_what_an_endpoint_read_out_of_a_header_is_hidden_too(value: str, answer: str) -> None:
    secret = value.partition(" ")[2]
    for part in (value, secret, "pa55", json.dumps(value)[1:-1]):
        kept = posting.exchange_of({"X": value}, b"{}", answer.encode(), extra={"X": value})
        assert not part or part not in kept["answer"]


def test_hiding_headers_of_one_letter_makes_no_mountain_of_their_answer() -> None:
    """Each would double the last one's work: fifteen of them filled the memory of the engine."""
    extra = {f"X-{index}": "n" for index in range(15)}
    kept = posting.exchange_of(extra, b"{}", b"n" * 64 * 1024, extra=extra)
    assert kept["answer"].startswith("(not shown)(not shown)")
    assert len(kept["answer"]) == posting.ANSWER_CHARACTERS


def test_result_keeps_no_exchange(profile: CallbackProfile) -> None:
    _, delivery = end_one(profile)
    callbacks.turn()
    assert delivery.tries.get().exchange is None


# --- Resend ---------------------------------------------------------------------------------------


def test_resend_posts_again_at_once_and_is_marked(profile: CallbackProfile, door: Endpoint) -> None:
    _, delivery = end_one(profile)
    door.status = 500
    play_tries(delivery)
    door.status = 200
    assert callbacks.resend(delivery, now=at(9e5))
    callbacks.turn(at(9e5))
    delivery.refresh_from_db()
    last = delivery.tries.last()
    assert last is not None
    assert (delivery.state, last.number, last.by_hand, last.status_code) == (
        "delivered", 9, True, 200,
    )  # fmt: skip


def test_failed_resend_of_a_delivery_that_was_given_up_starts_no_new_series(
    profile: CallbackProfile, door: Endpoint
) -> None:
    _, delivery = end_one(profile)
    door.status = 500
    play_tries(delivery)
    assert callbacks.resend(delivery, now=at(9e5))
    callbacks.turn(at(9e5))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries_made, delivery.wake_at) == ("failed", 9, None)


def test_resend_is_refused_while_it_is_being_posted_or_its_profile_is_off(
    profile: CallbackProfile,
) -> None:
    _, delivery = end_one(profile)
    callbacks.begin(limit=10, now=at(100))
    assert not callbacks.resend(delivery, now=at(101))
    assert callbacks.resend(delivery, now=at(100 + 61))
    CallbackProfile.objects.update(enabled=False)
    assert not callbacks.resend(delivery, now=at(300))


def test_delivery_of_a_dead_engine_is_posted_by_the_next(
    profile: CallbackProfile, door: Endpoint
) -> None:
    end_one(profile)
    callbacks.begin(limit=10, now=at(100))  # and then the engine dies
    assert callbacks.turn(at(160)) == 0
    assert callbacks.turn(at(161)) == 1
    assert len(door.got) == 1


def test_a_late_answer_of_a_stalled_engine_is_not_recorded(profile: CallbackProfile) -> None:
    _, delivery = end_one(profile)
    _, (letter,) = callbacks.begin(limit=10, now=at(100))
    callbacks.turn(at(161))
    callbacks.record([callbacks.Posted(letter, at(170), 500)], now=at(170))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries_made) == ("delivered", 1)


def test_log_lines_carry_neither_bodies_nor_secrets(
    profile: CallbackProfile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="flows")
    execution, _ = end_one(profile)
    callbacks.turn()
    written: list[Any] = [vars(record) for record in caplog.records]
    assert any(record.message == "callback.delivered" for record in caplog.records)
    for secret in (profile.secret, execution.recipient, "Priya"):
        assert secret not in str(written)
