"""Every URL against every role, a stranger and nobody; the URLs come from the resolver itself.

The only thing written by hand is who may come in (tests/doors.py). A new URL fails without it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.models import (
    Account,
    CallbackDelivery,
    CallbackProfile,
    Flow,
    Role,
    TestSend,
    User,
    lifecycle,
    senders,
    templates,
    test_recipients,
)
from flows.placeholders import Channel
from tests import cast
from tests.doors import API_KEY, DOORS, FRAGMENTS, NEEDED, OWN, SIGNED_IN, Door

PAGES = tuple(door for door in DOORS if isinstance(NEEDED.get(door.name), Role))
OBJECTS = tuple(door for door in PAGES if set(door.values) - {"sid"})

DESK = tuple(door for door in DOORS if door.name.startswith("support-"))


def test_every_url_has_an_entry_and_every_entry_a_url() -> None:
    assert {door.name for door in DOORS} == set(NEEDED)


# --- The stage -----------------------------------------------------------------------------------


@dataclass
class Stage:
    """Something behind every door, and somebody before it."""

    account: Account
    flow: Flow
    admin: User

    def path(self, door: Door, **replaced: Any) -> str:
        values = {name: VALUES[name](self) for name in door.values}
        values |= {"flow_id": self._deleted_flow().public_id} if door.name == "flow-restore" else {}
        values |= {"sender_id": self._deleted_sender()} if door.name == "sender-restore" else {}
        is_gone = door.name == "template-restore"
        values |= {"template_id": self._deleted_template()} if is_gone else {}
        return reverse(door.name, kwargs={**values, **replaced})

    def client(self, who: Role | str) -> Client:
        client = Client()
        if who == "stranger":
            other = cast.make_account("Globex")
            client.force_login(cast.make_person(other, Role.ADMIN, name="Sam"))
        elif who == Role.ADMIN:
            client.force_login(self.admin)
        elif isinstance(who, Role):
            client.force_login(cast.make_person(self.account, who))
        return client

    def callback_profile(self) -> CallbackProfile:
        made = CallbackProfile.objects.filter(account=self.account).first()
        return made or cast.make_callback_profile(self.account)

    def delivery(self) -> CallbackDelivery:
        return CallbackDelivery.objects.create(
            execution=cast.make_execution(self.flow),
            profile=self.callback_profile(),
            payload={},
            created_at=timezone.now(),
        )

    def deleted_recipient(self) -> UUID:
        recipient = cast.make_test_recipient(self.account)
        test_recipients.delete(recipient, by=self.admin)
        return recipient.public_id

    def test_send(self) -> TestSend:
        return TestSend.objects.create(
            account=self.account, flow=self.flow, sent_by=self.admin, form={}, curl="curl"
        )

    def _deleted_sender(self) -> UUID:
        sender = cast.make_sender(self.account, Channel.SMS, identifier="ACMEGONE")
        senders.delete(sender, by=self.admin)
        return sender.public_id

    def _deleted_template(self) -> UUID:
        template = cast.make_template(self.account, Channel.SMS, name="Gone")
        templates.delete(template, by=self.admin)
        return template.public_id

    def _deleted_flow(self) -> Flow:
        flow = cast.make_flow(self.account, by=self.admin, title="Gone")
        lifecycle.delete(flow, by=self.admin)
        return flow


VALUES: dict[str, Callable[[Stage], object]] = {
    "pk": lambda _stage: 1,  # a passkey
    "sid": lambda stage: stage.account.sid,
    "flow_id": lambda stage: stage.flow.public_id,
    "workflow_id": lambda stage: stage.flow.workflow_id,
    "execution_id": lambda stage: cast.make_execution(stage.flow).public_id,
    "invocation_id": lambda stage: cast.make_execution(stage.flow).public_id,
    "profile_id": lambda stage: stage.callback_profile().public_id,
    "delivery_id": lambda stage: stage.delivery().public_id,
    "test_id": lambda stage: stage.test_send().public_id,
    "document_id": lambda stage: cast.make_document(stage.account).public_id,
    "number": lambda _stage: 1,
    "key_id": lambda stage: cast.make_key(stage.account)[0].public_id,
    "recipient_id": lambda stage: cast.make_test_recipient(stage.account).public_id,
    "deleted_recipient_id": lambda stage: stage.deleted_recipient(),
    "user_id": lambda stage: cast.make_person(stage.account, Role.VIEWER, name="Una").public_id,
    "invitation_id": lambda stage: cast.make_invitation(stage.account, by=stage.admin).public_id,
    "template_id": lambda stage: stage.account.templates.get(channel="sms").public_id,
    "review_id": lambda stage: cast.make_review(stage.account, by=stage.admin).public_id,
    "connection_id": lambda stage: cast.make_connection(stage.account).public_id,
    "sender_id": lambda stage: stage.account.senders.get(channel="sms").public_id,
}


@pytest.fixture
def stage(account: Account, admin: User, published_flow: Flow, settings: Any) -> Stage:
    settings.FALLBACK_SELF_APPROVE = True  # the doors that it opens are tried as well
    return Stage(account, published_flow, admin)


BY_HTMX = {"HX-Request": "true"}
WAYS: tuple[dict[str, str], ...] = (
    {},
    BY_HTMX,
    {**BY_HTMX, "HX-Target": "main", "HX-History-Restore-Request": "true"},
    {"Accept": "application/json"},
    {"Accept": "text/csv"},
    {"Range": "bytes=0-99"},
)


def verdicts(client: Client, path: str, headers: Mapping[str, str] = {}) -> set[str]:
    """What became of a GET and a POST, leaving out a method that the door does not know."""
    answers = [client.get(path, headers=headers), client.post(path, headers=headers)]
    found = {_verdict(answer) for answer in answers if answer.status_code != 405}
    assert found, f"{path} knows neither GET nor POST"
    return found


def _verdict(answer: HttpResponseBase) -> str:
    if answer.status_code in (301, 302) and answer["Location"].startswith(reverse("sign-in")):
        return "asked to sign in"
    return {401: "no key", 403: "refused", 404: "not there"}.get(answer.status_code, "let in")


# --- The locks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", list(Role))
@pytest.mark.parametrize("door", PAGES, ids=str)
def test_a_member_comes_in_exactly_when_the_role_reaches(
    door: Door, who: Role, stage: Stage
) -> None:
    needed = NEEDED[door.name]
    assert isinstance(needed, Role)
    expected = "let in" if who.reaches(needed) else "refused"
    headers = BY_HTMX if door.name in FRAGMENTS else {}
    assert verdicts(stage.client(who), stage.path(door), headers) == {expected}


@pytest.mark.parametrize("door", PAGES, ids=str)
def test_a_stranger_learns_nothing(door: Door, stage: Stage) -> None:
    """However it is asked for: as a page, by htmx, as JSON or CSV, in part, or with a JSON body."""
    client, path = stage.client("stranger"), stage.path(door)
    for headers in WAYS:
        assert verdicts(client, path, headers) == {"not there"}, headers
    posted = client.post(path, b'{"sid": "x"}', content_type="application/json")
    assert posted.status_code in (404, 405)


@pytest.mark.parametrize("door", OBJECTS, ids=str)
def test_an_object_is_not_there_in_another_account(door: Door, stage: Stage) -> None:
    """A stranger who asks for somebody else's object below the own SID."""
    client = stage.client("stranger")
    path = stage.path(door, sid=Account.objects.get(name="Globex").sid)
    for headers in WAYS:
        assert verdicts(client, path, headers) == {"not there"}, headers


