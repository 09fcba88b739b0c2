"""Test sends: a real call of the Invocation API from a page, and what came of it."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from flows import access
from flows.access import Seat
from flows.engine import redact
from flows.forms.test_send import TestSendForm
from flows.models import ApiKey, Execution, Flow, KeyKind, Role, TestSend, TestTarget
from flows.models.audit import record

from . import test_call
from .run import run_of, written

PODS: Mapping[str, str] = {
    TestTarget.IN: "https://api.in.kaleyra.io",
    TestTarget.SG: "https://api.kaleyra.io",
    TestTarget.EU: "https://api.eu.kaleyra.io",
    TestTarget.NA: "https://api.na.kaleyra.ai",
}
RECENT = 5


@require_http_methods(["GET", "POST"])
def test_send(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    """The form with the last values; a valid one makes the call and leads to its page."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.TESTER)
    if not flow.is_published or flow.live_version is None:
        return render(request, "test_send/not_published.html", {"flow": flow})
    form = TestSendForm(
        request.POST if request.method == "POST" else None,
        account=seat.account,
        steps=flow.live_version.pinned.steps,
        values=_earlier_values(request, seat, flow),
    )
    page = {"flow": flow, "form": form, "recent": _recent(seat, flow)}
    if request.method == "GET":
        return render(request, "test_send/form.html", page)
    if not form.is_valid():
        return render(request, "test_send/form.html", page, status=422)
    if form.is_turned_back:
        return render(request, "test_send/form.html", page)
    if form.is_real and not form.is_confirmed:
        receivers = list(zip(flow.live_version.pinned.steps, form.recipients(), strict=True))
        asked = {"receivers": receivers, "once": uuid.uuid4()}
        return render(request, "test_send/confirm.html", {**page, **asked})
    made = _send(form, seat, flow, once=request.POST.get("once", ""))
    return redirect("test-send-result", sid=sid, flow_id=flow_id, test_id=made.public_id)


@require_safe
def test_send_result(request: HttpRequest, sid: str, flow_id: UUID, test_id: UUID) -> HttpResponse:
    """What was called, what came back, and the run up to its end."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.TESTER)
    test = (
        TestSend.objects.select_related("execution__version", "execution__flow", "sent_by")
        .filter(account=seat.account, flow=flow, public_id=test_id)
        .first()
    )
    if test is None:
        raise Http404
    hidden = () if _may_see_numbers(seat, test) else _numbers(test)
    answer = test_call.Answer(test.answer_status, test.answer_body, test.error, 0).json()
    page = {
        "flow": flow,
        "test": test,
        "run": run_of(test.execution, seat=seat) if test.execution else None,
        "curl": written(test.curl, hidden),
        "answer": written(answer or test.answer_body, hidden),
        "errors": [e for e in answer.get("errors") or [] if isinstance(e, str)],
    }
    return render(request, "test_send/result.html", page)


def _send(form: TestSendForm, seat: Seat, flow: Flow, *, once: str) -> TestSend:
    """Store what is sent, make the call outside of any transaction, store what came back.

    `once` names one press of the button of the question before: pressed twice, it is one call.
    """
    request_id = f"test-{uuid.uuid4()}"
    call = _call(form, seat, flow, request_id=request_id)
    test, is_new = TestSend.objects.get_or_create(
        public_id=uuid.uuid5(flow.public_id, once) if once else uuid.uuid4(),
        defaults={
            "account": seat.account,
            "flow": flow,
            "sent_by": seat.user,
            "form": {
                **form.values(),
                "target": seat.account.test_target,
                "recipients": form.recipients(),
            },
            "curl": replace(call, body=form.body(request_id, hides_codes=True)).as_curl(),
        },
    )
    if not is_new:
        return test
    if form.is_here:
        answer = _send_here(call, form, seat)
        test.execution = _execution(seat, answer)
    else:
        answer = test_call.send(call, key=seat.account.test_target_key)
    after = {"real": form.is_real, "target": seat.account.test_target, "status": answer.status}
    record(seat.account, "flow.test", by=seat.user, of=flow, label=flow.title, after=after)
    test.answer_status, test.answer_body = answer.status, answer.text
    test.error, test.duration_ms = answer.error[:300], answer.duration_ms
    test.save()
    return test


def _call(form: TestSendForm, seat: Seat, flow: Flow, *, request_id: str) -> test_call.Call:
    body = form.body(request_id)
    if form.is_here:
        return test_call.call_of(
            settings.TEST_SEND_BASE_URL,
            sid=seat.account.sid,
            workflow_id=str(flow.workflow_id),
            body=body,
            speed=form.speed_or_none,
        )
    return test_call.call_of(
        PODS[seat.account.test_target],
        sid=seat.account.test_target_sid,
        workflow_id=form.cleaned_data["workflow_id"],
        body=body,
    )


def _send_here(call: test_call.Call, form: TestSendForm, seat: Seat) -> test_call.Answer:
    """With a key that lives for this one call."""
    kind = KeyKind.LIVE if form.is_real else KeyKind.TEST
    key, secret = ApiKey.issue(
        seat.account, name="Test send", kind=kind, by=seat.user, is_for_test_send=True
    )
    try:
        return test_call.send(call, key=secret)
    finally:
        key.revoke()


def _execution(seat: Seat, answer: test_call.Answer) -> Execution | None:
    public_id = answer.json().get("workflowInvocationId")
    if answer.status != 202 or not isinstance(public_id, str):
        return None
    return Execution.objects.filter(account=seat.account, public_id=public_id).first()


def _earlier_values(request: HttpRequest, seat: Seat, flow: Flow) -> dict[str, Any]:
    """Of the run named by `?like=`, the test named by `?again=`, else of this person's last test.

    Somebody else's recipients stay theirs: an admin sees them, others start without.
    """
    if execution_id := request.GET.get("like"):
        return _values_like(execution_id, seat, flow)
    tests = TestSend.objects.filter(account=seat.account, flow=flow).order_by("-id")
    try:
        again = tests.filter(public_id=UUID(request.GET.get("again", ""))).first()
    except ValueError:
        again = None
    test = again or tests.filter(sent_by=seat.user).first()
    if test is None:
        return {}
    values = dict(test.form)
    if not _may_see_numbers(seat, test):
        values["sends"] = [{**send, "number": ""} for send in values.get("sends", [])]
    return values


def _values_like(execution_id: str, seat: Seat, flow: Flow) -> dict[str, Any]:
    """What an execution was called with; codes and what was redacted are left to samples."""
    if not execution_id.isalnum():
        return {}
    found = Execution.objects.filter(flow=flow, public_id=execution_id).first()
    if found is None:
        return {}
    contents = [step.content for step in found.version.pinned.steps]
    secret = {redact.MARK, *redact.codes(found.sends, contents)}
    sends = [
        {
            "number": send["recipient"] if seat.is_admin else "",
            "params": {k: v for k, v in send.get("params", {}).items() if v not in secret},
        }
        for send in found.sends
    ]
    return {"sends": sends}


def _recent(seat: Seat, flow: Flow) -> list[TestSend]:
    tests = TestSend.objects.filter(account=seat.account, flow=flow, sent_by=seat.user)
    return list(tests.select_related("execution").order_by("-id")[:RECENT])


def _may_see_numbers(seat: Seat, test: TestSend) -> bool:
    return seat.is_admin or test.sent_by_id == seat.user.pk


def _numbers(test: TestSend) -> list[str]:
    return [str(number) for number in test.form.get("recipients", [])]
