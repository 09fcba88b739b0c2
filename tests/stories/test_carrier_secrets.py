"""No secret of a connection is ever shown: not in a log line, a page, a row or a callback.

One story with all that can go wrong leaves its traces everywhere; then all of them are read.
"""

import base64
import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from fallbackui.logging import JsonFormatter
from flows.connectors import http
from flows.engine import receive
from flows.models import AuditEntry, Connection, Execution, Receipt, User
from flows.models.connections import connector_of, receipt_url
from flows.placeholders import Channel
from tests import cast, serving
from tests.fakes import acts
from tests.running import running_engine
from tests.serving import wait_until
from tests.stories.carriers import LINES, Line, Stage, knock, staged

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("open_doors"),
]
RAISES = "919876540099"  # the connector fails while it sends to this number
# Pages that are there to show the address and the key which the carrier is given.
SHOW_THE_KEY = {"connection-detail", "connection-self-test", "connection-new-address"}
Shown = dict[str, str]


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """All log lines of the house and its libraries from DEBUG on, with all their fields.

    Only the tests' own HTTP client is left out: it logs the addresses that it calls.
    """
    lines, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(lines), root.level
    handler.setFormatter(JsonFormatter())
    handler.addFilter(lambda record: not record.name.startswith("urllib3"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    "name", ["WhatsApp at kaleyra", "WhatsApp at whatsapp_cloud", "SMS at twilio"]
)
def test_secrets_of_a_connection_are_nowhere(
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
) -> None:
    line, shown = LINES[name], Shown()
    monkeypatch.setattr(http.Web, "_ask", raising(http.Web._ask))
    with (
        everything_logged() as lines,
        serving.receiver() as customer,
        staged(live_server.url, line, callback_url=customer.url) as stage,
    ):
        play(stage, line, customer)
        knock_wrongly(stage, line, monkeypatch)
        shown |= pages(stage)
        shown |= {"callbacks": repr(customer.posts), "database": rows(stage)}
        used = repr(stage.fakes[line.fake_class].asked)
        secrets = secrets_of(stage)
    shown["log lines"] = lines.getvalue()
    printed = capfd.readouterr()
    shown |= {"stdout": printed.out, "stderr": printed.err}

    assert "engine.connector_failed" in shown["log lines"], "nothing has failed"
    assert all(len(shown[place]) > 100 for place in ("callbacks", "database", "log lines"))
    assert [secret for secret in secrets if secret in used], "the carrier was told no secret"
    if line.has_key_in_url:  # or else this test could not find a thing
        assert [secret for secret in secrets if secret in shown["connection-detail of Main"]]
    for secret, kind in secrets.items():
        for place, text in shown.items():
            if kind == "hook key" and place.partition(" of ")[0] in SHOW_THE_KEY:
                continue
            if secret in text:  # and not asserted: pytest would print it
                pytest.fail(f"{kind} is in {place}: {around(text, secret)}", pytrace=False)


def play(stage: Stage, line: Line, customer: serving.Receiver) -> None:
    """Messages that end in every way, at good and at bad connections."""
    fake, main = stage.fakes[line.fake_class], stage.connection(line)
    other = next(channel for channel in Channel if channel is not line.channel)
    second = cast.make_sender(stage.account, other)  # at the Sandbox
    wrong = {field: f"planted-{field}-{'0' * 12}" for field in fake.config}
    wrong |= {name: value for name, value in fake.config.items() if name in ("pod", "api_version")}
    nowhere = f"http://127.0.0.1:{serving.free_port()}"
    flows = {
        one.name: stage.flow(one.name, stage.sender(line, one), second)
        for one in (
            main,
            stage.connection(line, name="Wrong", config=wrong),
            stage.connection(line, name="Not there", base_url=nowhere),
        )
    }
    script: Mapping[str, acts.Act] = {
        "919876540001": acts.Deliver(),
        "919876540002": acts.Refuse(line.unreachable),
        "919876540003": acts.FailLater(line.unreachable),
        "919876540004": acts.Drop(then=acts.Deliver()),
        "919876540005": acts.TooMany(1),
        "919876540006": acts.Refuse("987654"),
        "919876540007": acts.Broken(200, taken=True, then=acts.Deliver()),
        RAISES: acts.Silent(),
    }
    with running_engine():
        for recipient, act in script.items():
            fake.play(recipient, act)
            stage.invoke(flows["Main"], recipient, request_id=recipient)
        for name in ("Wrong", "Not there"):
            stage.invoke(flows[name], "919876540001", request_id=name)
        press_buttons(stage)
        running = Execution.objects.exclude(state="ended")
        wait_until(lambda: not running.exists(), timeout_s=40, every_s=0.05)
        wait_until(lambda: len(customer.posts) == len(script) + 2, timeout_s=20, every_s=0.05)


def raising(ask: Any) -> Any:
    """The web, but a message to one recipient raises with all that it was given."""

    async def go(web: http.Web, method: str, url: str, **given: Any) -> Any:
        is_message = "/fallback-results" not in url  # where the customer gets the callbacks
        if is_message and RAISES.encode() in (given.get("body") or b""):
            raise RuntimeError(f"{method} {url} {given}")
        return await ask(web, method, url, **given)

    return go


def press_buttons(stage: Stage) -> None:
    """Check, list and self-test every connection; change one of them, also in vain."""
    for one in Connection.objects.exclude(connector="sandbox"):
        for button in ("connection-check", "connection-sync", "connection-self-test"):
            stage.browser.post(reverse(button, args=[stage.account.sid, one.public_id]))
    edit = reverse("connection-edit", args=[stage.account.sid, one.public_id])
    typed = {f"config-{name}": value for name, value in one.config.items()}
    for title in ("", "Renamed"):
        form = {"name": title, "revision": str(one.revision), **typed}
        answer = stage.browser.post(edit, form)
        shown_again = answer.content.decode()
        secret = {field.name for field in connector_of(one).config_fields if field.is_secret}
        assert not [name for name in secret if one.config.get(name, "-none-") in shown_again]


def knock_wrongly(stage: Stage, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forged, unreadable and unstorable receipts."""
    fake, main = stage.fakes[line.fake_class], stage.connection(line)
    genuine = fake.receipt(fake.taken[0], "failed", line.unreachable)
    url = receipt_url(main)
    told = " ".join([*fake.config.values(), main.hook_key])

    assert knock(replace(genuine, url=f"{live_root(url)}/hooks/nobody/{main.hook_key}/")) == 404
    knock(replace(genuine, method="POST", url=url, body=told.encode()))
    with monkeypatch.context() as patched:
        patched.setattr(receive, "_store", unstorable)
        patched.setattr(receive, "_together", unstorable)
        assert knock(genuine) == 503
    assert knock(genuine) == 200


def live_root(url: str) -> str:
    return url.partition("/hooks/")[0]


def unstorable(*_: Any, **__: Any) -> Any:
    raise OperationalError("database is locked")


def pages(stage: Stage) -> Shown:
    """Everything that an admin of the account and the operator can look at."""
    sid, shown = stage.account.sid, Shown()

    def look(browser: Client, where: str, name: str, *args: Any, **query: str) -> None:
        answer = browser.get(reverse(name, args=args), query, follow=True)
        assert answer.status_code == 200, (where, answer.status_code)
        parts = answer.streaming_content if answer.streaming else [answer.content]
        shown[where] = b"".join(parts).decode()

    for name in ("connection-list", "execution-list", "audit-log", "audit-export", "flow-list",
                 "execution-export", "sender-list"):  # fmt: skip
        look(stage.browser, name, name, sid)
    for one in Connection.objects.exclude(connector="sandbox"):
        for name in ("connection-detail", "connection-edit", "connection-self-test",
                     "connection-templates", "connection-unread", "connection-delete"):  # fmt: skip
            look(stage.browser, f"{name} of {one.name}", name, sid, one.public_id)
    for run in Execution.objects.all():
        look(stage.browser, f"execution {run.request_id}", "execution-detail", sid, run.public_id)
    for flow in stage.account.flows.all():
        look(stage.browser, f"flow {flow.title}", "flow-detail", sid, flow.public_id)
    support = Client()
    support.force_login(User.objects.create_superuser("root@fallback.example", cast.PASSWORD))
    for model in ("connection", "receipt", "unreadhook", "auditentry", "attempt"):
        if any(model in str(known) for known in admin_lists()):
            look(support, f"admin {model}", f"admin:flows_{model}_changelist")
    for one in Connection.objects.all():
        look(support, f"admin connection {one.name}", "admin:flows_connection_change", one.pk)
    return shown


def admin_lists() -> list[str]:
    from django.contrib import admin

    return [model._meta.model_name or "" for model in admin.site._registry]


def rows(stage: Stage) -> str:
    """Every value of every table."""
    assert AuditEntry.objects.filter(account=stage.account).exists()
    assert Receipt.objects.exists()
    with connection.cursor() as cursor:
        parts = []
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            parts += [f"{table}: {row!r}" for row in cursor.fetchall()]
    return "\n".join(parts)


def secrets_of(stage: Stage) -> dict[str, str]:
    """Every secret, also as it may be spelled in a header or a query, and what it is."""
    found: dict[str, str] = {}
    for one in Connection.objects.exclude(connector="sandbox"):
        fields = [field.name for field in connector_of(one).config_fields if field.is_secret]
        found[one.hook_key] = "hook key"
        for name in fields:
            if value := one.config.get(name):
                found[value] = f"{one.name}'s {name}"
                pair = f"{one.config.get('account_sid')}:{value}".encode()
                found[base64.b64encode(pair).decode()] = f"{one.name}'s {name} as basic auth"
    return {**found, **{quote_plus(secret): kind for secret, kind in found.items()}}


def around(text: str, secret: str) -> str:
    """Where it stands, without the secret itself: this is printed."""
    at = text.index(secret)
    return f"…{text[max(at - 120, 0) : at]}<HERE>{text[at + len(secret) :][:60]}…"
