"""The stage of the carriers' stories: fakes, connections to them, flows made on the wizard's pages.

Says how a channel is used at a carrier (`Line`); asserts nothing about what comes of it.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from django.test import Client
from django.urls import reverse

from flows.connectors import registry
from flows.connectors.base import ExampleHook
from flows.models import Account, CallbackProfile, Connection, Flow, KeyKind, Role, Sender
from flows.placeholders import Channel
from tests import cast
from tests.fakes.kaleyra import FakeKaleyra
from tests.fakes.server import FakeCarrier
from tests.fakes.twilio import FakeTwilio
from tests.fakes.whatsapp_cloud import NUMBER_ID, FakeWhatsAppCloud

WAIT_S = 5  # the shortest that a flow may have
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Line:
    """One channel at one carrier, and the codes with which it tells what stories are about."""

    fake_class: type[FakeCarrier]
    channel: Channel
    unreachable: str  # refused or reported: this person cannot be reached on this channel
    opted_out: str
    template_problem: str
    carrier_id: str = ""

    @property
    def name(self) -> str:
        return f"{self.channel.label} at {self.fake_class.key}"

    @property
    def has_key_in_url(self) -> bool:
        return registry.find(self.fake_class.key).has_key_in_url


LINES: Mapping[str, Line] = {
    line.name: line
    for line in (
        Line(FakeKaleyra, Channel.WHATSAPP, "131026", "131050", "132001"),
        Line(FakeKaleyra, Channel.SMS, "ABSENT-SUB", "OPT-OUT", "TEMPLATE-NOT-FOUND"),
        Line(FakeWhatsAppCloud, Channel.WHATSAPP, "131026", "131050", "132015", NUMBER_ID),
        Line(FakeTwilio, Channel.SMS, "30003", "21610", "21617"),
    )
}


@dataclass
class Stage:
    """An account with an admin's browser, a live key, and the fakes that play its carriers."""

    base_url: str
    account: Account
    profile: CallbackProfile
    browser: Client
    key: str
    fakes: dict[type[FakeCarrier], FakeCarrier] = field(default_factory=dict)

    def connection(self, line: Line, *, name: str = "Main", **fields: Any) -> Connection:
        """A connection to the fake; the same one again for another channel of its carrier."""
        fake = self.fakes[line.fake_class]
        defaults = {"config": dict(fake.config), "base_url": fake.url, **fields}
        found, _ = Connection.objects.get_or_create(
            account=self.account, connector=fake.key, name=name, defaults=defaults
        )
        return found

    def sender(self, line: Line, connection: Connection) -> Sender:
        number = next(_numbers)
        identifier = f"91804718{number:04}" if line.channel is Channel.WHATSAPP else f"ACM{number}"
        return cast.make_sender(
            self.account,
            line.channel,
            connection=connection,
            identifier=identifier,
            carrier_id=line.carrier_id,
        )

    def flow(self, title: str, *senders: Sender) -> Flow:
        """Made on the pages of the wizard, a step for each sender, and published there."""
        sid, browser = self.account.sid, self.browser
        form = {"title": title, "callback_profile": str(self.profile.public_id)}
        _done(browser.post(reverse("flow-create", args=[sid]), form))
        flow = Flow.objects.get(title=title)
        for number, sender in enumerate(senders, 1):
            step = {
                "revision": flow.revision,
                "number": number,
                "shown_channel": sender.channel,
                "channel": sender.channel,
                "sender": str(sender.public_id),
                "template": self._template(sender.channel),
                "wait_s_0": str(WAIT_S),
                "wait_s_1": "s",
                "counts_as": "delivered",
            }
            page = reverse("flow-step", args=[sid, flow.public_id, number])
            _done(browser.post(page, step))
            flow.refresh_from_db()
        check = browser.get(reverse("flow-check", args=[sid, flow.public_id]))
        assert check.context["problems"] == []
        ready = {"revision": flow.revision, "seen": check.context["form"]["seen"].value()}
        page = reverse("flow-publish", args=[sid, flow.public_id])
        _done(browser.post(page, ready))
        flow.refresh_from_db()
        assert flow.workflow_id
        return flow

    def _template(self, channel: str) -> str:
        return str(self.account.templates.get(channel=channel).public_id)

    def invoke(self, flow: Flow, recipient: str, *, request_id: str) -> str:
        """Over HTTP; the ID of the invocation."""
        address = f"v1/{self.account.sid}/workflow/v1/instances/{flow.workflow_id}/invoke"
        answer = requests.post(
            f"{self.base_url}/{address}",
            json=cast.make_invocation_body(flow, recipient, request_id=request_id),
            headers={"api-key": self.key},
            timeout=20,
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["workflowInvocationId"])


@contextmanager
def staged(base_url: str, *lines: Line, callback_url: str) -> Iterator[Stage]:
    """The stage with a fake for each carrier of these lines, and their main connections."""
    account = cast.make_account()
    admin = cast.make_person(account, Role.ADMIN)
    browser = Client()
    browser.force_login(admin)
    for channel in Channel:
        cast.make_template(account, channel)
    profile = cast.make_callback_profile(account, url=callback_url)
    key = cast.make_key(account, KeyKind.LIVE)[1]
    stage = Stage(base_url, account, profile, browser, key)
    with _all(*{line.fake_class for line in lines}) as fakes:
        stage.fakes = fakes
        for line in lines:
            main = stage.connection(line)
            fakes[line.fake_class].webhook_url = f"{base_url}/hooks/{main.hook_code}/"
        yield stage


@contextmanager
def _all(*classes: Callable[[], FakeCarrier]) -> Iterator[dict[Any, FakeCarrier]]:
    if not classes:
        yield {}
        return
    first, *others = classes
    with first() as fake, _all(*others) as more:
        yield {first: fake, **more}


def _done(answer: Any) -> None:
    """A page that has done what was asked leads to the next one."""
    assert answer.status_code == 302, answer.content.decode()


def knock(hook: ExampleHook) -> int:
    """Make this request, as a carrier or as somebody who pretends to be one; the status."""
    return requests.request(
        hook.method, hook.url, headers=dict(hook.headers), data=hook.body or None, timeout=10
    ).status_code
