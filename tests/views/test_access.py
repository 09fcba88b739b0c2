"""Every URL against every role, a stranger and nobody; the URLs come from the resolver itself.

The only thing written by hand is who may come in (tests/doors.py). A new URL fails without it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.models import Account, CallbackDelivery, Flow, Role, TestSend, User, lifecycle
from tests import cast
from tests.doors import API_KEY, DOORS, FRAGMENTS, NEEDED, SIGNED_IN, Door

PAGES = tuple(door for door in DOORS if isinstance(NEEDED.get(door.name), Role))
OBJECTS = tuple(door for door in PAGES if set(door.values) - {"sid"})


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

    def delivery(self) -> CallbackDelivery:
        return CallbackDelivery.objects.create(
            execution=cast.make_execution(self.flow),
            profile=cast.make_callback_profile(self.account),
            payload={},
            created_at=timezone.now(),
        )

    def test_send(self) -> TestSend:
        return TestSend.objects.create(
            account=self.account, flow=self.flow, sent_by=self.admin, form={}, curl="curl"
        )

    def _deleted_flow(self) -> Flow:
        flow = cast.make_flow(self.account, by=self.admin, title="Gone")
        lifecycle.delete(flow, by=self.admin)
        return flow


VALUES: dict[str, Callable[[Stage], object]] = {
    "sid": lambda stage: stage.account.sid,
    "flow_id": lambda stage: stage.flow.public_id,
    "workflow_id": lambda stage: stage.flow.workflow_id,
    "execution_id": lambda stage: cast.make_execution(stage.flow).public_id,
    "invocation_id": lambda stage: cast.make_execution(stage.flow).public_id,
    "delivery_id": lambda stage: stage.delivery().public_id,
    "test_id": lambda stage: stage.test_send().public_id,
    "number": lambda _stage: 1,
}


@pytest.fixture
def stage(account: Account, admin: User, published_flow: Flow) -> Stage:
    return Stage(account, published_flow, admin)


def verdicts(client: Client, path: str, *, by_htmx: bool = False) -> set[str]:
    """What became of a GET and a POST, leaving out a method that the door does not know."""
    headers = {"HX-Request": "true"} if by_htmx else {}
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
    by_htmx = door.name in FRAGMENTS
    assert verdicts(stage.client(who), stage.path(door), by_htmx=by_htmx) == {expected}


@pytest.mark.parametrize("door", PAGES, ids=str)
def test_a_stranger_learns_nothing(door: Door, stage: Stage) -> None:
    assert verdicts(stage.client("stranger"), stage.path(door)) == {"not there"}


@pytest.mark.parametrize("door", OBJECTS, ids=str)
def test_an_object_is_not_there_in_another_account(door: Door, stage: Stage) -> None:
    """A stranger who asks for somebody else's object below the own SID."""
    client = stage.client("stranger")
    own = Account.objects.get(name="Globex")
    assert verdicts(client, stage.path(door, sid=own.sid)) == {"not there"}


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
