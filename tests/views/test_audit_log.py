"""The audit log: every change in words, filters in the URL, paging by key, CSV of the filter."""

import ast
import csv
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from flows.admin.base import AuditedAdmin
from flows.audit_changes import HIDDEN, Change, changes
from flows.audit_words import KINDS, WORDS
from flows.models import (
    Account,
    AuditEntry,
    Flow,
    Role,
    User,
    lifecycle,
    members,
    reviews,
    security,
)
from flows.models.audit import record
from flows.views.csv_rows import safe
from tests import cast

ROOT = Path(__file__).resolve().parents[2] / "flows"


@pytest.fixture
def url(account: Account) -> str:
    return reverse("audit-log", args=[account.sid])


@pytest.fixture
def log(account: Account, admin: User, flow: Flow) -> Callable[..., AuditEntry]:
    """Writes an entry about the flow, unless told otherwise."""

    def write(action: str = "flow.save", **fields: Any) -> AuditEntry:
        return record(
            fields.pop("account", account),
            action,
            **{"by": admin, "of": flow, "label": flow.title, **fields},
        )

    return write


def words(answer: HttpResponse) -> str:
    return " ".join(unescape(answer.content.decode()).split())


def shown(answer: HttpResponse) -> list[AuditEntry]:
    return [line.entry for line in answer.context["lines"]]


def csv_rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


# --- Every change has words ----------------------------------------------------------------------


def recorded_actions() -> Iterator[str]:
    """Every "noun.verb" that the code passes to something that records or logs a change."""
    for path in ROOT.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _name(node.func) in RECORDERS:
                for given_ in [*node.args, *(keyword.value for keyword in node.keywords)]:
                    if isinstance(given_, ast.Constant) and isinstance(given_.value, str):
                        noun, dot, verb = given_.value.partition(".")
                        if dot and noun.isidentifier() and verb.isidentifier():
                            yield given_.value


RECORDERS = {"record", "record_sitting", "_record", "log", "_log"}


def _name(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


def test_every_recorded_action_has_words() -> None:
    found = set(recorded_actions())
    assert {"flow.publish", "execution.cancel"} <= found
    assert found - set(WORDS) == set()


def test_actions_that_are_put_together_have_words() -> None:
    made = {f"person.{verb}" for verb in security.TOLD}
    made |= {f"{noun}.{verb}" for noun in reviews._NOUN.values() for verb in REVIEW_VERBS}
    for model, page in site._registry.items():
        if isinstance(page, AuditedAdmin):
            made |= {f"{model._meta.model_name}.{verb}" for verb in ("create", "change")}
    assert made - set(WORDS) == set()


REVIEW_VERBS = ("submit", "withdraw", "approve", "reject")


# --- The page ------------------------------------------------------------------------------------


def test_a_line_says_who_what_from_where_and_the_difference(
    as_admin: Client, url: str, flow: Flow, viewer: User
) -> None:
    role = reverse("member-role", args=[flow.account.sid, viewer.public_id])
    as_admin.post(role, {"role": "tester"}, REMOTE_ADDR="203.0.113.9")
    page = words(as_admin.get(url))
    assert "Asha" in page and "changed the role of" in page and "Vera" in page
    assert "<del>viewer</del> → tester" in page
    assert "203.0.113.9" in page
    assert "created the flow" in page and f"/flows/{flow.public_id}/" in page


def test_ids_in_a_draft_are_shown_as_names(as_admin: Client, url: str, flow: Flow) -> None:
    assert "Step 1, sender" in words(as_admin.get(url))
    assert "Acme Retail" in words(as_admin.get(url))


def test_a_deleted_object_is_named_but_not_linked(
    as_admin: Client, url: str, flow: Flow, admin: User
) -> None:
    lifecycle.delete(flow, by=admin)
    assert f'/flows/{flow.public_id}/"' not in words(as_admin.get(url))


def test_an_account_sees_only_its_own(
    as_admin: Client, url: str, stranger: User, log: Callable[..., AuditEntry]
) -> None:
    other = stranger.memberships.get().account
    secret = cast.make_flow(other, by=stranger, title="Secret plan")
    page = words(as_admin.get(url, {"object": str(secret.public_id)}))
    assert "Nothing passes this filter" in page
    assert "Secret plan" not in words(as_admin.get(url))


def test_support_is_not_named_and_nobody_has_a_name(
    as_admin: Client, url: str, log: Callable[..., AuditEntry]
) -> None:
    sue = cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True)
    log("account.change", by=sue)
    log("sender.approve", by=None)
    log("callbackprofile.disable", by=None)
    log("flow.save", by=None)
    names = [line.who.name for line in as_admin.get(url).context["lines"]]
    assert names[:4] == ["Somebody who is gone", "The engine", "Sandbox", "Support"]


