"""The test page: its form, its refusals, its memory, and real calls of the real API."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from flows import models
from flows.definition import Step
from flows.models import ApiKey, Flow, KeyKind
from flows.placeholders import Channel
from tests import cast

TYPED = {
    "mode": "simulated",
    "speed": "60",
    "send1-number": "919812345678",
    "send1-outcome": "0005",
    "send1-param0": "Priya",
    "send1-param1": "58213",
    "send1-param2": "Friday",
    "send2-number": "+91 98123 45678",
    "send2-outcome": "0001",
    "send2-param0": "Priya",
    "send2-param1": "58213",
}


@pytest.fixture
def url(published_flow: Flow) -> str:
    return f"/a/{published_flow.account.sid}/flows/{published_flow.public_id}/test/"


def last_test() -> models.TestSend:
    return models.TestSend.objects.latest("id")


# --- The form -------------------------------------------------------------------------------------


def test_there_is_one_field_a_variable_of_each_steps_template(as_tester: Client, url: str) -> None:
    form = as_tester.get(url).context["form"]
    assert [len(group.params) for group in form.groups] == [3, 2]
    assert form.groups[0].params[0].label == "{{1}}"


def test_fields_come_from_the_live_version_not_from_the_draft(
    as_tester: Client, published_flow: Flow, admin: models.User, url: str
) -> None:
    template = cast.make_template(
        published_flow.account, Channel.WHATSAPP, name="other", body="Hi {{name}}, {{code}}."
    )
    steps = (
        cast.make_step(published_flow.account, Channel.WHATSAPP, template=str(template.public_id)),
        cast.make_step(published_flow.account, Channel.SMS),
    )
    definition = cast.make_definition(published_flow.account, published_flow.title, steps=steps)
    models.lifecycle.save_draft(
        published_flow, definition, by=admin, revision=published_flow.revision
    )
    assert len(as_tester.get(url).context["form"].groups[0].params) == 3
    published_flow.refresh_from_db()
    models.lifecycle.publish(published_flow, by=admin)
    assert len(as_tester.get(url).context["form"].groups[0].params) == 2


def test_the_outcomes_are_offered_in_words_with_their_digits(as_tester: Client, url: str) -> None:
    page = as_tester.get(url).content.decode()
    assert page.count("(…00") == 2 * 11
    assert "Accepted, then silence (…0005)" in page


def test_test_recipients_are_offered_masked(
    as_tester: Client, published_flow: Flow, url: str
) -> None:
    person = published_flow.account.test_recipients.create(name="Ravi", number="919812340000")
    page = as_tester.get(url).content.decode()
    assert "Ravi (9198•••••00)" in page
    assert "919812340000" not in page
    answer = as_tester.post(url, {**TYPED, "mode": "real", "send1-to": str(person.public_id)})
    assert "Send for real?" in answer.content.decode()


def test_every_mistake_is_named_at_once_and_nothing_typed_is_lost(
    as_tester: Client, url: str
) -> None:
    wrong = {**TYPED, "send1-number": "call me", "send2-param0": "", "send2-outcome": "9999"}
    answer = as_tester.post(url, wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Use digits only" in page
    assert "Enter a value for {#var#}" in page
    assert "Choose one of the outcomes" in page
    assert 'value="call me"' in page
    assert not models.TestSend.objects.exists()
    assert not ApiKey.objects.exists()


def test_a_draft_cannot_be_tested(as_tester: Client, flow: Flow) -> None:
    url = f"/a/{flow.account.sid}/flows/{flow.public_id}/test/"
    for answer in (as_tester.get(url), as_tester.post(url, TYPED)):
        assert "This flow is a draft" in answer.content.decode()
    assert not models.TestSend.objects.exists()


def test_viewers_may_not_send_and_strangers_find_nothing(
    as_viewer: Client, as_stranger: Client, url: str
) -> None:
    assert as_viewer.get(url).status_code == 403
    assert as_viewer.post(url, TYPED).status_code == 403
    assert as_stranger.post(url, TYPED).status_code == 404


def test_real_is_asked_once_more_and_says_who_gets_it(as_tester: Client, url: str) -> None:
    page = as_tester.post(url, {**TYPED, "mode": "real"}).content.decode()
    assert "Send for real?" in page
    assert "919812345678" in page, "the whole number: this is the moment to see it"
    assert not models.TestSend.objects.exists()
    back = as_tester.post(url, {**TYPED, "mode": "real", "confirmed": "no"})
    assert 'value="58213"' in back.content.decode()
    assert not models.TestSend.objects.exists()


@hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.dictionaries(st.sampled_from(sorted(TYPED)), st.text(max_size=30), min_size=1))
def test_no_form_breaks_the_page(as_tester: Client, url: str, changes: dict[str, str]) -> None:
    data = {**TYPED, **changes, "mode": "real"}  # asks first: nothing is called
    assert as_tester.post(url, data).status_code in {200, 422}
    assert as_tester.get(url, {"again": next(iter(changes.values()))}).status_code == 200


# --- The call -------------------------------------------------------------------------------------


@pytest.fixture
def api(live_server: LiveServer, settings: Settings) -> Iterator[str]:
    settings.TEST_SEND_BASE_URL = live_server.url
    yield live_server.url


def test_a_simulated_test_is_a_real_call_with_a_key_for_this_call_only(
    as_tester: Client, tester: models.User, url: str, published_flow: Flow, api: str
) -> None:
    answer = as_tester.post(url, TYPED)
    test = last_test()
    assert answer["Location"] == f"{url}{test.public_id}/"
    assert (test.answer_status, test.error, test.sent_by) == (202, "", tester)
    execution = test.execution
    assert execution is not None
    assert (execution.is_test_send, execution.kind, execution.speed) == (True, "test", 60)
    recipients = [send["recipient"] for send in execution.sends]
    assert recipients == ["919812340005", "919812340001"]
    key = ApiKey.objects.get()
    assert (key.kind, key.is_for_test_send) == (KeyKind.TEST, True)
    assert key.revoked_at is not None

    page = as_tester.get(answer["Location"]).content.decode()
    for words in ("202", "$FALLBACK_API_KEY", "x-test-speed: 60", execution.public_id, "Timeline"):
        assert words in page
    assert key.secret_hash not in page


def test_a_confirmed_real_test_sends_with_a_live_key_at_real_pace(
    as_tester: Client, url: str, api: str
) -> None:
    as_tester.post(url, {**TYPED, "mode": "real", "confirmed": "yes"})
    test = last_test()
    assert test.execution is not None
    assert (test.execution.kind, test.execution.speed) == ("live", 1)
    assert [send["recipient"] for send in test.execution.sends] == ["919812345678"] * 2
    assert ApiKey.objects.get().revoked_at is not None
    assert "x-test-speed" not in test.curl


def test_the_real_button_pressed_twice_is_one_call(as_tester: Client, url: str, api: str) -> None:
    question = as_tester.post(url, {**TYPED, "mode": "real"})
    pressed = {**TYPED, "mode": "real", "confirmed": "yes", "once": question.context["once"]}
    first, second = as_tester.post(url, pressed), as_tester.post(url, pressed)
    assert first["Location"] == second["Location"]
    assert (models.TestSend.objects.count(), models.Execution.objects.count()) == (1, 1)


def test_a_call_without_an_answer_yet_says_so(
    as_tester: Client, url: str, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.views import test_send

    def look_meanwhile(call: Any, form: Any, seat: Any) -> Any:
        seen.append(as_tester.get(f"{url}{last_test().public_id}/").content.decode())
        return send_here(call, form, seat)

    seen: list[str] = []
    send_here = test_send._send_here
    monkeypatch.setattr(test_send, "_send_here", look_meanwhile)
    as_tester.post(url, TYPED)
    assert "The call has no answer yet." in seen[0]
    assert "No answer came" not in seen[0]


def test_a_rejected_call_is_shown_with_its_reasons(
    as_tester: Client, url: str, api: str, published_flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flow is unpublished between the form and the call."""
    from flows.views import test_call

    send = test_call.send

    def unpublish_first(call: Any, *, key: str) -> Any:
        Flow.objects.filter(pk=published_flow.pk).update(state="draft")
        answer = send(call, key=key)
        Flow.objects.filter(pk=published_flow.pk).update(state="published")
        return answer

    monkeypatch.setattr(test_call, "send", unpublish_first)
    page = as_tester.post(url, TYPED, follow=True).content.decode()
    assert last_test().answer_status == 400
    assert last_test().execution is None
    assert "is not published." in page
    assert "The call was rejected; nothing was sent" in page
    assert "Timeline" not in page


