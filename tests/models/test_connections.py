"""The life of a connection: guarded by what the person has seen, audited without secrets."""

import asyncio
import json
from typing import Any

import pytest
from django.utils import timezone

from flows.connectors import registry
from flows.connectors.base import CarrierFault, Connector, ErrorClass
from flows.connectors.sandbox import KEY as SANDBOX
from flows.models import (
    Account,
    AssetStatus,
    AuditEntry,
    Connection,
    Execution,
    ExecutionState,
    Flow,
    KycStatus,
    UnreadHook,
    User,
    carrier_questions,
    connections,
    reviews,
    senders,
)
from flows.models.asset import CarrierTemplate
from flows.models.connections import Wanted
from flows.models.execution import Attempt
from flows.placeholders import Channel
from tests import cast

TOKEN, NEWER = "planted-auth-token-1", "planted-auth-token-2"
SID = "AC" + "0" * 32
GIVEN = {"account_sid": SID, "auth_token": TOKEN}


def twilio() -> Connector:
    return registry.find("twilio")


@pytest.fixture
def connection(account: Account, admin: User) -> Connection:
    return connections.create(account, twilio(), Wanted("Twilio", GIVEN), by=admin)


def change(connection: Connection, admin: User, name: str = "Twilio", **config: str) -> None:
    given = {"account_sid": SID, **config}
    connections.change(connection, Wanted(name, given), by=admin, revision=connection.revision)


def last_entry(connection: Connection) -> Any:
    """What the log says last of it."""
    return AuditEntry.objects.filter(object_id=str(connection.public_id)).latest("id")


def whole_log() -> str:
    return json.dumps([[entry.before, entry.after] for entry in AuditEntry.objects.all()])


# --- Made -----------------------------------------------------------------------------------------


def test_it_is_made_with_a_door_of_its_own(account: Account, connection: Connection) -> None:
    assert connection.config == GIVEN
    assert TOKEN not in connection.config_encrypted
    other = cast.make_connection(account)
    assert connection.hook_code != other.hook_code
    assert connection.hook_key != other.hook_key
    entry = last_entry(connection)
    assert entry.action == "connection.create"
    assert entry.after["given_anew"] == ["Auth token"]
    assert entry.after["Account SID"] == SID


@pytest.mark.parametrize(
    ("status", "by_sandbox", "why"),
    [
        (KycStatus.APPROVED, True, "Only the Sandbox has approved"),
        (KycStatus.TO_DO, False, "not been handed in"),
        (KycStatus.IN_REVIEW, False, "still being checked"),
        (KycStatus.REJECTED, False, "were rejected"),
    ],
)
def test_a_real_carrier_waits_for_people_to_check_the_company(
    account: Account, admin: User, status: KycStatus, by_sandbox: bool, why: str
) -> None:
    Account.objects.update(kyc_status=status, is_kyc_by_sandbox=by_sandbox)
    with pytest.raises(connections.ConnectionRefused, match=why):
        connections.create(account, twilio(), Wanted("Twilio", GIVEN), by=admin)
    assert not Connection.objects.exists()
    connections.create(account, registry.find(SANDBOX), Wanted("Sandbox"), by=admin)


def test_one_sandbox_is_enough(account: Account, admin: User) -> None:
    sandbox = registry.find(SANDBOX)
    made = connections.create(account, sandbox, Wanted("Sandbox"), by=admin)
    with pytest.raises(connections.ConnectionRefused, match="Sandbox already"):
        connections.create(account, sandbox, Wanted("Another"), by=admin)
    connections.delete(made, by=admin, revision=made.revision)
    connections.create(account, sandbox, Wanted("Sandbox"), by=admin)


@pytest.mark.parametrize("name", ["Twilio", "TWILIO"])
def test_a_name_is_given_once(
    account: Account, admin: User, connection: Connection, name: str
) -> None:
    with pytest.raises(connections.ConnectionNameTaken):
        connections.create(account, twilio(), Wanted(name, GIVEN), by=admin)


# --- Changed --------------------------------------------------------------------------------------


def test_a_secret_that_is_not_given_stays(admin: User, connection: Connection) -> None:
    change(connection, admin, name="Twilio, main")
    assert connection.config == GIVEN
    entry = last_entry(connection)
    assert (entry.before["name"], entry.after["name"]) == ("Twilio", "Twilio, main")
    assert "given_anew" not in entry.after