@pytest.mark.parametrize("door", PAGES, ids=str)
def test_nobody_is_asked_to_sign_in(door: Door, stage: Stage) -> None:
    assert verdicts(stage.client("nobody"), stage.path(door)) == {"asked to sign in"}


@pytest.mark.parametrize("door", PAGES, ids=str)
def test_a_post_without_its_csrf_token_is_refused(door: Door, stage: Stage) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(stage.admin)
    assert client.post(stage.path(door)).status_code in (403, 405)


@pytest.mark.parametrize("door", [d for d in DOORS if NEEDED.get(d.name) == SIGNED_IN], ids=str)
def test_a_page_of_no_account_is_for_anyone_signed_in(door: Door, stage: Stage) -> None:
    assert verdicts(stage.client("nobody"), stage.path(door)) == {"asked to sign in"}
    assert verdicts(stage.client(Role.VIEWER), stage.path(door)) == {"let in"}
    assert verdicts(stage.client("stranger"), stage.path(door)) == {"let in"}


@pytest.mark.parametrize("door", [d for d in DOORS if NEEDED.get(d.name) == API_KEY], ids=str)
def test_the_api_asks_for_a_key_whoever_is_signed_in(door: Door, stage: Stage) -> None:
    """A method that the door does not know is answered as any unknown address is."""
    for who in (Role.ADMIN, "stranger", "nobody"):
        client = stage.client(who)
        answers = [client.get(stage.path(door)), client.post(stage.path(door))]
        unknown = client.get("/v1/nowhere")
        known = [answer for answer in answers if answer.content != unknown.content]
        assert known
        assert {answer.status_code for answer in known} == {401}


@pytest.mark.parametrize("door", [d for d in DOORS if NEEDED.get(d.name) == OWN], ids=str)
def test_what_belongs_to_one_person_is_not_shown_to_nobody(door: Door, stage: Stage) -> None:
    """That others do not see it either: tests/views/test_second_factor.py."""
    assert verdicts(stage.client("nobody"), stage.path(door)) == {"asked to sign in"}


def test_who_is_refused_learns_who_can_help(stage: Stage) -> None:
    answer = stage.client(Role.VIEWER).post(stage.path(Door("flow-publish", ("sid", "flow_id"))))
    assert answer.status_code == 403
    assert "needs the role admin. Ask Asha" in answer.content.decode()


def test_support_pages_are_for_support_staff_only(stage: Stage) -> None:
    answer = stage.client(Role.ADMIN).get(reverse("admin:index"))
    assert answer.status_code == 302
    staff = cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(staff)
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("door", DESK, ids=str)
def test_the_support_desk_is_for_support_staff_only(door: Door, stage: Stage) -> None:
    path = stage.path(door)
    assert verdicts(stage.client("nobody"), path) == {"asked to sign in"}
    assert verdicts(stage.client(Role.ADMIN), path) == {"refused"}
    staff = Client()
    staff.force_login(cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True))
    assert verdicts(staff, path) == {"let in"}