def test_no_connection_is_shown_and_the_key_is_revoked(
    as_tester: Client, url: str, settings: Settings
) -> None:
    settings.TEST_SEND_BASE_URL = "http://127.0.0.1:1"
    page = as_tester.post(url, TYPED, follow=True).content.decode()
    assert "No connection to 127.0.0.1:1" in page
    assert ApiKey.objects.get().revoked_at is not None


def test_last_values_come_back_and_any_test_can_be_run_again(
    as_tester: Client, url: str, settings: Settings
) -> None:
    settings.TEST_SEND_BASE_URL = "http://127.0.0.1:1"
    as_tester.post(url, TYPED)
    first = last_test()
    as_tester.post(url, {**TYPED, "send1-param0": "Zoë", "send1-outcome": "0011", "speed": "10"})
    form = as_tester.get(url).context["form"]
    assert form["send1-param0"].value() == "Zoë"
    assert form["send1-outcome"].value() == "0011"
    assert str(form["speed"].value()) == "10"
    again = as_tester.get(f"{url}?again={first.public_id}").context["form"]
    assert again["send1-param0"].value() == "Priya"


def test_somebody_elses_numbers_stay_theirs(
    as_tester: Client, as_marketer: Client, as_admin: Client, url: str, settings: Settings
) -> None:
    settings.TEST_SEND_BASE_URL = "http://127.0.0.1:1"
    as_tester.post(url, TYPED)
    test = last_test()
    again = f"{url}?again={test.public_id}"
    assert as_marketer.get(again).context["form"]["send1-number"].value() == ""
    assert as_admin.get(again).context["form"]["send1-number"].value() == "919812345678"
    theirs = as_marketer.get(f"{url}{test.public_id}/").content.decode()
    assert "919812340005" not in theirs
    assert "9198•••••05" in theirs
    assert "919812340005" in as_tester.get(f"{url}{test.public_id}/").content.decode()


