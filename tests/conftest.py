"""What every test stands on: a file database, no network, the HTML conscience, and the cast."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db.models.signals import post_save
from django.http import HttpResponseBase
from django.test import Client
from hypothesis import settings as hypothesis_settings
from pytest_django.fixtures import Settings

from flows.audit_words import KINDS, WORDS
from flows.models import Account, AuditEntry, Connection, Flow, KeyKind, Role, User
from flows.models.flow import pinned_version
from flows.placeholders import Channel
from tests import cast, conscience, network
from tests.engine import frail_connector
from tests.fakes.whatsapp_cloud import FakeWhatsAppCloud

hypothesis_settings.register_profile("default", max_examples=60, deadline=None)
hypothesis_settings.register_profile("thorough", max_examples=2000, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


# --- The stage ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite tests use a file: an in-memory database has other locks and only one process."""
    default = django_settings.DATABASES["default"]
    if default["ENGINE"] != "django.db.backends.sqlite3":
        return
    file = Path(tmp_path_factory.getbasetemp()) / "test.sqlite3"
    default.setdefault("TEST", {})["NAME"] = str(file)
    # A test database need not survive a power cut; a killed process loses nothing either way.
    default["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session", autouse=True)
def empty_static_root(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests serve the files as they lie in the source, never a collected copy."""
    django_settings.STATIC_ROOT = tmp_path_factory.mktemp("static")


@pytest.fixture(scope="session", autouse=True)
def own_documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents that tests upload lie in a directory of their own."""
    options = django_settings.STORAGES["documents"]["OPTIONS"]
    options["location"] = tmp_path_factory.mktemp("documents")
    return Path(options["location"])


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Any connection that would leave this machine fails the test that makes it."""
    with network.only_loopback():
        yield


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """No test finds a rate limit that another one has used up."""
    cache.clear()


@pytest.fixture(autouse=True)
def html_conscience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every HTML page that any test fetches is read strictly (tests/conscience.py)."""
    fetch = Client.request

    def fetch_and_check(client: Client, **request: Any) -> HttpResponseBase:
        answer = fetch(client, **request)
        conscience.check(answer)
        return answer

    monkeypatch.setattr(Client, "request", fetch_and_check)


@pytest.fixture(autouse=True)
def audit_conscience() -> Iterator[None]:
    """Every change that any test records has words on the page of the audit log."""

    def look(instance: AuditEntry, **_: object) -> None:
        assert instance.action in WORDS, f"{instance.action} has no line in flows/audit_words.py"
        assert instance.object_kind in KINDS, f"{instance.object_kind} is no kind of object there"

    post_save.connect(look, sender=AuditEntry)
    yield
    post_save.disconnect(look, sender=AuditEntry)


# --- The cast: people as users; the same with `as_` as a client that is signed in -----------------


@pytest.fixture
def account(db: None) -> Account:
    """Acme, ready to use."""
    return cast.make_account()


@pytest.fixture
def bare_account(db: None) -> Account:
    """An account that has not been onboarded."""
    return cast.make_bare_account()


@pytest.fixture
def admin(account: Account) -> User:
    return cast.make_person(account, Role.ADMIN, name="Asha")


@pytest.fixture
def marketer(account: Account) -> User:
    return cast.make_person(account, Role.MARKETER, name="Mira")


@pytest.fixture
def tester(account: Account) -> User:
    return cast.make_person(account, Role.TESTER, name="Tom")


@pytest.fixture
def viewer(account: Account) -> User:
    return cast.make_person(account, Role.VIEWER, name="Vera")


@pytest.fixture
def stranger(db: None) -> User:
    """An admin, but of another account."""
    return cast.make_person(cast.make_account("Globex"), Role.ADMIN, name="Sam")


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_admin(admin: User) -> Client:
    return _client(admin)


@pytest.fixture
def as_marketer(marketer: User) -> Client:
    return _client(marketer)


@pytest.fixture
def as_tester(tester: User) -> Client:
    return _client(tester)


@pytest.fixture
def as_viewer(viewer: User) -> Client:
    return _client(viewer)


@pytest.fixture
def as_stranger(stranger: User) -> Client:
    return _client(stranger)


@pytest.fixture
def anonymous() -> Client:
    """A browser in which nobody is signed in."""
    return Client()


# --- Carriers -------------------------------------------------------------------------------------


@pytest.fixture
def meta() -> Iterator[FakeWhatsAppCloud]:
    """Meta, which must have nothing to complain of in the end."""
    with FakeWhatsAppCloud() as fake:
        yield fake
        assert fake.complaints == []


@pytest.fixture
def frail(account: Account, settings: Settings) -> Iterator[Connection]:
    """A connection at a carrier that answers as it is told: see tests/engine/frail_connector.py."""
    settings.EXTRA_CONNECTORS = [frail_connector.__name__]
    yield cast.make_connection(account, "frail", name="Kaleyra India")
    frail_connector.Frail.answer = None
    frail_connector.Frail.sent.clear()


@pytest.fixture
def frail_flow(account: Account, admin: User, frail: Connection) -> Flow:
    """Published; WhatsApp at the frail carrier, then SMS at the Sandbox."""
    cast.make_sender(account, Channel.WHATSAPP, connection=frail)
    return cast.make_published_flow(account, by=admin)


# --- Flows and keys -------------------------------------------------------------------------------


@pytest.fixture
def flow(account: Account, admin: User) -> Flow:
    """A complete draft, WhatsApp then SMS."""
    return cast.make_flow(account, by=admin)


@pytest.fixture
def published_flow(account: Account, admin: User) -> Flow:
    return cast.make_published_flow(account, by=admin, title="Delivery notice")


@pytest.fixture
def test_key(account: Account) -> str:
    """The secret of a test key: nothing leaves the building."""
    return cast.make_key(account, KeyKind.TEST)[1]


@pytest.fixture
def live_key(account: Account) -> str:
    return cast.make_key(account, KeyKind.LIVE)[1]


@pytest.fixture
def team_key(account: Account) -> str:
    return cast.make_key(account, KeyKind.TEAM)[1]


@pytest.fixture(autouse=True)
def _nothing_read_before() -> None:
    """Keys come back after each test, which no database does outside of tests."""
    pinned_version.cache_clear()


@pytest.fixture(autouse=True)
def _no_event_loop_but_its_own(request: pytest.FixtureRequest) -> Iterator[None]:
    """Once a worker has run a browser test, Playwright's loop counts as running in its thread
    for good. A test without a browser must not meet it: what it tests may run one of its own."""
    if request.node.get_closest_marker("browser"):
        yield
        return
    left_behind = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    try:
        yield
    finally:
        asyncio.events._set_running_loop(left_behind)
