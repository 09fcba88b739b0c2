"""Every page of the product, found through the resolver: sound in light, in dark and on a phone."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from flows.demo import collection, history
from flows.models import (
    AssetStatus,
    CallbackDelivery,
    CompanyDocument,
    Execution,
    Invitation,
    Review,
    Role,
    TestRecipient,
    TestSend,
    lifecycle,
    reviews,
)
from flows.placeholders import Channel
from tests import cast
from tests.doors import API_KEY, DOORS, FRAGMENTS, NEEDED, Door

from .house import House

# A hundred pages, each read by axe: minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)

API = {name for name, needed in NEEDED.items() if needed == API_KEY}
NEW_ACCOUNT = (
    "account-home",
    "flow-list",
    "flow-create",
    "execution-list",
    "rejected-call-list",
    "onboarding",
    "company-detail",
    "company-edit",
    "document-create",
    "review-list",
    "sender-list",
    "connection-list",
    "connection-create",
    "template-list",
    "callback-profile-list",
    "api-key-list",
    "test-recipient-list",
    "member-list",
    "audit-log",
)
SIGNED_OUT = ("sign-in", "sign-up", "account_reset_password")
# What the bar of buttons lies over can be scrolled from under it.
UNSTICK = """() => document.querySelectorAll(".actions.bar")
  .forEach((bar) => { bar.style.position = "static"; })"""
Faults = Callable[..., list[str]]


@pytest.fixture
def lived_in(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """With executions, a deleted flow, a test send, and something of everything an account owns."""
    monkeypatch.setattr(history, "EXECUTIONS", 40)
    with ThreadPoolExecutor(1) as beside:  # Playwright's event loop occupies this thread
        beside.submit(play_history, house).result()
    admin = house.people[Role.ADMIN]
    gone = lifecycle.duplicate(house.flows[collection.LOGIN], by=admin)
    lifecycle.delete(gone, by=admin)
    admin.is_staff = True  # the support desk is seen as well
    admin.save(update_fields=["is_staff"])
    own(house)
    TestSend.objects.create(
        account=house.account,
        flow=house.flows[collection.ORDER],
        execution=Execution.objects.filter(flow=house.flows[collection.ORDER]).latest("id"),
        sent_by=admin,
        form={"mode": "simulated", "speed": 60, "sends": []},
        curl="curl -X POST …",
        answer_status=202,
        answer_body='{"success": true}',
        duration_ms=12,
    )
    return house


def own(house: House) -> None:
    admin = house.people[Role.ADMIN]
    cast.make_document(house.account)
    nowhere = "http://127.0.0.1:9"  # nobody answers there
    cast.make_connection(house.account, "whatsapp_cloud", config={}, base_url=nowhere)
    cast.make_test_recipient(house.account)
    cast.make_invitation(house.account, by=admin)
    draft = cast.make_sender(
        house.account, Channel.SMS, identifier="ACMENEW", status=AssetStatus.DRAFT
    )
    reviews.submit_sender(draft, by=admin)


def play_history(house: House) -> None:
    history.seed_history(house.account, house.flows)
    connection.close()


def path_of(door: Door, house: House) -> str:
    """A page with as much on it as the demo has."""
    order = house.flows[collection.ORDER]
    unfinished = house.flows[collection.FESTIVAL]
    is_wizard = door.name in {"flow-edit", "flow-steps", "flow-step", "flow-check"}
    execution = Execution.objects.filter(flow=order).latest("id")
    account = house.account
    delivery = CallbackDelivery.objects.filter(profile__account=account).latest("id")
    values = {
        "pk": 1,
        "provider_id": "company",
        "token": "unknown",
        "sid": account.sid,
        "flow_id": (unfinished if is_wizard else order).public_id,
        "execution_id": execution.public_id,
        "number": 1,
        "test_id": TestSend.objects.get().public_id,
        "delivery_id": delivery.public_id,
        "document_id": CompanyDocument.objects.get().public_id,
        "profile_id": account.callback_profiles.get(deleted_at=None).public_id,
        "key_id": account.api_keys.latest("id").public_id,
        "recipient_id": TestRecipient.objects.latest("id").public_id,
        "deleted_recipient_id": TestRecipient.objects.latest("id").public_id,
        "user_id": house.people[Role.VIEWER].public_id,
        "invitation_id": Invitation.objects.latest("id").public_id,
        "template_id": account.templates.filter(channel="whatsapp").earliest("id").public_id,
        "connection_id": account.connections.latest("id").public_id,
        "sender_id": account.senders.filter(channel="whatsapp").earliest("id").public_id,
        "review_id": Review.objects.filter(account=account).latest("id").public_id,
    }
    return reverse(door.name, kwargs={name: values[name] for name in door.values})


def pages(house: House) -> Iterator[str]:
    """Every address that answers a plain GET of the admin with a page, and some rarer states."""
    client = Client()
    client.force_login(house.people[Role.ADMIN])
    no_page = {"account_reset_password_from_key", "hook", *FRAGMENTS, *API}
    found = [path_of(door, house) for door in DOORS if door.name not in no_page]
    changed = house.flows[collection.DELIVERY].public_id
    sms_template = house.account.templates.filter(channel="sms").earliest("id").public_id
    found += [
        *(reverse(name, args=[house.new_account.sid]) for name in NEW_ACCOUNT),
        *(
            reverse(name, args=[house.account.sid]) + f"?channel={channel}"
            for name in ("sender-create", "template-create")
            for channel in Channel
        ),
        reverse("template-edit", args=[house.account.sid, sms_template]),
        reverse("flow-detail", args=[house.account.sid, changed]),
        reverse("flow-check", args=[house.account.sid, changed]),
        reverse("flow-step", args=[house.account.sid, changed, 2]),
    ]
    for path in found:
        answer = client.get(path)
        is_page = answer.get("Content-Type", "").startswith("text/html")
        if answer.status_code in {200, 409} and is_page and not answer.streaming:
            yield path


def list_pages(house: House) -> list[str]:
    try:
        return list(pages(house))
    finally:
        connection.close()


def test_most_urls_are_pages(lived_in: House) -> None:
    """Guards the list that the tests below walk: it must not become empty unseen."""
    assert len(set(pages(lived_in))) >= 90


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible(
    page: Page, lived_in: House, faults: Faults, theme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=theme)
    assert faults_by_page(page, lived_in, faults) == {}


def test_every_page_fits_a_phone(phone: Page, lived_in: House, faults: Faults) -> None:
    assert faults_by_page(phone, lived_in, partial(faults, only="target-size")) == {}


def faults_by_page(page: Page, house: House, faults: Faults) -> dict[str, list[str]]:
    found = {}
    for path in [reverse(name) for name in SIGNED_OUT]:
        found[path] = faults_of(page, house.url + path, faults)
    house.enter(page.context, Role.ADMIN)
    with ThreadPoolExecutor(1) as beside:  # a page may ask a carrier, on an event loop of its own
        paths = beside.submit(list_pages, house).result()
    for path in paths:
        found[path] = faults_of(page, house.url + path, faults)
    return {path: wrong for path, wrong in found.items() if wrong}


def faults_of(page: Page, address: str, faults: Faults) -> list[str]:
    page.goto(address)
    page.evaluate(UNSTICK)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return faults(page) + ([f"{width} px too wide"] if width > 0 else [])
