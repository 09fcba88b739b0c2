"""Whoever may not call learns nothing: not from the answer or its headers, not from its time.

A revoked key, a wrong SID, a forbidden address, a closed account, an unknown key, no key at all.
"""

import re
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flows.api import auth
from flows.models import Account, ApiKey, KeyKind, RejectedCall
from tests import cast

ROUNDS = 300
SLOWER = 1.5  # some 40 µs of the millisecond and more that a refusal takes
ID = "4xU9cYRHq2LmVtBDmNVR1D"
PATHS = {
    "invoke": "/v1/{}/workflow/v1/instances/0cccf798-17b9-4a3f-9dad-f1a2b3c4d5e6/invoke",
    "confirm": f"/v1/{{}}/workflow/v1/invocations/{ID}/confirm",
}
Caller = tuple[str, str | None]  # SID and secret


def _revoked(account: Account) -> Caller:
    key, secret = cast.make_key(account, KeyKind.LIVE)
    key.revoke()
    return account.sid, secret


def _wrong_sid(account: Account) -> Caller:
    return cast.make_account("Globex").sid, cast.make_key(account, KeyKind.LIVE)[1]


def _forbidden_address(account: Account) -> Caller:
    ranges = [f"10.{number}.0.0/16" for number in range(20)]
    return account.sid, cast.make_key(account, KeyKind.LIVE, ip_ranges=ranges)[1]


def _closed(_account: Account) -> Caller:
    closed = cast.make_account("Closed", closed_at=timezone.now())
    return closed.sid, cast.make_key(closed, KeyKind.LIVE)[1]


CASES: Mapping[str, Callable[[Account], Caller]] = {
    "missing key": lambda account: (account.sid, None),
    "empty key": lambda account: (account.sid, ""),
    "unknown key": lambda account: (account.sid, "A" + "0" * 32),
    "key with a NUL": lambda account: (account.sid, "A\0" + "0" * 31),
    "very long key": lambda account: (account.sid, "A" * 8000),
    "two keys in one header": lambda account: (account.sid, "A" * 33 + "," + "B" * 33),
    "revoked key": _revoked,
    "SID of another account": _wrong_sid,
    "SID of nobody": lambda account: ("HXNOBODY00000000", cast.make_key(account)[1]),
    "forbidden address": _forbidden_address,
    "closed account": _closed,
}


@pytest.fixture
def callers(account: Account) -> dict[str, Caller]:
    """Each case's SID and secret; beside them a key that works, as in any account."""
    cast.make_key(account, KeyKind.LIVE, name="The oldest")
    return {name: made(account) for name, made in CASES.items()}


def _headers(secret: str | None) -> dict[str, str]:
    return {} if secret is None else {"api-key": secret}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_every_refusal_is_the_same_to_the_byte(callers: dict[str, Caller], path: str) -> None:
    answers = [
        Client().post(
            path.format(sid), b"{}", content_type="application/json", headers=_headers(secret)
        )
        for sid, secret in callers.values()
    ]
    told = {(a.status_code, a.content, tuple(sorted(_steady(a).items()))) for a in answers}
    assert len(told) == 1
    assert answers[0].status_code == 401
    assert not RejectedCall.objects.exists()


def _steady(answer: Any) -> dict[str, str]:
    """Headers but for the two that the clock writes."""
    return {k: v for k, v in answer.headers.items() if k not in ("Date", "Expires")}


def test_every_refusal_asks_the_database_the_same_question(callers: dict[str, Caller]) -> None:
    asked = set()
    for sid, secret in callers.values():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            Client().get(f"/v1/{sid}/workflow/v1/invocations/{ID}", headers=_headers(secret))
        statements = [query["sql"] for query in queries if "flows_" in query["sql"]]
        asked.add(tuple(_without_hash(statement) for statement in statements))
    assert len(asked) == 1
    assert len(asked.pop()) == 1


def _without_hash(statement: str) -> str:
    """Nor the time of asking."""
    return re.sub(
        r"last_used_at < \S+( \S+)?$", "", statement.split("secret_hash =")[0], flags=re.M
    )


def test_every_check_runs_whatever_the_first_one_said(
    callers: dict[str, Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def watched(name: str) -> Callable[..., bool]:
        check = getattr(ApiKey, name)

        def run(key: ApiKey, given: str) -> bool:
            seen.append(name)
            return bool(check(key, given))

        return run

    for name in ("matches", "allows_address"):
        monkeypatch.setattr(ApiKey, name, watched(name))
    for sid, secret in callers.values():
        assert auth.authenticate(_request(secret), sid) is None
    assert seen == ["matches", "allows_address"] * len(callers)


def test_every_refusal_takes_as_long(callers: dict[str, Caller]) -> None:
    """Medians over many calls, one of each case after the other: what slows one down slows all."""
    times: dict[str, list[int]] = {name: [] for name in callers}
    requests = {name: (_request(secret), sid) for name, (sid, secret) in callers.items()}
    for _ in range(ROUNDS):
        for name, (request, sid) in requests.items():
            start = time.perf_counter_ns()
            auth.authenticate(request, sid)
            times[name].append(time.perf_counter_ns() - start)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    assert max(medians.values()) < min(medians.values()) * SLOWER, medians


def _request(secret: str | None) -> Any:
    return RequestFactory().get("/", headers=_headers(secret))


def test_an_installation_without_any_key_answers_the_same(account: Account) -> None:
    ApiKey.objects.all().delete()
    answer = Client().get(f"/v1/{account.sid}/workflow/v1/invocations/{ID}")
    assert answer.status_code == 401


def test_the_oldest_key_lets_nobody_in_who_lacks_its_secret(account: Account) -> None:
    """It stands in where a secret is nobody's; its own checks must not."""
    _, secret = cast.make_key(account, KeyKind.LIVE)
    for wrong in (None, "", "A" + "0" * 32):
        assert auth.authenticate(_request(wrong), account.sid) is None
    assert auth.authenticate(_request(secret), account.sid) is not None


def test_a_good_key_is_read_with_one_statement(account: Account) -> None:
    key, secret = cast.make_key(account, KeyKind.LIVE)
    auth.authenticate(_request(secret), account.sid)
    with CaptureQueriesContext(connection) as queries:
        found = auth.authenticate(_request(secret), account.sid)
    assert found == key
    assert found.account.sid == account.sid
    assert len(queries) == 1


def test_last_use_is_written_once_a_minute_at_most(account: Account) -> None:
    key, secret = cast.make_key(account, KeyKind.LIVE)
    auth.authenticate(_request(secret), account.sid)
    key.refresh_from_db()
    assert key.last_used_at is not None
    with CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            auth.authenticate(_request(secret), account.sid)
    assert not [query for query in queries if query["sql"].startswith("UPDATE")]
    ApiKey.objects.update(last_used_at=timezone.now() - auth.LAST_USED_EVERY * 2)
    auth.authenticate(_request(secret), account.sid)
    key.refresh_from_db()
    assert timezone.now() - key.last_used_at < auth.LAST_USED_EVERY


def test_the_account_of_a_key_is_whole_when_more_of_it_is_asked_for(account: Account) -> None:
    _, secret = cast.make_key(account, KeyKind.LIVE)
    found = auth.authenticate(_request(secret), account.sid)
    assert found is not None
    assert found.account.name == "Acme"