# --- Filters, paging -----------------------------------------------------------------------------


def test_filters_leave_what_they_say(
    as_admin: Client,
    url: str,
    account: Account,
    admin: User,
    marketer: User,
    log: Callable[..., AuditEntry],
    flow: Flow,
) -> None:
    AuditEntry.objects.all().delete()
    mine = log("flow.publish")
    theirs = log("flow.save", by=marketer, label="Cart reminder")
    engine = log("callbackprofile.disable", by=None, of=cast.make_callback_profile(account))
    sue = cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True)
    support = log("account.change", by=sue, of=account)
    old = log("flow.delete")
    AuditEntry.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=40))
    today = timezone.localdate()
    cases: list[tuple[dict[str, Any], list[AuditEntry]]] = [
        ({}, [old, support, engine, theirs, mine]),
        ({"person": marketer.public_id}, [theirs]),
        ({"person": "support"}, [support]),
        ({"person": "nobody"}, [engine]),
        ({"kind": "flow"}, [old, theirs, mine]),
        ({"action": "flow.publish"}, [mine]),
        ({"period": "7d"}, [support, engine, theirs, mine]),
        ({"until": today - timedelta(days=20)}, [old]),
        ({"since": today - timedelta(days=1), "kind": "account"}, [support]),
        ({"q": "CART"}, [theirs]),
        ({"q": flow.public_id}, [old, theirs, mine]),
        ({"object": flow.public_id, "person": admin.public_id}, [old, mine]),
    ]
    for query, wanted in cases:
        answer = as_admin.get(url, query)
        assert shown(answer) == wanted, query
        assert len(answer.context["chips"]) == len(query)
        exported = csv_rows(as_admin.get(f"{url}export.csv", query))
        assert [row["action"] for row in exported] == [entry.action for entry in wanted]


def test_who_has_left_can_still_be_chosen(
    as_admin: Client, url: str, admin: User, marketer: User, flow: Flow
) -> None:
    lifecycle.delete(flow, by=marketer)
    members.remove(marketer.memberships.select_related("user", "account").get(), by=admin)
    answer = as_admin.get(url, {"person": marketer.public_id})
    assert [entry.action for entry in shown(answer)] == ["flow.delete"]
    assert "Mira" in words(answer)


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"kind": "x"}, {"person": "x"}, {"until": "0001-01-01"}]
)
def test_a_mistake_in_the_filter_is_said(as_admin: Client, url: str, query: dict[str, str]) -> None:
    answer = as_admin.get(url, query)
    assert answer.status_code == 422
    assert "The filter needs mending" in words(answer)


