"""The pages of connections: list, carriers, forms that keep no secret, one connection, its carrier.

What carriers are asked goes to the protocol-true fakes, over real sockets.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.connectors import registry
from flows.models import (
    Account,
    AuditEntry,
    Connection,
    Sender,
    UnreadHook,
    User,
    carrier_questions,
    connections,
)
from flows.placeholders import Channel
from flows.views.connection_life import QUESTIONS_A_MINUTE
from tests import cast
from tests.fakes.twilio import FakeTwilio
from tests.fakes.whatsapp_cloud import FakeWhatsAppCloud

TOKEN, NEWER = "planted0auth0token00000000000001", "planted0auth0token00000000000002"
SID = "AC" + "0" * 32


@pytest.fixture
def twilio(account: Account) -> Connection:
    config = {"account_sid": SID, "auth_token": TOKEN}
    return cast.make_connection(account, "twilio", config=config)


def page(name: str, of: Account | Connection) -> str:
    if isinstance(of, Connection):
        return reverse(name, args=[of.account.sid, of.public_id])
    return reverse(name, args=[of.sid])


def text(answer: Any) -> str:
    return str(answer.content.decode())


def filled(**changes: str) -> dict[str, str]:
    given = {"name": "Twilio India", "config-account_sid": SID, "config-auth_token": TOKEN}
    return {**given, **changes}


def add(client: Client, account: Account, carrier: str = "twilio", **changes: str) -> Any:
    return client.post(
        page("connection-create", account) + f"?carrier={carrier}", filled(**changes)
    )


# --- The list -------------------------------------------------------------------------------------


def test_empty_list_teaches(as_admin: Client, account: Account) -> None:
    assert "Add the first connection" in text(as_admin.get(page("connection-list", account)))


def test_list_says_how_each_is(as_admin: Client, account: Account, twilio: Connection) -> None:
    cast.make_sender(account, Channel.SMS, connection=twilio)
    cast.make_sender(account, Channel.SMS, identifier="GONE", connection=twilio)
    Sender.objects.filter(identifier="GONE").update(deleted_at=timezone.now())
    shown = text(as_admin.get(page("connection-list", account)))
    assert "Not checked" in shown and "1 sender" in shown and "None yet" in shown
    heard = (timezone.now() - timedelta(minutes=1)).isoformat()
    Connection.objects.update(health={"last_receipt_at": heard}, checked_at=timezone.now())
    shown = text(as_admin.get(page("connection-list", account)))
    assert "Works" in shown and "None yet" not in shown
    Connection.objects.update(check_error="Wrong token.", check_class="blocked")
    assert "Credentials refused" in text(as_admin.get(page("connection-list", account)))
    Connection.objects.update(down_since=timezone.now())
    assert "Down" in text(as_admin.get(page("connection-list", account)))


def test_deleted_ones_are_nowhere(
    as_admin: Client, admin: User, account: Account, twilio: Connection
) -> None:
    connections.delete(twilio, by=admin, revision=twilio.revision)
    assert "Add the first connection" in text(as_admin.get(page("connection-list", account)))
    assert as_admin.get(page("connection-detail", twilio)).status_code == 404
    assert "twilio" not in text(as_admin.get(page("sender-create", account))).lower()


# --- Choosing a carrier ---------------------------------------------------------------------------


def test_every_carrier_of_the_installation_is_offered(as_admin: Client, account: Account) -> None:
    shown = text(as_admin.get(page("connection-create", account)))
    for key, connector in registry.load().items():
        assert f'href="?carrier={key}"' in shown
        assert connector.label in shown


def test_an_unknown_carrier_is_asked_for_again(as_admin: Client, account: Account) -> None:
    answer = as_admin.get(page("connection-create", account) + "?carrier=pigeon")
    assert answer.status_code == 200 and "Which carrier?" in text(answer)


@pytest.mark.parametrize("self_approves", [True, False])
def test_real_carriers_wait_for_a_check_by_people(
    as_admin: Client, account: Account, settings: LazySettings, self_approves: bool
) -> None:
    settings.FALLBACK_SELF_APPROVE = self_approves
    Account.objects.update(is_kyc_by_sandbox=True)
    shown = text(as_admin.get(page("connection-create", account)))
    assert "Only the Sandbox has approved the company details" in shown
    assert page("company-detail", account) in shown
    assert ("an admin of this account then approves them" in shown) is self_approves
    assert "?carrier=sandbox" in shown and "?carrier=twilio" not in shown
    answer = add(as_admin, account)
    assert "Which carrier?" in text(answer)
    assert not Connection.objects.exists()


def test_what_waits_says_so_on_its_own_page(
    as_admin: Client, account: Account, twilio: Connection
) -> None:
    Account.objects.update(is_kyc_by_sandbox=True)
    assert page("company-detail", account) in text(as_admin.get(page("connection-detail", twilio)))


def test_one_sandbox_is_enough(as_admin: Client, account: Account) -> None:
    cast.make_connection(account)
    shown = text(as_admin.get(page("connection-create", account)))
    assert "?carrier=sandbox" not in shown and "one is enough" in shown


# --- The form -------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", ["kaleyra", "twilio", "whatsapp_cloud"])
def test_the_form_is_what_the_connector_declares(
    as_admin: Client, account: Account, carrier: str
) -> None:
    shown = text(as_admin.get(page("connection-create", account) + f"?carrier={carrier}"))
    for declared in registry.find(carrier).config_fields:
        assert f'name="config-{declared.name}"' in shown
        assert declared.label in shown
    secrets = [one for one in registry.find(carrier).config_fields if one.is_secret]
    assert shown.count('type="password"') == shown.count("new-password") == len(secrets) > 0


def test_adding_one_leads_to_its_page(as_admin: Client, account: Account) -> None:
    answer = add(as_admin, account)
    made = Connection.objects.get()
    assert answer.status_code == 302 and answer["Location"] == page("connection-detail", made)
    assert made.config == {"account_sid": SID, "auth_token": TOKEN}
    shown = text(as_admin.get(answer["Location"]))
    assert "“Twilio India” was added." in shown and TOKEN not in shown


def test_all_faults_at_once_and_only_secrets_are_typed_again(
    as_admin: Client, account: Account
) -> None:
    wrong = {"name": "", "config-account_sid": "AC12", "config-messaging_service_sid": "MGx"}
    answer = add(as_admin, account, **wrong)
    shown = text(answer)
    assert answer.status_code == 422
    assert "Enter a name." in shown
    assert "An Account SID is AC and 32" in shown and "A Messaging Service SID is" in shown
    assert 'value="AC12"' in shown and 'value="MGx"' in shown
    assert TOKEN not in shown
    assert "Secrets are not kept in the page: enter it again." in shown
    assert not Connection.objects.exists()


def test_what_is_missing_is_named(as_admin: Client, account: Account) -> None:
    shown = text(add(as_admin, account, **{"config-auth_token": "", "config-account_sid": " "}))
    assert "Enter the auth token." in shown and "Enter the account SID." in shown


@pytest.mark.parametrize("typed", ["a\x00b", "a\nb", "\x7f" * 32])
def test_control_characters_are_refused(as_admin: Client, account: Account, typed: str) -> None:
    answer = add(as_admin, account, **{"config-auth_token": typed})
    assert answer.status_code == 422
    assert not Connection.objects.exists()


def test_a_choice_that_is_not_offered_is_refused(as_admin: Client, account: Account) -> None:
    given = {"config-pod": "MARS", "config-sid": "HXIN1", "config-api_key": "A0", "name": "K"}
    shown = text(add(as_admin, account, "kaleyra", **given))
    assert "Choose the pod." in shown


def test_a_taken_name_is_said_at_its_field(
    as_admin: Client, account: Account, twilio: Connection
) -> None:
    answer = add(as_admin, account, name=twilio.name.upper())
    assert answer.status_code == 422
    assert "Another connection is called" in text(answer)
    assert TOKEN not in text(answer)


def test_a_new_one_gets_a_name_that_is_free(
    as_admin: Client, account: Account, twilio: Connection
) -> None:
    shown = text(as_admin.get(page("connection-create", account) + "?carrier=twilio"))
    assert 'value="Twilio 2"' in shown


def test_editing_keeps_a_secret_that_is_left_empty(as_admin: Client, twilio: Connection) -> None:
    edit = page("connection-edit", twilio)
    shown = text(as_admin.get(edit))
    assert "Stored, and never shown again" in shown and TOKEN not in shown
    given = filled(revision=str(twilio.revision), **{"config-auth_token": ""})
    assert as_admin.post(edit, given).status_code == 302
    twilio.refresh_from_db()
    assert (twilio.name, twilio.config["auth_token"]) == ("Twilio India", TOKEN)
    given = filled(revision=str(twilio.revision), **{"config-auth_token": NEWER})
    as_admin.post(edit, given)
    twilio.refresh_from_db()
    assert twilio.config["auth_token"] == NEWER


def test_an_optional_secret_is_removed_by_saying_so(as_admin: Client, twilio: Connection) -> None:
    twilio.config = {**twilio.config, "api_key_secret": "planted-secret"}
    twilio.save()
    edit, remove = page("connection-edit", twilio), {"remove-api_key_secret": "on"}
    assert 'name="remove-api_key_secret"' in text(as_admin.get(edit))
    both = {**remove, "config-api_key_secret": "newer-secret"}
    answer = as_admin.post(edit, filled(revision=str(twilio.revision), **both))
    assert answer.status_code == 422 and "newer-secret" not in text(answer)
    as_admin.post(edit, filled(revision=str(twilio.revision), **remove))
    twilio.refresh_from_db()
    assert "api_key_secret" not in twilio.config


def test_who_is_overtaken_is_told(as_admin: Client, admin: User, twilio: Connection) -> None:
    seen = str(twilio.revision)
    wanted = connections.Wanted("First", {"account_sid": SID})
    connections.change(twilio, wanted, by=admin, revision=twilio.revision)
    answer = as_admin.post(page("connection-edit", twilio), filled(revision=seen), follow=True)
    assert "Nothing of yours was saved." in text(answer)
    twilio.refresh_from_db()
    assert twilio.name == "First"


# --- One connection -------------------------------------------------------------------------------


def test_its_page_shows_everything_but_secrets(as_admin: Client, twilio: Connection) -> None:
    Connection.objects.update(
        base_url="http://127.0.0.1:9/", last_error="the carrier is out of order",
        last_error_at=timezone.now(), forged_hooks=4, forged_hook_at=timezone.now(),
        unread_hooks=2,
    )  # fmt: skip
    answer = as_admin.get(page("connection-detail", twilio))
    shown = text(answer)
    assert SID in shown and "Stored" in shown and TOKEN not in shown
    assert "The carrier is out of order" in shown and "http://127.0.0.1:9/" in shown
    assert connections.receipt_url(twilio) in shown
    assert "4 requests" in shown and page("connection-unread", twilio) in shown
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("address", "is_local"),
    [("http://127.0.0.1:8000", True), ("http://localhost", True), ("https://f.example", False)],
)
def test_an_address_that_no_carrier_reaches_is_said_to_be_one(
    as_admin: Client, twilio: Connection, settings: LazySettings, address: str, is_local: bool
) -> None:
    settings.HOOKS_BASE_URL = address
    shown = text(as_admin.get(page("connection-detail", twilio)))
    assert ("no carrier reaches it" in shown) is is_local
    assert f"{address}/hooks/{twilio.hook_code}/" in shown


def test_only_a_carrier_that_asks_for_it_gets_the_verify_token(
    as_admin: Client, account: Account, twilio: Connection
) -> None:
    meta = cast.make_connection(account, "whatsapp_cloud")
    shown = text(as_admin.get(page("connection-detail", meta)))
    assert "Verify token" in shown and meta.hook_key in shown
    shown = text(as_admin.get(page("connection-detail", twilio)))
    assert "Verify token" not in shown and twilio.hook_key not in shown


def test_without_its_connector_it_can_still_be_seen_and_deleted(
    as_admin: Client, account: Account
) -> None:
    lost = cast.make_connection(account, "long_gone", name="Long Gone")
    assert "does not have its connector" in text(as_admin.get(page("connection-detail", lost)))
    assert "Long Gone" in text(as_admin.get(page("connection-list", account)))
    assert as_admin.get(page("connection-edit", lost)).status_code == 302
    for name in ("connection-senders", "connection-templates"):
        assert as_admin.get(page(name, lost)).status_code == 200
    as_admin.post(page("connection-check", lost))
    as_admin.post(page("connection-sync", lost))
    as_admin.post(page("connection-delete", lost), {"revision": lost.revision})
    lost.refresh_from_db()
    assert lost.deleted_at


def test_a_new_address_is_asked_for_first(as_admin: Client, twilio: Connection) -> None:
    ask = page("connection-new-address", twilio)
    assert "Receipts to the old address are not accepted any more" in text(as_admin.get(ask))
    as_admin.post(ask, {"revision": twilio.revision})
    old = connections.receipt_url(twilio)
    twilio.refresh_from_db()
    assert connections.receipt_url(twilio) != old
    answer = as_admin.post(ask, {"revision": twilio.revision - 1}, follow=True)
    assert "Somebody changed this connection meanwhile" in text(answer)


def test_what_holds_it_is_named_before_it_is_deleted(
    as_admin: Client, account: Account, twilio: Connection
) -> None:
    sender = cast.make_sender(account, Channel.SMS, connection=twilio)
    shown = text(as_admin.get(page("connection-delete", twilio)))
    assert sender.label in shown and "Delete connection" not in shown
    as_admin.post(page("connection-delete", twilio), {"revision": twilio.revision})
    twilio.refresh_from_db()
    assert twilio.deleted_at is None
    Sender.objects.update(deleted_at=timezone.now())
    assert "Delete connection" in text(as_admin.get(page("connection-delete", twilio)))
    as_admin.post(page("connection-delete", twilio), {"revision": twilio.revision})
    twilio.refresh_from_db()
    assert twilio.deleted_at and twilio.config == {}


def test_what_could_not_be_read_is_shown_as_it_came(as_admin: Client, twilio: Connection) -> None:
    UnreadHook.objects.create(
        connection=twilio,
        method="POST",
        query="a=1",
        content_type="text/html",
        body="<script>alert(1)</script>",
        reason="The body names no message.",
        received_at=timezone.now(),
    )
    shown = text(as_admin.get(page("connection-unread", twilio)))
    assert "The body names no message." in shown and "&lt;script&gt;" in shown
    assert "<script>alert" not in shown


def test_history_says_who_did_what(as_admin: Client, account: Account) -> None:
    add(as_admin, account)
    made = Connection.objects.get()
    as_admin.post(
        page("connection-edit", made),
        filled(revision=str(made.revision), **{"config-auth_token": NEWER}),
    )
    shown = text(as_admin.get(page("connection-detail", made)))
    assert "Added by Asha" in shown
    assert re.search(r"Changed by [^:<]*, with a new Auth token\.", shown)
    made.refresh_from_db()
    renamed = filled(name="Twilio UK", revision=str(made.revision))
    as_admin.post(page("connection-edit", made), {**renamed, "config-auth_token": ""})
    shown = text(as_admin.get(page("connection-detail", made)))
    assert re.search(r"Changed by [^:<]*: name\.", shown)


# --- What its carrier is asked --------------------------------------------------------------------


def test_credentials_are_checked_at_the_carrier(as_admin: Client, account: Account) -> None:
    with FakeTwilio() as fake:
        made = cast.make_connection(account, "twilio", config=dict(fake.config), base_url=fake.url)
        answer = as_admin.post(page("connection-check", made), follow=True)
        assert "Works" in text(answer) and "the credentials are good" in text(answer)
        made.config = {**fake.config, "auth_token": "f" * 32}
        made.save()
        answer = as_admin.post(page("connection-check", made), follow=True)
    shown = text(answer)
    assert "Credentials refused" in shown and "Enter new credentials" in shown
    made.refresh_from_db()
    assert made.check_error and made.check_class == "blocked"
    assert AuditEntry.objects.filter(action="connection.check").exists()


def test_a_carrier_that_is_not_there_is_no_wrong_key(as_admin: Client, twilio: Connection) -> None:
    Connection.objects.update(base_url="http://127.0.0.1:9")
    answer = as_admin.post(page("connection-check", twilio), follow=True)
    assert "Check failed" in text(answer) and "did not go through" in text(answer)


def _noting(asked: list[Connection]) -> Callable[[Connection], str]:
    def check(connection: Connection) -> str:
        asked.append(connection)
        return "Good."

    return check


def test_a_carrier_is_not_asked_without_end(
    as_admin: Client, twilio: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Connection] = []
    monkeypatch.setattr(carrier_questions, "check", _noting(asked))
    for _ in range(QUESTIONS_A_MINUTE + 3):
        answer = as_admin.post(page("connection-check", twilio), follow=True)
    assert len(asked) == QUESTIONS_A_MINUTE
    assert "asked often within the last minute" in text(answer)


def test_the_sandbox_has_nothing_to_check(as_admin: Client, account: Account) -> None:
    made = cast.make_connection(account)
    answer = as_admin.post(page("connection-check", made), follow=True)
    assert "Sandbox has nothing to check" in text(answer)


def test_senders_of_the_carrier_can_be_added(as_admin: Client, account: Account) -> None:
    with FakeWhatsAppCloud() as fake:
        made = cast.make_connection(
            account, "whatsapp_cloud", config=dict(fake.config), base_url=fake.url
        )
        shown = text(as_admin.get(page("connection-senders", made)))
    listed = [part.split('"')[0] for part in shown.split('href="') if "carrier_id=" in part]
    assert listed
    form = text(as_admin.get(listed[0].replace("&amp;", "&")))
    chosen = f'<option value="{made.pk}" selected>'
    assert chosen in form and 'name="carrier_id" value=""' not in form


def test_a_number_that_is_registered_elsewhere_says_where(
    as_admin: Client, account: Account
) -> None:
    """The Sandbox was tried with the real number."""
    played = cast.make_sender(account, Channel.WHATSAPP)
    with FakeWhatsAppCloud() as fake:
        config = dict(fake.config)
        made = cast.make_connection(account, "whatsapp_cloud", config=config, base_url=fake.url)
        listed = text(as_admin.get(page("connection-senders", made)))
        assert played.identifier in listed and "belongs to the connection “Sandbox”" in listed
        Sender.objects.update(connection=made)
        listed = text(as_admin.get(page("connection-senders", made)))
    assert "belongs to the connection" not in listed and "See it" in listed


def test_a_carrier_that_does_not_answer_says_so(as_admin: Client, twilio: Connection) -> None:
    Connection.objects.update(base_url="http://127.0.0.1:9")
    answer = as_admin.get(page("connection-senders", twilio))
    assert answer.status_code == 200 and "Twilio" in text(answer) and "callout" in text(answer)


def test_templates_of_the_carrier_stand_beside_ours(as_admin: Client, account: Account) -> None:
    ours = cast.make_template(account, Channel.WHATSAPP)
    missing = cast.make_template(account, Channel.WHATSAPP, name="not_there")
    with FakeWhatsAppCloud() as fake:
        made = cast.make_connection(
            account, "whatsapp_cloud", config=dict(fake.config), base_url=fake.url
        )
        fake.have(ours.content)
        before = text(as_admin.get(page("connection-templates", made)))
        shown = text(as_admin.post(page("connection-sync", made), follow=True))
    assert "Fetch the list" in before
    assert ours.name in shown and "Approved" in shown
    assert missing.name in shown and "Not there" in shown
    assert "The list of Meta is here." in shown


# --- The sender form ------------------------------------------------------------------------------

NUMBER = {"identifier": "+91 80-4718 2200", "display_name": "Acme", "generation": "V1"}


def register(client: Client, account: Account, channel: str, **given: Any) -> Any:
    return client.post(page("sender-create", account) + f"?channel={channel}", given)


def test_a_sender_says_what_its_carrier_calls_it(as_admin: Client, account: Account) -> None:
    meta = cast.make_connection(account, "whatsapp_cloud")
    shown = text(as_admin.get(page("sender-create", account) + "?channel=whatsapp"))
    assert "Phone number ID" in shown
    answer = register(as_admin, account, "whatsapp", **NUMBER, connection=meta.pk)
    assert "Enter the phone number ID: WhatsApp Cloud API (Meta) needs it." in text(answer)
    given = {**NUMBER, "connection": meta.pk, "carrier_id": "106540352242922"}
    assert register(as_admin, account, "whatsapp", **given).status_code == 302
    sender = Sender.objects.get()
    assert sender.carrier_id == "106540352242922"
    shown = text(as_admin.get(reverse("sender-detail", args=[account.sid, sender.public_id])))
    assert "106540352242922" in shown and "WhatsApp Cloud API" in shown


def test_where_nobody_needs_it_there_is_no_field(as_admin: Client, account: Account) -> None:
    cast.make_connection(account, "whatsapp_cloud")
    cast.make_connection(account)
    shown = text(as_admin.get(page("sender-create", account) + "?channel=sms"))
    assert 'name="carrier_id"' not in shown


def test_a_name_that_the_carrier_does_not_know_is_not_kept(
    as_admin: Client, account: Account
) -> None:
    """Two connections, and the field was filled in for the other one."""
    cast.make_connection(account, "whatsapp_cloud")
    sandbox = cast.make_connection(account)
    register(
        as_admin, account, "whatsapp", **NUMBER, connection=sandbox.pk, carrier_id="1065403522"
    )
    assert Sender.objects.get().carrier_id == ""


def test_a_connection_must_serve_the_channel(
    as_admin: Client, account: Account, twilio: Connection
) -> None:
    answer = register(as_admin, account, "whatsapp", **NUMBER, connection=twilio.pk)
    assert answer.status_code == 422
    assert "Twilio does not send WhatsApp here" in text(answer)


def test_only_connections_that_serve_the_channel_are_offered(
    as_admin: Client, account: Account, twilio: Connection
) -> None:
    cast.make_connection(account)
    form = {
        channel: text(as_admin.get(f"/a/{account.sid}/senders/new/?channel={channel}"))
        for channel in ("whatsapp", "sms")
    }
    option = f'<option value="{twilio.pk}">'
    assert option in form["sms"]
    assert option not in form["whatsapp"]


def test_a_name_keeps_its_capitals_inside_a_sentence(as_admin: Client, account: Account) -> None:
    answer = as_admin.post(f"/a/{account.sid}/connections/new/?carrier=whatsapp_cloud", {})
    assert "Enter the WhatsApp Business Account ID." in text(answer)
    assert "Enter the access token." in text(answer)


def test_a_link_with_nonsense_fills_in_nothing(as_admin: Client, account: Account) -> None:
    foreign = cast.make_connection(cast.make_account("Globex"))
    cast.make_connection(account)
    for value in ("x", str(foreign.public_id), "\0"):
        address = page("sender-create", account)
        assert as_admin.get(address, {"connection": value}).status_code == 200
