"""A text never changes under an execution: who began before the edit still gets the old one."""

from dataclasses import replace
from typing import Any

import pytest

from flows.connectors.base import OutboundMessage, SendResult
from flows.connectors.sandbox import Sandbox
from flows.models import Account, Flow, Template, User, lifecycle, templates
from flows.placeholders import Channel
from tests import cast
from tests.engine import drive
from tests.models.test_templates import FIRST, SECOND, approve, edit

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the Sandbox was given, in order."""
    texts: list[str] = []
    send = Sandbox.send

    async def listen(self: Sandbox, message: OutboundMessage, **known: Any) -> SendResult:
        texts.append(message.resolved.body)
        return await send(self, message, **known)

    monkeypatch.setattr(Sandbox, "send", listen)
    return texts


@pytest.fixture
def template(account: Account, marketer: User) -> Template:
    cast.make_connection(account)
    made = templates.create(account, FIRST, {}, by=marketer)
    approve(made, by=marketer)
    return made


@pytest.fixture
def flow(account: Account, admin: User, template: Template) -> Flow:
    """SMS first, then WhatsApp with the template."""
    last = cast.make_step(account, Channel.WHATSAPP, template=str(template.public_id))
    steps = (cast.make_step(account, Channel.SMS), last)
    return cast.make_published_flow(account, by=admin, steps=steps)


def test_execution_that_began_before_the_edit_sends_the_old_text(
    flow: Flow, template: Template, admin: User, sent: list[str]
) -> None:
    before = drive.accept(flow, "0003", "0001")
    edit(template, SECOND, by=admin)
    approve(template, by=admin)
    unpublished = drive.accept(flow, "0003", "0001")
    lifecycle.publish(flow, by=admin)
    after = drive.accept(flow, "0003", "0001")
    drive.play(before, unpublished, after)
    assert before.outcome == unpublished.outcome == after.outcome == "delivered"
    texts = [text for text in sent if "parcel" in text]
    old, new = "Hi Priya, your parcel is on its way.", "Hi Priya, parcel 58213 is on its way."
    assert sorted(texts) == sorted([old, old, new])


def test_version_that_is_only_handed_in_reaches_nobody(
    flow: Flow, template: Template, admin: User, sent: list[str]
) -> None:
    edit(template, SECOND, by=admin)
    templates.submit(template, by=admin)
    drive.run_flow(flow, "0003", "0001")
    assert sent[-1] == "Hi Priya, your parcel is on its way."


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("paused", "the template parcel is paused"),
        ("disabled", "the template parcel is disabled"),
        ("rejected", "the template parcel is rejected"),
        ("deleted", "the template parcel no longer exists"),
    ],
)
def test_step_whose_template_cannot_be_used_is_skipped_with_the_reason(
    flow: Flow, template: Template, admin: User, sent: list[str], status: str, reason: str
) -> None:
    if status == "deleted":
        templates.delete(template, by=admin)
    else:
        Template.objects.filter(pk=template.pk).update(status=status)
    execution = drive.run_flow(flow, "0003", "0001")
    assert execution.outcome == "not_delivered"
    assert not [text for text in sent if "parcel" in text]
    last = drive.attempts(execution)[-1]
    assert last.state == "skipped"
    assert reason in last.reason


def test_a_step_of_an_older_version_is_sent_while_a_newer_one_is_paused_and_resumed(
    flow: Flow, template: Template, admin: User, sent: list[str]
) -> None:
    edit(template, replace(SECOND, footer="Acme"), by=admin)
    approve(template, by=admin)
    templates.pause(template, by=admin)
    templates.resume(template, by=admin)
    drive.run_flow(flow, "0003", "0001")
    assert sent[-1] == "Hi Priya, your parcel is on its way."
