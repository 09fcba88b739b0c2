"""What pages say of connections that are down, whose receipts do not come, or whose carrier refuses
a template: at the connection, on Home, in the list, on the flow and before publishing.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from flows.definition.connection_warnings import connection_warnings
from flows.engine import run
from flows.models import Account, CarrierTemplate, Connection, Flow, KeyKind, Template, User
from flows.models.catalog import catalog_of
from flows.placeholders import Channel
from tests import cast
from tests.engine import drive

NONE = {"verdict": "none", "sends": 40, "with_receipt": 12, "silent": 25, "slow_s": None}
FEW = {"verdict": "few", "judged": 40, "answered": 12, "sends": 40, "with_receipt": 12, "silent": 3}
SLOW = {"verdict": "good", "sends": 40, "with_receipt": 40, "silent": 0, "slow_s": 75.5}


@pytest.fixture
def flow(frail_flow: Flow) -> Flow:
    return frail_flow


def go_down(frail: Connection) -> None:
    frail.down_since = timezone.now() - timedelta(minutes=3)
    frail.probe_at = timezone.now() + timedelta(seconds=30)
    frail.last_error, frail.failures = "the connection was refused", 5
    frail.save()


def list_templates(frail: Connection, state: str = "", *, reason: str = "") -> None:
    """The carrier's list as of now, with our template in this state or not at all."""
    Connection.objects.filter(pk=frail.pk).update(synced_at=timezone.now())
    if state:
        CarrierTemplate.objects.create(
            connection=frail,
            name="order_update",
            language="en",
            state=state,
            reason=reason,
            seen_at=timezone.now(),
        )


def page(client: Client, name: str, *ids: Any) -> str:
    answer = client.get(reverse(name, args=ids))
    assert answer.status_code == 200
    return str(answer.content.decode()).replace("&#x27;", "'")


def pages_of(client: Client, flow: Flow) -> dict[str, str]:
    sid = flow.account.sid
    return {
        "home": page(client, "account-home", sid),
        "list": page(client, "flow-list", sid),
        "flow": page(client, "flow-detail", sid, flow.public_id),
        "check": page(client, "flow-check", sid, flow.public_id),
    }


def at_connection(client: Client, frail: Connection) -> str:
    return page(client, "connection-detail", frail.account.sid, frail.public_id)


# --- Down -----------------------------------------------------------------------------------------


def test_a_connection_that_is_down_is_told_everywhere(
    as_admin: Client, flow: Flow, frail: Connection
) -> None:
    go_down(frail)
    why = f"Kaleyra India has been down since {frail.down_since:%H:%M} UTC"
    for name, shown in pages_of(as_admin, flow).items():
        assert f"{why} (the connection was refused)" in shown, name
    shown = at_connection(as_admin, frail)
    assert "Nothing is sent with this connection at this moment" in shown
    assert why in shown


def test_a_viewer_is_told_whom_to_ask(as_viewer: Client, flow: Flow, frail: Connection) -> None:
    go_down(frail)
    shown = page(as_viewer, "account-home", flow.account.sid)
    assert "Ask an admin of this account to look at it." in shown
    assert "/connections/" not in shown


def test_nothing_is_said_while_all_is_well(as_admin: Client, flow: Flow, frail: Connection) -> None:
    Connection.objects.update(health={**SLOW, "slow_s": 60})
    for name, shown in pages_of(as_admin, flow).items():
        assert "Kaleyra India" not in shown, name
        assert "Carrier trouble" not in shown, name


# --- Receipts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (NONE, "Step 1: receipts of Kaleyra India do not arrive, so the next step follows"),
        (FEW, "Step 1: receipts of Kaleyra India arrive for less than half of its messages"),
        (SLOW, "Step 1: it waits 1 min, but 5 of 100 receipts of Kaleyra India take longer than "),
    ],
    ids=["none", "few", "slow"],
)
def test_flows_are_warned_of_receipts_that_do_not_come_in_time(
    as_admin: Client, flow: Flow, health: dict[str, Any], words: str
) -> None:
    Connection.objects.filter(connector="frail").update(health=health)
    shown = pages_of(as_admin, flow)
    assert [name for name in ("list", "flow", "check") if words in shown[name]] == [
        "list", "flow", "check",
    ]  # fmt: skip


def test_the_connection_and_home_say_what_to_do(
    as_admin: Client, flow: Flow, frail: Connection
) -> None:
    Connection.objects.filter(pk=frail.pk).update(health=NONE, health_at=timezone.now())
    for shown in (at_connection(as_admin, frail), pages_of(as_admin, flow)["home"]):
        assert "Receipts do not arrive: none came for the last 25 messages." in shown
        assert "check that the carrier has its address for receipts" in shown


def test_receipts_that_do_not_come_are_seen_before_anything_else(
    as_admin: Client, frail: Connection
) -> None:
    """The list and the head of the page say it: that the credentials work is no comfort."""
    Connection.objects.filter(pk=frail.pk).update(health=NONE, health_at=timezone.now())
    shown = at_connection(as_admin, frail)
    assert shown.index("Receipts missing") < shown.index("Receipts do not arrive")
    assert shown.index("Receipts do not arrive") < shown.index("Added")
    listed = as_admin.get(f"/a/{frail.account.sid}/connections/").content.decode()
    assert "Receipts missing" in listed
    Connection.objects.filter(pk=frail.pk).update(health={"verdict": "good"})
    listed = as_admin.get(f"/a/{frail.account.sid}/connections/").content.decode()
    assert "Receipts missing" not in listed


