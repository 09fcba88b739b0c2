"""Two people at one connection at the same moment, in real threads.

Also run on PostgreSQL (tests/scale/test_postgres.py).
"""

import pytest

from flows.connectors import registry
from flows.models import Account, Connection, Sender, User, connections, senders
from flows.models.connections import Wanted
from flows.placeholders import Channel
from tests import cast
from tests.running import at_once

pytestmark = pytest.mark.django_db(transaction=True)
GIVEN = {"account_sid": "AC" + "0" * 32, "auth_token": "planted"}


def seen() -> Connection:
    return Connection.objects.select_related("account").get()


@pytest.mark.parametrize("round_", range(5))
def test_no_sender_is_left_at_a_deleted_connection(
    account: Account, admin: User, round_: int
) -> None:
    cast.make_connection(account)
    mine, theirs = seen(), seen()
    fields = {"identifier": "ACMERT", "connection": theirs}
    became = at_once(
        lambda: connections.delete(mine, by=admin, revision=mine.revision),
        lambda: senders.create(account, by=admin, channel=Channel.SMS, **fields),
    )
    assert became.count("done") == 1
    assert Sender.objects.exists() is (seen().deleted_at is None)


@pytest.mark.parametrize("round_", range(5))
def test_of_two_changes_one_is_told(account: Account, admin: User, round_: int) -> None:
    cast.make_connection(account, "twilio", config=GIVEN)
    one, two = seen(), seen()
    became = at_once(
        lambda: connections.change(one, Wanted("One", GIVEN), by=admin, revision=one.revision),
        lambda: connections.change(two, Wanted("Two", GIVEN), by=admin, revision=two.revision),
    )
    assert became.count("done") == 1
    assert seen().revision == 2


@pytest.mark.parametrize("round_", range(5))
def test_two_that_are_made_at_once_never_share_a_name(
    account: Account, admin: User, round_: int
) -> None:
    twilio = registry.find("twilio")
    became = at_once(
        lambda: connections.create(account, twilio, Wanted("Twilio", GIVEN), by=admin),
        lambda: connections.create(account, twilio, Wanted("TWILIO", GIVEN), by=admin),
    )
    assert became.count("done") == 1
    assert Connection.objects.count() == 1