def test_the_log_says_which_secret_was_given_and_never_what_it_is(
    admin: User, connection: Connection
) -> None:
    change(connection, admin, auth_token=NEWER)
    assert connection.config["auth_token"] == NEWER
    assert last_entry(connection).after["given_anew"] == ["Auth token"]
    connections.delete(connection, by=admin, revision=connection.revision)
    assert TOKEN not in whole_log() and NEWER not in whole_log()


def test_an_optional_secret_can_be_removed(admin: User, connection: Connection) -> None:
    change(connection, admin, api_key_secret="planted")
    wanted = Wanted("Twilio", {"account_sid": SID}, frozenset({"api_key_secret"}))
    connections.change(connection, wanted, by=admin, revision=connection.revision)
    assert connection.config == GIVEN
    assert last_entry(connection).after["removed"] == ["API key secret"]


def test_what_changes_nothing_is_not_logged(admin: User, connection: Connection) -> None:
    before, revision = AuditEntry.objects.count(), connection.revision
    change(connection, admin)
    assert AuditEntry.objects.count() == before
    assert connection.revision == revision


def test_new_credentials_are_to_be_checked_anew(admin: User, connection: Connection) -> None:
    now = timezone.now()
    connections.note_check(connection, CarrierFault("No.", ErrorClass.BLOCKED), by=admin, now=now)
    Connection.objects.update(down_since=now, probe_at=None)
    change(connection, admin, name="Another name")
    assert connection.check_error == "No."
    change(connection, admin, name="Another name", auth_token=NEWER)
    assert (connection.checked_at, connection.check_error) == (None, "")
    assert connection.probe_at is not None  # the next message may try whether it works now


def test_whoever_is_overtaken_changes_nothing(admin: User, connection: Connection) -> None:
    seen = connection.revision
    change(connection, admin, name="First")
    verbs: list[Any] = [
        lambda: connections.change(connection, Wanted("Second", GIVEN), by=admin, revision=seen),
        lambda: connections.give_new_address(connection, by=admin, revision=seen),
        lambda: connections.delete(connection, by=admin, revision=seen),
    ]
    code = connection.hook_code
    for verb in verbs:
        with pytest.raises(connections.ConnectionRefused, match="changed this connection"):
            verb()
    connection.refresh_from_db()
    assert (connection.name, connection.hook_code) == ("First", code)
    assert connection.deleted_at is None


def test_what_the_engine_notices_meanwhile_stays(admin: User, connection: Connection) -> None:
    """It writes columns of its own, and a person who saves does not put old values back."""
    Connection.objects.update(failures=7, unread_hooks=3)
    change(connection, admin, name="Another name")
    assert (connection.failures, connection.unread_hooks) == (7, 3)


def test_a_new_address_makes_the_old_one_unknown(admin: User, connection: Connection) -> None:
    old = (connection.hook_code, connection.hook_key)
    connections.give_new_address(connection, by=admin, revision=connection.revision)
    assert connection.hook_code != old[0] and connection.hook_key != old[1]
    assert not Connection.objects.filter(hook_code=old[0]).exists()
    entry = last_entry(connection)
    assert entry.action == "connection.new_address"
    assert connection.hook_key not in whole_log() and old[1] not in whole_log()


# --- Checked --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (None, "works"),
        (CarrierFault("Wrong token.", ErrorClass.BLOCKED), "credentials_refused"),
        (CarrierFault("Nobody answers.", ErrorClass.CARRIER_DOWN), "check_failed"),
        (CarrierFault("Strange."), "check_failed"),
    ],
)
def test_what_a_check_says_is_the_state(
    admin: User, connection: Connection, fault: CarrierFault | None, state: str
) -> None:
    assert connections.state_of(connection) == "not_checked"
    connections.note_check(connection, fault, by=admin, now=timezone.now())
    assert connections.state_of(connection) == state
    connection.down_since = timezone.now()
    assert connections.state_of(connection) == "down"


def test_a_check_of_former_credentials_is_thrown_away(admin: User, connection: Connection) -> None:
    asked = Connection.objects.get()
    change(connection, admin, auth_token=NEWER)
    with pytest.raises(connections.ConnectionRefused):
        connections.note_check(asked, None, by=admin, now=timezone.now())
    connection.refresh_from_db()
    assert connection.checked_at is None


def test_a_connector_that_breaks_is_a_sentence_without_its_words(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any) -> str:
        raise RuntimeError(f"cannot use {TOKEN}")

    with pytest.raises(CarrierFault, match="could not be read") as found:
        carrier_questions.ask(connection, fail)
    assert TOKEN not in str(found.value) and TOKEN not in caplog.text