def test_values_can_be_taken_from_any_execution_but_its_number_only_by_an_admin(
    as_tester: Client, as_admin: Client, url: str, published_flow: Flow
) -> None:
    sends = [{"recipient": "919800000042", "params": {"1": "Kim", "2": "•••", "3": "Monday"}}] * 2
    execution = cast.make_execution(published_flow, sends=sends)
    detail = f"/a/{published_flow.account.sid}/executions/{execution.public_id}/"
    assert f"{url}?like={execution.public_id}" in as_tester.get(detail).content.decode()
    form = as_tester.get(f"{url}?like={execution.public_id}").context["form"]
    assert form["send1-number"].value() == ""
    assert form["send1-param0"].value() == "Kim"
    assert form["send1-param1"].value() == cast.PARAMS["2"], "redacted: the sample instead"
    admins = as_admin.get(f"{url}?like={execution.public_id}").context["form"]
    assert admins["send2-number"].value() == "919800000042"
    assert as_tester.get(f"{url}?like=%00'").status_code == 200


# --- The target -----------------------------------------------------------------------------------


@pytest.fixture
def target_url(published_flow: Flow) -> str:
    return f"/a/{published_flow.account.sid}/test-target/"


POD = {"target": "IN", "sid": "HX1234IN", "key": "A0123456789abcdef", "workflow_id": "0011-2233"}


def test_only_admins_set_the_target_and_the_key_is_stored_encrypted(
    as_marketer: Client, as_admin: Client, target_url: str, account: models.Account
) -> None:
    assert as_marketer.get(target_url).status_code == 403
    assert as_admin.get(target_url).status_code == 200
    assert as_admin.post(target_url, POD).status_code == 302
    account.refresh_from_db()
    assert (account.test_target, account.test_target_key) == ("IN", POD["key"])
    assert POD["key"] not in account.test_target_key_encrypted
    assert POD["key"] not in as_admin.get(target_url).content.decode()
    entry = models.AuditEntry.objects.get(action="account.test_target")
    assert POD["key"] not in json.dumps([entry.before, entry.after])

    as_admin.post(target_url, {**POD, "key": ""})
    account.refresh_from_db()
    assert account.test_target_key == POD["key"], "left empty: kept"
    as_admin.post(target_url, {"target": "here"})
    account.refresh_from_db()
    assert account.test_target_key == ""


def test_a_pod_needs_sid_and_key(as_admin: Client, target_url: str) -> None:
    answer = as_admin.post(target_url, {"target": "EU"})
    assert answer.status_code == 422
    assert "Enter the SID" in answer.content.decode()
    assert "Enter an API key" in answer.content.decode()


def test_a_test_at_a_pod_is_always_real_and_goes_to_its_own_workflow(
    as_tester: Client, as_admin: Client, url: str, target_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pod's address is replaced by one where nobody answers: no test leaves the machine."""
    from flows.views import test_send as page

    monkeypatch.setattr(page, "PODS", {**page.PODS, "IN": "http://127.0.0.1:1"})
    as_admin.post(target_url, POD)
    form = as_tester.get(url)
    assert "go to Kaleyra India" in form.content.decode()
    assert "mode" not in form.context["form"].fields
    assert form.context["form"]["workflow_id"].value() == "0011-2233"
    data = {**TYPED, "workflow_id": "4455-6677"}
    assert "Send for real?" in as_tester.post(url, data).content.decode()
    as_tester.post(url, {**data, "confirmed": "yes"})
    test = last_test()
    assert "/v1/HX1234IN/workflow/v1/instances/4455-6677/invoke" in test.curl
    assert POD["key"] not in test.curl
    assert (test.answer_status, test.execution) == (None, None)
    assert not ApiKey.objects.exists()


def test_the_pods_are_those_of_the_source() -> None:
    from flows.views.test_send import PODS

    assert list(PODS.values()) == [
        "https://api.in.kaleyra.io",
        "https://api.kaleyra.io",
        "https://api.eu.kaleyra.io",
        "https://api.na.kaleyra.ai",
    ]


def test_a_flow_of_one_channel_twice_has_a_group_a_step(
    as_tester: Client, account: models.Account, admin: models.User
) -> None:
    steps: tuple[Step, ...] = tuple(cast.make_step(account, Channel.SMS) for _ in range(3))
    flow = cast.make_published_flow(account, by=admin, title="Thrice", steps=steps)
    url = f"/a/{account.sid}/flows/{flow.public_id}/test/"
    assert [group.number for group in as_tester.get(url).context["form"].groups] == [1, 2, 3]
