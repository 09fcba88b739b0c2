"""`manage.py receive_callbacks`, as the quickstart uses it: what it trusts and what not."""

import io
import json
import time
from collections.abc import Iterator

import pytest
import requests
from django.db import connections
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from flows.management.commands.receive_callbacks import Command, Receiver
from flows.models import CallbackProfile, CallbackTry, Flow, KeyKind, Role
from tests import cast
from tests.running import running_engine, running_server

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 20


class ForgetfulReceiver(Receiver):
    """Closes the connection that its thread opened, so that the test database can be flushed."""

    def secrets(self) -> list[str]:
        try:
            return super().secrets()
        finally:
            connections.close_all()


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def receiver(printed: io.StringIO) -> Iterator[Receiver]:
    server = ForgetfulReceiver(0, Command(stdout=printed, no_color=True))
    with running_server(server):
        yield server


@pytest.fixture
def profile(receiver: Receiver, settings: Settings) -> CallbackProfile:
    settings.CALLBACK_ALLOW_PRIVATE = True
    account = cast.make_account()
    return cast.make_callback_profile(account, url=f"http://127.0.0.1:{receiver.server_port}/")


@pytest.fixture
def flow(profile: CallbackProfile) -> Flow:
    admin = cast.make_person(profile.account, Role.ADMIN)
    return cast.make_published_flow(profile.account, by=admin, callback_profile=profile.public_id)


def test_the_result_of_a_call_arrives_genuine(
    live_server: LiveServer, flow: Flow, printed: io.StringIO
) -> None:
    _key, secret = cast.make_key(flow.account, KeyKind.TEST)
    body = cast.make_invocation_body(flow)
    body["input"]["send1"]["recipient"] = "919876540005"  # silence on WhatsApp
    with running_engine():
        answer = requests.post(
            f"{live_server.url}/v1/{flow.account.sid}/workflow/v1/instances/{flow.workflow_id}/invoke",
            json=body,
            headers={"api-key": secret, "x-test-speed": "60"},
            timeout=10,
        )
        assert answer.status_code == 202
        wait_for(printed, "executionStatus")
    told = printed.getvalue()
    assert ": genuine" in told
    result = json.loads(told[told.index("{") :])
    assert result["workflowInvocationId"] == answer.json()["workflowInvocationId"]
    assert result["outcome"] == "delivered"
    assert result["result"]["channel1"]["statusCode"] == "TIMEOUT"
    assert result["result"]["channel2"]["statusCode"] == "DELIVERED"
    assert CallbackTry.objects.get().status_code == 204


def wait_for(printed: io.StringIO, text: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while text not in printed.getvalue():
        assert time.monotonic() < deadline, f"waited in vain for {text!r}: {printed.getvalue()}"
        time.sleep(0.02)


def test_a_forged_callback_is_refused(
    receiver: Receiver, profile: CallbackProfile, printed: io.StringIO
) -> None:
    forged = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": "v1,Zm9yZ2Vk",
    }
    answer = requests.post(profile.url, json={"outcome": "delivered"}, headers=forged, timeout=5)
    assert answer.status_code == 401
    assert "NOT GENUINE" in printed.getvalue()
