"""Rejected calls: every reason is shown with what to do, filtered, page by page, as CSV."""

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from flows.base62 import new_invocation_id
from flows.forms.rejected_filter import KINDS, advice_for, kind_of
from flows.models import Account, Flow, KeyKind, RejectedCall
from tests import cast

USED = "Request ID [order-7] has already been used."
RECIPIENT = "input.send1.recipient: Use digits only: country code and number, no spaces or signs."


def reject(account: Account, *errors: str, flow: Flow | None = None, **fields: Any) -> RejectedCall:
    shared = {
        "public_id": new_invocation_id(),
        "workflow_id": str(flow.workflow_id) if flow else "nonsense",
        "request_id": "order-7",
        "status": 400,
        "created_at": timezone.now(),
    }
    return RejectedCall.objects.create(
        account=account, flow=flow, errors=list(errors), **{**shared, **fields}
    )


def url(account: Account, query: str = "", *, page: str = "") -> str:
    return f"/a/{account.sid}/rejected-calls/{page}{'?' if query else ''}{query}"


def shown(client: Client, account: Account, query: str = "") -> list[RejectedCall]:
    return list(client.get(url(account, query)).context["page"].rows)


def test_every_reason_is_shown(as_viewer: Client, published_flow: Flow) -> None:
    account = published_flow.account
    reject(account, "input.send1: missing.", "<b>input</b>.send2: missing.", flow=published_flow)
    reject(account, "Workflow Instance [nonsense] does not exist.")
    page = as_viewer.get(url(account)).content.decode()
    assert "input.send1: missing." in page
    assert "&lt;b&gt;input&lt;/b&gt;.send2: missing." in page
    assert published_flow.title in page
    assert "nonsense" in page


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (USED, "used"),
        ("Workflow Instance [x] is not published.", "draft"),
        ("Workflow Instance [x] does not exist.", "no_flow"),
        ("Too many requests. Call again later.", "rate"),
        (RECIPIENT, "recipient"),
        ("input.send2.recipient: A team key sends only to the account's test recipients.", "team"),
        ("input.send1.templateParams: {{1}} has no value.", "params"),
        ("requestId: Required, but missing.", "request_id"),
        ("input: Required, but missing.", "steps"),
        ("The body is larger than 64 KiB.", "body"),
        ("Content-Type: Must be application/json, is missing.", "body"),
        ("Something new.", ""),
    ],
)
def test_a_sentence_tells_its_kind(error: str, kind: str) -> None:
    assert kind_of(error) == kind
    assert advice_for([error, error]) == ([KINDS[kind].advice] if kind else [])


def test_what_to_do_stands_beside_the_reason(as_viewer: Client, account: Account) -> None:
    reject(account, USED)
    assert KINDS["used"].advice.split(":")[0] in as_viewer.get(url(account)).content.decode()


def test_the_list_filters(as_viewer: Client, published_flow: Flow) -> None:
    account = published_flow.account
    key, _ = cast.make_key(account, KeyKind.LIVE, name="Shop")
    used = reject(account, USED, flow=published_flow, api_key=key)
    old = reject(account, RECIPIENT, created_at=timezone.now() - timedelta(days=8))
    assert shown(as_viewer, account) == [old, used]
    assert shown(as_viewer, account, "reason=used") == [used]
    assert shown(as_viewer, account, "reason=recipient") == [old]
    assert shown(as_viewer, account, f"flow={published_flow.public_id}") == [used]
    assert shown(as_viewer, account, f"key={key.public_id}") == [used]
    assert shown(as_viewer, account, "period=7d") == [used]
    assert shown(as_viewer, account, "reason=nonsense&flow=%00&key=x") == [old, used]
    page = as_viewer.get(url(account, "reason=used&period=1h")).content.decode()
    assert "Remove the filter Reason: Request ID used before" in page
    assert "Nothing passes" in as_viewer.get(url(account, "reason=rate")).content.decode()


def test_the_key_is_named_with_its_prefix(as_viewer: Client, account: Account) -> None:
    key, _ = cast.make_key(account, KeyKind.LIVE, name="Shop")
    reject(account, USED, api_key=key, caller_ip="203.0.113.7")
    page = as_viewer.get(url(account)).content.decode()
    assert f"{key.prefix}…" in page
    assert "from 203.0.113.7" in page


def test_the_csv_has_exactly_the_filter(as_viewer: Client, account: Account) -> None:
    reject(account, USED, request_id="=1+1")
    reject(account, RECIPIENT)
    answer = as_viewer.get(url(account, "reason=used", page="export.csv"))
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    head, row = csv.reader(text.splitlines())
    assert row[head.index("reasons")] == USED
    assert row[head.index("request_id")] == "'=1+1"


def test_pages_follow_each_other(as_viewer: Client, account: Account) -> None:
    made = [reject(account, f"Fault {n}.").public_id for n in range(60)][::-1]
    first = as_viewer.get(url(account)).context["page"]
    second = as_viewer.get(url(account, f"older={first.older}")).context["page"]
    assert [row.public_id for row in (*first.rows, *second.rows)] == made
    assert as_viewer.get(url(account, "older=%00&newer=x")).context["page"].rows == first.rows


def test_the_list_costs_the_same_for_many_calls(
    as_viewer: Client, published_flow: Flow, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        key, _ = cast.make_key(published_flow.account, name=f"Key {number}")
        reject(published_flow.account, USED, flow=published_flow, api_key=key)
    with django_assert_max_num_queries(10):
        as_viewer.get(url(published_flow.account))


def test_an_empty_list_explains_itself(as_viewer: Client, account: Account) -> None:
    assert "No call was rejected" in as_viewer.get(url(account)).content.decode()


def test_a_stranger_finds_nothing(as_stranger: Client, account: Account) -> None:
    assert as_stranger.get(url(account)).status_code == 404
    assert as_stranger.get(url(account, page="export.csv")).status_code == 404
