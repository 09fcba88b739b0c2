"""The executions list: filters in the URL, paging by key, CSV, news, masking."""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.models import Execution, Flow, Outcome
from tests import cast

NUMBER = "919876540001"
MASKED = "9198•••••01"


@pytest.fixture
def url(published_flow: Flow) -> str:
    return f"/a/{published_flow.account.sid}/executions/"


@pytest.fixture
def make(published_flow: Flow) -> Callable[..., Execution]:
    return lambda **fields: cast.make_execution(published_flow, **fields)


def ids(answer: HttpResponse) -> list[str]:
    """The public ids on a page, as they follow each other."""
    return [row.public_id for row in answer.context["page"].rows]


def csv_rows(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_newest_come_first_and_no_primary_key_is_shown(
    as_viewer: Client, url: str, make: Callable[..., Execution]
) -> None:
    first, second = make(), make()
    answer = as_viewer.get(url)
    assert ids(answer) == [second.public_id, first.public_id]
    assert f'href="{url}{second.public_id}/"' in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("outcome=not_delivered", {"outcome": Outcome.NOT_DELIVERED, "outcome_channel": ""}),
        ("outcome=delivered_twice", {"delivered_twice": True}),
        ("status=running", {"state": "waiting"}),
        ("status=waiting", {"state": "waiting"}),
        ("channel=sms", {"outcome_channel": "sms", "outcome_step": 1}),
        ("recipient=919876549999", {"recipient": "919876549999"}),
        ("recipient=%2B91+98765-49999", {"recipient": "919876549999"}),
        ("request_id=order%2F7", {"request_id": "order/7"}),
        ("test=only", {"is_test_send": True}),
        ("test=only", {"kind": "test"}),
        ("until=2020-01-02", {"created_at": timezone.now() - timedelta(days=9000)}),
    ],
)
def test_each_filter_leaves_what_it_says(
    as_viewer: Client, url: str, make: Callable[..., Execution], query: str, wanted: dict[str, Any]
) -> None:
    make()
    found = make(**wanted)
    assert ids(as_viewer.get(f"{url}?{query}")) == [found.public_id]


def test_filter_by_flow_takes_the_public_id(
    as_viewer: Client, url: str, make: Callable[..., Execution], published_flow: Flow, admin: Any
) -> None:
    make()
    other = cast.make_published_flow(published_flow.account, by=admin, title="Other")
    found = cast.make_execution(other)
    assert ids(as_viewer.get(f"{url}?flow={other.public_id}")) == [found.public_id]


def test_days_are_those_of_the_accounts_time_zone(
    as_viewer: Client, url: str, make: Callable[..., Execution], published_flow: Flow
) -> None:
    published_flow.account.time_zone = "Asia/Kolkata"
    published_flow.account.save()
    late = make(created_at=datetime.fromisoformat("2026-03-01T19:00:00+00:00"))
    assert ids(as_viewer.get(f"{url}?since=2026-03-02&until=2026-03-02")) == [late.public_id]
    assert ids(as_viewer.get(f"{url}?since=2026-03-01&until=2026-03-01")) == []


def test_a_filter_is_a_chip_whose_link_removes_only_it(
    as_viewer: Client, url: str, make: Callable[..., Execution]
) -> None:
    make()
    page = as_viewer.get(f"{url}?outcome=delivered&test=no").content.decode()
    assert f'class="chip" href="{url}?test=no"' in page
    assert f'class="chip" href="{url}?outcome=delivered"' in page


def test_empty_values_leave_the_url(as_viewer: Client, url: str) -> None:
    answer = as_viewer.get(f"{url}?flow=&outcome=delivered&recipient=")
    assert answer["Location"] == f"{url}?outcome=delivered"
    fragment = as_viewer.get(f"{url}?flow=&outcome=delivered", headers={"HX-Request": "true"})
    assert fragment["HX-Push-Url"] == f"{url}?outcome=delivered"
    assert b"<html" not in fragment.content


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("recipient=call-me", "Enter the whole number in digits"),
        ("outcome=lost", "Choose one of the entries"),
        ("since=yesterday", "Enter a date like"),
        ("since=0001-01-01", "Choose a day between 2000 and 2100"),
        ("since=2026-02-02&until=2026-02-01", "not before the first day"),
    ],
)
def test_a_wrong_filter_says_what_is_wrong_and_shows_nothing(
    as_viewer: Client, url: str, make: Callable[..., Execution], query: str, sentence: str
) -> None:
    make()
    answer = as_viewer.get(f"{url}?{query}")
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert ids(answer) == []
    assert as_viewer.get(f"{url}export.csv?{query}").status_code == 302