def test_who_takes_too_long_is_told_so(connection: Connection) -> None:
    async def wait(*_: Any) -> str:
        await asyncio.sleep(30)
        return ""

    with pytest.raises(CarrierFault, match="did not answer within") as found:
        carrier_questions.ask(connection, wait, limit_s=0.01)
    assert found.value.error_class is ErrorClass.CARRIER_DOWN


# --- Deleted --------------------------------------------------------------------------------------


def test_deleting_erases_its_credentials_and_its_door(
    account: Account, admin: User, connection: Connection
) -> None:
    old = (connection.hook_code, connection.hook_key)
    now = timezone.now()
    CarrierTemplate.objects.create(connection=connection, name="x", state="approved", seen_at=now)
    UnreadHook.objects.create(connection=connection, method="POST", reason="?", received_at=now)
    connections.delete(connection, by=admin, revision=connection.revision)
    assert (connection.config_encrypted, connection.config) == ("", {})
    assert (connection.hook_code, connection.hook_key) != old
    assert not CarrierTemplate.objects.exists() and not UnreadHook.objects.exists()
    assert not connections.of(account).exists()
    assert last_entry(connection).before["name"] == "Twilio"
    connections.create(account, twilio(), Wanted("Twilio", GIVEN), by=admin)  # the name is free


def test_it_stays_while_a_sender_belongs_to_it(
    account: Account, admin: User, connection: Connection
) -> None:
    sender = cast.make_sender(account, Channel.SMS, connection=connection)
    with pytest.raises(connections.ConnectionRefused, match="A sender belongs to it"):
        connections.delete(connection, by=admin, revision=connection.revision)
    senders.delete(sender, by=admin)
    connections.delete(connection, by=admin, revision=connection.revision)
    with pytest.raises(connections.ConnectionRefused, match="was deleted"):
        senders.restore(sender, by=admin)


def send_with(connection: Connection, execution: Execution) -> None:
    """One attempt of its first step."""
    Attempt.objects.create(
        execution=execution,
        step=0,
        channel="sms",
        connector=connection.connector,
        connection=connection,
        sender="ACMERT",
        recipient=cast.RECIPIENT,
        created_at=timezone.now(),
    )


def test_it_stays_while_receipts_are_waited_for(
    admin: User, connection: Connection, published_flow: Flow
) -> None:
    execution = cast.make_execution(published_flow, state=ExecutionState.WAITING)
    send_with(connection, execution)
    with pytest.raises(connections.ConnectionRefused, match="1 running execution has sent"):
        connections.delete(connection, by=admin, revision=connection.revision)
    execution.delete()
    done = cast.make_execution(published_flow)
    send_with(connection, done)
    connections.delete(connection, by=admin, revision=connection.revision)
    assert Attempt.objects.get().connection == connection


def test_no_sender_comes_to_a_deleted_connection(
    account: Account, admin: User, connection: Connection
) -> None:
    """Somebody has the form open meanwhile."""
    seen = Connection.objects.get()
    draft = cast.make_sender(account, Channel.SMS, status=AssetStatus.DRAFT)
    connections.delete(connection, by=admin, revision=connection.revision)
    fields = {"identifier": "ACMEXX", "connection": seen}
    with pytest.raises(connections.ConnectionRefused):
        senders.create(account, by=admin, channel=Channel.SMS, **fields)
    with pytest.raises(connections.ConnectionRefused):
        senders.change(draft, by=admin, connection=seen)


# --- What the Sandbox approves --------------------------------------------------------------------


def test_a_sender_of_a_real_carrier_is_for_people_to_approve(
    account: Account, admin: User, connection: Connection
) -> None:
    draft = {"status": AssetStatus.DRAFT}
    real = cast.make_sender(account, Channel.SMS, connection=connection, **draft)
    played = cast.make_sender(account, Channel.SMS, identifier="ACMEPL", **draft)
    assert reviews.submit_sender(real, by=admin).settles_at is None
    assert reviews.submit_sender(played, by=admin).settles_at is not None


def test_what_the_sandbox_approved_cannot_move_to_a_real_carrier(
    account: Account, admin: User, connection: Connection
) -> None:
    sender = cast.make_sender(account, Channel.SMS)
    senders.change(sender, by=admin, connection=connection, carrier_id="MG1", dlt_entity_id="")
    sender.refresh_from_db()
    assert (sender.connection.connector, sender.carrier_id) == (SANDBOX, "")


def test_deleted_connections_do_not_say_where_an_account_lives(
    account: Account, admin: User, connection: Connection
) -> None:
    cast.make_connection(account)
    assert not reviews.lives_in_sandbox(account)
    connections.delete(connection, by=admin, revision=connection.revision)
    assert reviews.lives_in_sandbox(account)