def test_htmx_gets_the_list_and_the_address(as_admin: Client, url: str, flow: Flow) -> None:
    answer = as_admin.get(url, {"kind": "flow", "person": ""}, headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == f"{url}?kind=flow"
    assert "<html" not in answer.content.decode()


def test_pages_go_there_and_back_and_show_no_primary_key(
    as_admin: Client, url: str, log: Callable[..., AuditEntry]
) -> None:
    AuditEntry.objects.all().delete()
    entries = [log() for _ in range(120)][::-1]
    first = as_admin.get(url)
    older = as_admin.get(url, {"older": first.context["page"].older})
    last = as_admin.get(url, {"older": older.context["page"].older})
    assert [*shown(first), *shown(older), *shown(last)] == entries
    back = as_admin.get(url, {"newer": last.context["page"].newer})
    assert shown(back) == shown(older)
    assert str(entries[49].pk) not in first.context["page"].older
    assert shown(as_admin.get(url, {"older": "made-up"})) == shown(first)


def test_more_entries_cost_no_more_queries(
    as_admin: Client, url: str, log: Callable[..., AuditEntry], marketer: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            as_admin.get(url)
        return len(seen)

    log(by=marketer)
    queries()
    few = queries()
    for _ in range(20):
        log(by=marketer)
        log()
    assert queries() == few <= 18


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({}, ""),  # SQLite takes the shorter of two that serve: the row's key is in both
        ({"kind": "flow"}, "audit_list_by_kind"),
        ({"person": "me"}, "audit_list_by_person"),
        ({"object": "me"}, ""),
    ],
)
def test_each_filter_reads_its_index(
    as_admin: Client, url: str, admin: User, flow: Flow, query: dict[str, str], index: str
) -> None:
    ids = {"person": str(admin.public_id), "object": str(flow.public_id)}
    asked = {name: ids.get(name, value) for name, value in query.items()}
    with CaptureQueriesContext(connection) as seen:
        as_admin.get(url, asked)
    [page] = [q["sql"] for q in seen if '"before"' in q["sql"] and "LIMIT 51" in q["sql"]]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {page}")
            plan = " ".join(str(row) for row in cursor.fetchall())
        assert f"USING INDEX {index or 'flows_auditentry_account_id'}" in plan
        assert "TEMP B-TREE" not in plan


# --- CSV, differences ----------------------------------------------------------------------------


def test_no_cell_becomes_a_formula(
    as_admin: Client, url: str, log: Callable[..., AuditEntry]
) -> None:
    log("flow.save", label="=HYPERLINK(1)", before={"title": "a"}, after={"title": "=cmd()"})
    row = csv_rows(as_admin.get(f"{url}export.csv"))[0]
    assert row["object"] == "'=HYPERLINK(1)"
    assert row["changes"] == "Title: a → =cmd()"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠"])
def test_whatever_a_spreadsheet_takes_for_a_formula_becomes_text(start: str) -> None:
    assert safe(f"{start}cmd()") == f"'{start}cmd()"


def test_only_fields_that_differ_are_shown() -> None:
    before = {"title": "A", "steps": [{"wait_s": 60, "sender": "s-1"}], "on": True, "gone": "x"}
    after = {"title": "A", "steps": [{"wait_s": 90, "sender": "s-1"}], "on": False, "tags": ["b"]}
    assert changes(before, after, names={"s-1": "ACMERT"}) == [
        Change("Step 1, wait in seconds", "60", "90"),
        Change("On", "yes", "no"),
        Change("Gone", "x", ""),
        Change("Tags", "", "b"),
    ]


@pytest.mark.parametrize("key", ["secret", "api_token", "password", "basic_auth", "x_encrypted"])
def test_a_secret_that_got_in_is_not_shown(key: str) -> None:
    assert changes({"a": {key: "old-1"}}, {"a": {key: "new-2"}}) == [
        Change(changes({"a": {key: 1}}, None)[0].label, HIDDEN, HIDDEN)
    ]


def test_a_field_that_was_hidden_from_the_log_is_still_a_change() -> None:
    [change] = changes({"config": HIDDEN}, {"config": HIDDEN})
    assert (change.before, change.after) == (HIDDEN, HIDDEN)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(before=JSON, after=JSON)
def test_any_json_can_be_compared(before: Any, after: Any) -> None:
    found = changes(before, after)
    assert all(isinstance(change.label, str) for change in found)
    assert changes(before, before) == [] or HIDDEN in str(before)


def test_every_kind_that_has_actions_can_be_filtered() -> None:
    assert {"flow", "membership", "invitation", "apikey", "template", "sender"} <= set(KINDS)
