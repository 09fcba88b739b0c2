"""Verification codes are nobody's to read: not while a run is under way, not in what is kept."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from flows import models
from flows.engine import redact
from flows.models import Account, Flow, User
from flows.placeholders import CODE_KEY, Channel
from tests import cast

CODE = "481516"
SENDS = [{"recipient": "919876540005", "params": {CODE_KEY: CODE, "1": "Priya"}}] * 2


@pytest.fixture
def flow(account: Account, admin: User) -> Flow:
    """A login code by WhatsApp, then by SMS."""
    body = "{{1}} is your code."
    cast.make_template(account, Channel.WHATSAPP, name="code", kind="authentication", body=body)
    otp = "{#var#} is your code, {#var#}."
    cast.make_template(account, Channel.SMS, name="Code", kind="OTP", body=otp)
    templates = {t.channel: str(t.public_id) for t in account.templates.order_by("id")}
    steps = tuple(
        cast.make_step(account, channel, template=templates[channel]) for channel in Channel
    )
    return cast.make_published_flow(account, by=admin, title="Login code", steps=steps)


def test_a_code_under_way_is_shown_to_nobody(
    as_viewer: Client, as_admin: Client, flow: Flow
) -> None:
    execution = cast.make_execution(flow, sends=SENDS, state="waiting")
    log = {"to": "919876540005", "body": f"{CODE} is your code.", "values": [CODE, "Priya"]}
    at = execution.created_at
    models.Attempt.objects.create(
        execution=execution, step=0, channel="whatsapp", connector="sandbox", sender="918047182200",
        recipient="919876540005", state="waiting", created_at=at, accepted_at=at, deadline_at=at,
        request_log=log, answer_log={"echo": CODE},
    )  # fmt: skip
    for client in (as_viewer, as_admin):
        page = client.get(f"/a/{flow.account.sid}/executions/{execution.public_id}/")
        assert CODE not in page.content.decode()
        assert "••• is your code." in page.content.decode()


def test_values_of_a_run_under_way_come_without_its_code(as_tester: Client, flow: Flow) -> None:
    execution = cast.make_execution(flow, sends=SENDS, state="waiting")
    url = f"/a/{flow.account.sid}/flows/{flow.public_id}/test/?like={execution.public_id}"
    page = as_tester.get(url).content.decode()
    assert "Priya" in page
    assert CODE not in page


def test_a_test_send_keeps_its_values_but_not_its_code(
    as_tester: Client, flow: Flow, settings: Settings
) -> None:
    settings.TEST_SEND_BASE_URL = "http://127.0.0.1:1"
    url = f"/a/{flow.account.sid}/flows/{flow.public_id}/test/"
    typed = {
        "mode": "simulated",
        "speed": "60",
        "send1-number": "919812345678",
        "send1-outcome": "0001",
        "send1-param0": CODE,
        "send2-number": "919812345678",
        "send2-outcome": "0001",
        "send2-param0": CODE,
        "send2-param1": "Zoë",
    }
    answer = as_tester.post(url, typed)
    assert answer.status_code == 302, answer.content.decode()
    kept = models.TestSend.objects.values("form", "curl", "answer_body").get()
    assert CODE not in str(kept)
    assert "Zoë" in kept["curl"]
    assert as_tester.get(url).context["form"]["send2-param1"].value() == "Zoë"


def test_a_code_without_its_own_key_is_the_first_value(flow: Flow) -> None:
    assert flow.live_version
    contents = [step.content for step in flow.live_version.pinned.steps]
    plain = [{"params": {"2": "Priya", "1": CODE}}, {"params": {"02": "Priya", "01": CODE}}]
    assert redact.codes(plain, contents) == {CODE}
    assert redact.codes([{"params": {}}], contents) == set()


def test_a_carriers_own_shape_hides_no_value_behind_a_kept_name() -> None:
    """Carriers echo whole templates, with their parameters, under names that we keep as ids."""
    answer = {"template": {"name": "code", "parameters": [CODE]}, "to": [f"x {CODE}"], "from": CODE}
    redacted = redact.log(answer, params=[CODE])
    assert redacted["template"] == {"name": "code", "parameters": [redact.MARK]}
    assert redacted["to"] == [f"x {redact.MARK}"]
    assert redacted["from"] == CODE, "an id stays, even one that equals a value"
