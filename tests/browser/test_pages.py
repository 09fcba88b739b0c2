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
from flows.models import Execution, Role, TestSend, lifecycle
from tests.doors import API_KEY, DOORS, FRAGMENTS, NEEDED, Door

from .house import House

API = {name for name, needed in NEEDED.items() if needed == API_KEY}
Faults = Callable[..., list[str]]


@pytest.fixture
def lived_in(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """With executions, a deleted flow and a test send."""
    monkeypatch.setattr(history, "EXECUTIONS", 40)
    with ThreadPoolExecutor(1) as beside:  # Playwright's event loop occupies this thread
        beside.submit(play_history, house).result()
    admin = house.people[Role.ADMIN]
    gone = lifecycle.duplicate(house.flows[collection.LOGIN], by=admin)
    lifecycle.delete(gone, by=admin)
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


def play_history(house: House) -> None:
    history.seed_history(house.account, house.flows)
    connection.close()


def path_of(door: Door, house: House) -> str:
    """A page with as much on it as the demo has."""
    order = house.flows[collection.ORDER]
    unfinished = house.flows[collection.FESTIVAL]
    is_wizard = door.name in {"flow-edit", "flow-steps", "flow-step", "flow-check"}
    execution = Execution.objects.filter(flow=order).latest("id")
    values = {
        "sid": house.account.sid,
        "flow_id": (unfinished if is_wizard else order).public_id,
        "execution_id": execution.public_id,
        "number": 1,
        "test_id": TestSend.objects.get().public_id,
        "delivery_id": execution.public_id,
    }
    return reverse(door.name, kwargs={name: values[name] for name in door.values})


def pages(house: House) -> Iterator[str]:
    """Every address that answers a plain GET of the admin with a page, and some rarer states."""
    client = Client()
    client.force_login(house.people[Role.ADMIN])
    no_page = {"flow-restore", "callback-resend", *FRAGMENTS, *API}
    found = [path_of(door, house) for door in DOORS if door.name not in no_page]
    changed = house.flows[collection.DELIVERY].public_id
    found += [
        reverse("account-home", args=[house.new_account.sid]),
        reverse("flow-list", args=[house.new_account.sid]),
        reverse("flow-create", args=[house.new_account.sid]),
        reverse("execution-list", args=[house.new_account.sid]),
        reverse("rejected-call-list", args=[house.new_account.sid]),
        reverse("flow-detail", args=[house.account.sid, changed]),
        reverse("flow-check", args=[house.account.sid, changed]),
        reverse("flow-step", args=[house.account.sid, changed, 2]),
    ]
    for path in found:
        answer = client.get(path)
        is_page = answer.get("Content-Type", "").startswith("text/html")
        if answer.status_code in {200, 409} and is_page and not answer.streaming:
            yield path


def test_most_urls_are_pages(lived_in: House) -> None:
    """Guards the list that the tests below walk: it must not become empty unseen."""
    assert len(set(pages(lived_in))) >= 25


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible(
    page: Page, lived_in: House, faults: Faults, theme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=theme)
    assert faults_by_page(page, lived_in, faults) == {}


def test_every_page_fits_a_phone(phone: Page, lived_in: House, faults: Faults) -> None:
    assert faults_by_page(phone, lived_in, partial(faults, only="target-size")) == {}


def faults_by_page(page: Page, house: House, faults: Faults) -> dict[str, list[str]]:
    house.enter(page.context, Role.ADMIN)
    found = {}
    for path in pages(house):
        page.goto(house.url + path)
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        too_wide = [f"{width} px too wide"] if width > 0 else []
        if wrong := faults(page) + too_wide:
            found[path] = wrong
    return found
