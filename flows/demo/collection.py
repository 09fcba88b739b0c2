"""The demo's flows: three published ones, one of them with a history, and a draft to finish."""

from dataclasses import replace
from typing import NamedTuple

from flows.definition import Channel, Definition, Step
from flows.models import Account, CallbackProfile, Flow, Role, User, lifecycle, publication

from .assets import SMS_SENDER, WHATSAPP_NUMBER

ORDER, LOGIN, DELIVERY, FESTIVAL = (
    "Order update",
    "Login code",
    "Delivery slot",
    "Festival offer",
)


class Part(NamedTuple):
    """One step in short: its channel, the name of its template, and its wait in seconds."""

    channel: Channel
    template: str
    wait_s: int


def seed_flows(
    account: Account, people: dict[Role, User], *, profile: CallbackProfile
) -> dict[str, Flow]:
    """The demo's flows by title; a flow that was renamed or deleted is made anew."""
    makers = {ORDER: _order, LOGIN: _login, DELIVERY: _delivery, FESTIVAL: _festival}
    there = {flow.title: flow for flow in account.flows.filter(deleted_at=None)}
    for title, make in makers.items():
        if title not in there:
            there[title] = make(_Desk(account, people, profile), title)
    return {title: there[title] for title in makers}


class _Desk(NamedTuple):
    """Where a flow is made: the account, its people and its callback profile."""

    account: Account
    people: dict[Role, User]
    profile: CallbackProfile

    @property
    def marketer(self) -> User:
        return self.people[Role.MARKETER]

    @property
    def admin(self) -> User:
        return self.people[Role.ADMIN]

    def draft(self, title: str, *parts: Part, with_callback: bool = False) -> Flow:
        definition = Definition(
            title=title,
            callback_profile=self.profile.public_id if with_callback else "",
            steps=tuple(self.step(part) for part in parts),
        )
        return lifecycle.create(self.account, definition, by=self.marketer)

    def step(self, part: Part) -> Step:
        identifier = WHATSAPP_NUMBER if part.channel is Channel.WHATSAPP else SMS_SENDER
        template = self.account.templates.get(channel=part.channel, name=part.template)
        sender = self.account.senders.get(channel=part.channel, identifier=identifier)
        return Step(
            channel=part.channel,
            sender=str(sender.public_id),
            template=str(template.public_id),
            wait_s=part.wait_s,
        )


def _order(desk: _Desk, title: str) -> Flow:
    """Published twice, so that its history has a difference to show."""
    flow = desk.draft(
        title,
        Part(Channel.WHATSAPP, "order_update", 30),
        Part(Channel.SMS, "Order update", 60),
        with_callback=True,
    )
    lifecycle.publish(flow, by=desk.admin, note="First version")
    first, second = flow.definition.steps
    longer = replace(flow.definition, steps=(replace(first, wait_s=60), second))
    lifecycle.save_draft(flow, longer, by=desk.marketer, revision=flow.revision)
    lifecycle.publish(flow, by=desk.admin, note="Give WhatsApp a minute: fewer double messages")
    return flow


def _login(desk: _Desk, title: str) -> Flow:
    flow = desk.draft(
        title,
        Part(Channel.WHATSAPP, "login_code", 20),
        Part(Channel.SMS, "Login code", 45),
    )
    lifecycle.publish(flow, by=desk.admin, note="Codes by WhatsApp first")
    return flow


def _delivery(desk: _Desk, title: str) -> Flow:
    """SMS first; published, with a change that is not live yet and a request to publish it."""
    flow = desk.draft(
        title,
        Part(Channel.SMS, "Delivery slot", 90),
        Part(Channel.WHATSAPP, "delivery_slot", 120),
        with_callback=True,
    )
    lifecycle.publish(flow, by=desk.admin, note="SMS first: drivers ask for it")
    first, second = flow.definition.steps
    changed = replace(flow.definition, steps=(replace(first, wait_s=120), second))
    lifecycle.save_draft(flow, changed, by=desk.marketer, revision=flow.revision)
    publication.ask(flow, by=desk.marketer, note="Some operators need two minutes.")
    return flow


def _festival(desk: _Desk, title: str) -> Flow:
    """A draft to finish: its media URL and its SMS template are missing."""
    flow = desk.draft(title, Part(Channel.WHATSAPP, "festival_offer", 300))
    unfinished = Step(channel=Channel.SMS, wait_s=300)
    definition = replace(flow.definition, steps=(*flow.definition.steps, unfinished))
    lifecycle.save_draft(flow, definition, by=desk.marketer, revision=flow.revision)
    return flow