def test_recipients_are_masked_below_admin_everywhere(
    as_viewer: Client, as_admin: Client, url: str, make: Callable[..., Execution]
) -> None:
    make(recipient=NUMBER)
    assert NUMBER not in as_viewer.get(url).content.decode()
    assert MASKED in as_viewer.get(url).content.decode()
    assert NUMBER in as_admin.get(url).content.decode()
    assert csv_rows(as_viewer.get(f"{url}export.csv"))[0]["recipient"] == MASKED
    assert csv_rows(as_admin.get(f"{url}export.csv"))[0]["recipient"] == NUMBER


def test_csv_holds_exactly_the_filter_and_no_formula(
    as_viewer: Client, url: str, make: Callable[..., Execution]
) -> None:
    make(outcome=Outcome.NOT_DELIVERED, outcome_channel="", outcome_step=None)
    wanted = make(request_id="=HYPERLINK(1)")
    rows = csv_rows(as_viewer.get(f"{url}export.csv?outcome=delivered"))
    assert [row["invocation_id"] for row in rows] == [wanted.public_id]
    assert rows[0]["request_id"] == "'=HYPERLINK(1)"
    assert rows[0]["delivered_by"] == "WhatsApp"


def test_pages_follow_each_other_without_gap_or_repeat(
    as_viewer: Client, url: str, make: Callable[..., Execution]
) -> None:
    made = [make().public_id for _ in range(120)][::-1]
    first = as_viewer.get(url)
    second = as_viewer.get(f"{url}?older={first.context['page'].older}")
    third = as_viewer.get(f"{url}?older={second.context['page'].older}")
    assert ids(first) + ids(second) + ids(third) == made
    assert third.context["page"].older == ""
    back = as_viewer.get(f"{url}?newer={third.context['page'].newer}")
    assert ids(back) == ids(second)
    top = as_viewer.get(f"{url}?newer={second.context['page'].newer}")
    assert ids(top) == ids(first)


def test_the_number_of_queries_does_not_grow(
    as_viewer: Client, url: str, make: Callable[..., Execution]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            as_viewer.get(f"{url}?outcome=delivered")
        return len(asked)

    make()
    few = queries()
    for _ in range(20):
        make()
    assert queries() == few <= 8


def test_news_counts_what_came_since_and_is_silent_otherwise(
    as_viewer: Client, url: str, make: Callable[..., Execution]
) -> None:
    newest = make()
    news = f"{url}new/?since_id={newest.public_id}&outcome=delivered"
    headers = {"HX-Request": "true"}
    assert as_viewer.get(news, headers=headers).status_code == 204
    make(), make(), make(outcome=Outcome.CANCELLED)
    answer = as_viewer.get(news, headers=headers).content.decode()
    assert "2 new, show" in answer
    assert f'href="{url}?outcome=delivered"' in answer


def test_another_accounts_rows_and_cursors_mean_nothing(
    as_stranger: Client, as_viewer: Client, url: str, make: Callable[..., Execution], stranger: Any
) -> None:
    mine = make()
    assert as_stranger.get(url).status_code == 404
    foreign = cast.make_execution(
        cast.make_published_flow(stranger.memberships.get().account, by=stranger, title="Theirs")
    )
    assert ids(as_viewer.get(f"{url}?older={foreign.public_id}")) == [mine.public_id]


NAMES = ["flow", "status", "outcome", "channel", "period", "since", "until", "recipient"]
NAMES += ["request_id", "test", "older", "newer", "since_id"]


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(query=st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_no_query_string_breaks_the_list(
    as_viewer: Client, url: str, query: dict[str, str]
) -> None:
    for path in (url, f"{url}new/", f"{url}export.csv"):
        assert as_viewer.get(path, query, headers={"HX-Request": "true"}).status_code < 500
    assert as_viewer.get(url, query).status_code in {200, 302, 422}