def test_a_step_that_counts_acceptance_needs_no_receipts(
    account: Account, admin: User, frail: Connection
) -> None:
    cast.make_sender(account, Channel.WHATSAPP, connection=frail)
    steps = (
        cast.make_step(account, Channel.WHATSAPP, counts_as="accepted"),
        cast.make_step(account, Channel.SMS),
    )
    Connection.objects.filter(pk=frail.pk).update(health=NONE)
    assert connection_warnings(steps, catalog_of(account)) == []
    last = connection_warnings(tuple(reversed(steps))[:1], catalog_of(account))
    assert last == []


def test_the_sandbox_is_never_blamed(as_admin: Client, account: Account, admin: User) -> None:
    flow = cast.make_published_flow(account, by=admin)
    Connection.objects.update(health=NONE)
    assert "Receipts do not arrive" not in pages_of(as_admin, flow)["home"]
    sandbox = Connection.objects.get()
    assert "How receipts come in" not in at_connection(as_admin, sandbox)


def test_numbers_are_shown_as_times(as_admin: Client, frail: Connection) -> None:
    health = {
        **SLOW,
        "median_s": 1.2,
        "p95_s": 8.0,
        "delivered_median_s": 3.0,
        "delivered_p95_s": 75.5,
        "unmatched": 1000,
        "last_receipt_at": timezone.now().isoformat(),
    }
    Connection.objects.update(health=health, health_at=timezone.now())
    shown = at_connection(as_admin, frail)
    for text in ("100 %", "1.2 s", "8 s", "3 s", "1 min 16 s", "1,000 or more in 24 hours"):
        assert text in shown


# --- Templates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("paused", "low quality", "Frail has paused the template order_update (en): low quality"),
        ("rejected", "", "Frail has rejected the template order_update (en)"),
        ("disabled", "", "Frail has disabled the template order_update (en)"),
        ("pending", "", "Frail has not approved the template order_update (en)"),
        ("", "", "Frail does not know the template order_update (en)"),
    ],
)
def test_a_template_that_the_carrier_does_not_take_is_told_everywhere_and_skipped(
    as_admin: Client, flow: Flow, frail: Connection, state: str, reason: str, words: str
) -> None:
    list_templates(frail, state, reason=reason)
    for name, shown in pages_of(as_admin, flow).items():
        assert words in shown, name
    execution = drive.accept(flow, "0001", "0001", kind=KeyKind.LIVE, at=timezone.now())
    run.until_idle(timezone.now())
    assert drive.attempts(execution)[0].reason == f"Skipped: {words}, moved on to SMS"


@pytest.mark.parametrize("state", ["approved", "unknown"])
def test_a_template_that_it_may_take_is_sent(
    as_admin: Client, flow: Flow, frail: Connection, state: str
) -> None:
    list_templates(frail, state)
    assert "Frail" not in pages_of(as_admin, flow)["flow"]
    execution = drive.accept(flow, "0001", "0001", kind=KeyKind.LIVE, at=timezone.now())
    run.until_idle(timezone.now())
    assert drive.attempts(execution)[0].state == "waiting"


def test_a_list_is_believed_only_when_it_is_fresh_and_younger_than_our_template(
    account: Account, flow: Flow, frail: Connection
) -> None:
    def refused() -> int:
        facts = catalog_of(account).connections[str(frail.public_id)]
        return len(facts.refused_templates)

    assert refused() == 0  # never fetched
    list_templates(frail)
    assert refused() == 1
    Template.objects.update(created_at=timezone.now())  # made since
    assert refused() == 0
    Connection.objects.update(synced_at=timezone.now() - timedelta(hours=25))
    CarrierTemplate.objects.create(
        connection=frail, name="order_update", language="en", state="paused",
        seen_at=timezone.now(),
    )  # fmt: skip
    assert refused() == 0


def test_a_flow_with_a_paused_template_is_not_published(
    as_admin: Client, account: Account, admin: User, frail: Connection
) -> None:
    cast.make_sender(account, Channel.WHATSAPP, connection=frail)
    flow = cast.make_flow(account, by=admin)
    list_templates(frail, "paused")
    as_admin.post(
        reverse("flow-publish", args=[account.sid, flow.public_id]), {"revision": flow.revision}
    )
    flow.refresh_from_db()
    assert not flow.is_published


def test_lists_cost_one_query_however_many_templates_there_are(
    account: Account, flow: Flow, frail: Connection
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(database) as asked:
            catalog_of(account)
        return len(asked)

    without = cost()
    list_templates(frail, "approved")
    one = cost()
    for number in range(10):
        cast.make_template(account, Channel.WHATSAPP, name=f"other_{number}")
    assert (one, cost()) == (without + 1, without + 1)


# --- Gone connectors ------------------------------------------------------------------------------


def test_a_connector_that_is_gone_breaks_no_page(
    as_admin: Client, flow: Flow, frail: Connection, settings: Settings
) -> None:
    go_down(frail)
    list_templates(frail, "paused")
    settings.EXTRA_CONNECTORS = []
    pages_of(as_admin, flow)
    at_connection(as_admin, frail)
    page(as_admin, "connection-list", flow.account.sid)
