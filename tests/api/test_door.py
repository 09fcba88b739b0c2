"""In front of every endpoint: unknown paths, keys, addresses, rates, bodies of any length."""

import hashlib
import hmac
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from flows.api import auth
from flows.client_ip import client_ip
from flows.models import Account, ApiKey, Flow, KeyKind, RejectedCall, User
from flows.request_body import BodyError, read_body
from tests import cast

from .caller import Caller, assert_rejected

WRONG_KEY = {
    "code": "RBC001",
    "message": "Incorrect SID or API key.",
    "data": [],
    "error": {"error": "Incorrect SID or API key."},
}
NO_PAGE = {
    "code": "RBC618",
    "message": "Sorry, the page you are looking for could not be found.",
    "data": [],
    "error": {},
}
ID = "4xU9cYRHq2LmVtBDmNVR1D"
INVOKE = "/v1/{sid}/workflow/v1/instances/0cccf798-17b9-4a3f-9dad-f1a2b3c4d5e6/invoke"
SHOW = f"/v1/{{sid}}/workflow/v1/invocations/{ID}"


# --- Unknown page ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/v1/",
        "/v1/HX",
        "/v1/{sid}/messages",
        "/v1/{sid}/workflow/v1",
        "/v1/{sid}/workflow/v2/instances/x/invoke",
        "/v1/{sid}/workflow/v1/instances/x/invoke/",
        "/v1/{sid}/workflow/v1/instances/x/y/invoke",
        f"/v1/{{sid}}/workflow/v1/invocations/{ID}/delete",
        "/v1/{sid}/work%0aflow",
        "/v1/openapi.yaml",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_is_the_gateways_400_whoever_asks(
    client: Client, account: Account, path: str, method: str
) -> None:
    answer = client.generic(method, path.format(sid=account.sid))
    assert (answer.status_code, answer.json()) == (400, NO_PAGE)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", INVOKE),
        ("PUT", INVOKE),
        ("DELETE", INVOKE),
        ("OPTIONS", INVOKE),
        ("POST", SHOW),
        ("DELETE", SHOW),
        ("GET", f"{SHOW}/confirm"),
        ("GET", f"{SHOW}/cancel"),
        ("POST", "/v1/openapi.json"),
    ],
)
def test_a_wrong_method_is_the_same_even_with_a_key(live: Caller, method: str, path: str) -> None:
    answer = live.client.generic(method, path.format(sid=live.sid), headers=live.headers())
    assert (answer.status_code, answer.json()) == (400, NO_PAGE)
    assert "Allow" not in answer


# --- Wrong key ------------------------------------------------------------------------------------


@pytest.fixture
def key(account: Account) -> tuple[ApiKey, str]:
    return cast.make_key(account, KeyKind.LIVE)


def _ask(sid: str, secret: str | None, **headers: Any) -> Any:
    caller = Caller(sid, secret, Client(**headers))
    return caller.show(ID)


def _assert_wrong(answer: Any) -> None:
    assert (answer.status_code, answer.json()) == (401, WRONG_KEY)
    assert "WWW-Authenticate" not in answer


@pytest.mark.parametrize("secret", [None, "", "A" + "0" * 32, "é", "x" * 5000, " "])
def test_missing_or_wrong(account: Account, key: tuple[ApiKey, str], secret: str | None) -> None:
    _assert_wrong(_ask(account.sid, secret))


def test_hash_of_the_secret_is_not_the_secret(account: Account, key: tuple[ApiKey, str]) -> None:
    _assert_wrong(_ask(account.sid, key[0].secret_hash))


def test_revoked(account: Account, key: tuple[ApiKey, str]) -> None:
    assert _ask(account.sid, key[1]).status_code == 404
    key[0].revoke()
    _assert_wrong(_ask(account.sid, key[1]))


@pytest.mark.parametrize("sid", ["HXNOBODY", "%00", "é", "-"])
def test_unknown_sid(key: tuple[ApiKey, str], sid: str) -> None:
    _assert_wrong(_ask(sid, key[1]))


def test_sid_of_another_account(stranger: User, key: tuple[ApiKey, str]) -> None:
    _assert_wrong(_ask(stranger.memberships.get().account.sid, key[1]))


@pytest.mark.parametrize(
    ("ranges", "address", "is_allowed"),
    [
        (["203.0.113.0/24"], "203.0.113.7", True),
        (["203.0.113.0/24"], "203.0.114.7", False),
        (["203.0.113.0/24"], "::ffff:203.0.113.7", True),
        (["2001:db8::/32", "192.0.2.1"], "192.0.2.1", True),
        (["2001:db8::/32"], "2001:db8::1", True),
        (["not a range"], "203.0.113.7", False),
        (["203.0.113.0/24"], "", False),
    ],
)
def test_address(account: Account, ranges: list[str], address: str, is_allowed: bool) -> None:
    _, secret = cast.make_key(account, KeyKind.LIVE, ip_ranges=ranges)
    answer = _ask(account.sid, secret, REMOTE_ADDR=address)
    if is_allowed:
        assert answer.status_code == 404
    else:
        _assert_wrong(answer)


def test_nothing_is_stored(account: Account, key: tuple[ApiKey, str]) -> None:
    _ask(account.sid, "wrong")
    assert not RejectedCall.objects.exists()
    key[0].refresh_from_db()
    assert key[0].last_used_at is None


@pytest.mark.parametrize("case", ["missing", "wrong", "revoked", "foreign", "address"])
def test_the_same_work_is_done_whatever_is_wrong(
    case: str,
    account: Account,
    stranger: User,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    """Hashes, comparisons and queries are counted; a short cut would show who is known."""
    key, secret = cast.make_key(account, KeyKind.LIVE, ip_ranges=["127.0.0.1"])
    sid, address = account.sid, "127.0.0.1"
    if case == "missing":
        secret = ""
    elif case == "wrong":
        secret = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    elif case == "revoked":
        key.revoke()
    elif case == "foreign":
        sid = stranger.memberships.get().account.sid
    else:
        address = "192.0.2.1"
    counted: list[str] = []
    compare, sha256 = hmac.compare_digest, hashlib.sha256
    monkeypatch.setattr(
        hmac, "compare_digest", lambda a, b: counted.append("compare") or compare(a, b)
    )
    monkeypatch.setattr(hashlib, "sha256", lambda text=b"": counted.append("hash") or sha256(text))
    request = RequestFactory().post("/", headers={"api-key": secret}, REMOTE_ADDR=address)
    with django_assert_num_queries(1):
        assert auth.authenticate(request, sid) is None
    assert counted == ["hash", "hash", "compare", "compare"]


# --- Last use -------------------------------------------------------------------------------------


def test_it_is_written_once_a_minute_at_most(live: Caller, django_assert_num_queries: Any) -> None:
    live.show(ID)
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    with django_assert_num_queries(2):
        live.show(ID)
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    live.show(ID)
    again = ApiKey.objects.get().last_used_at
    assert again is not None and again >= first


# --- Rate -----------------------------------------------------------------------------------------


@pytest.fixture
def three_a_minute(settings: Any, time_machine: Any) -> None:
    settings.API_RATE_PER_MINUTE = 3
    time_machine.move_to("2026-11-22T10:00:20+00:00", tick=False)


@pytest.mark.usefixtures("three_a_minute")
def test_the_call_too_many_is_rejected_and_told_when_to_come_back(
    live: Caller, published_flow: Flow
) -> None:
    for _ in range(3):
        assert live.invoke(published_flow, {}).status_code == 400
    answer = live.invoke(published_flow, {"requestId": "r-4"})
    told = assert_rejected(
        answer,
        "Too many requests. Call again after the seconds that the header Retry-After gives.",
        status=429,
    )
    assert told["requestId"] is None
    assert 40 <= int(answer["Retry-After"]) <= 41


@pytest.mark.usefixtures("three_a_minute")
def test_next_minute_is_a_new_one(live: Caller, published_flow: Flow, time_machine: Any) -> None:
    for _ in range(4):
        answer = live.show(ID)
    assert answer.status_code == 429
    time_machine.shift(int(answer["Retry-After"]))
    assert live.show(ID).status_code == 404


@pytest.mark.usefixtures("three_a_minute")
def test_one_key_does_not_use_up_what_another_may(live: Caller, test: Caller) -> None:
    for _ in range(4):
        live.show(ID)
    assert live.show(ID).status_code == 429
    assert test.show(ID).status_code == 404


@pytest.mark.usefixtures("three_a_minute")
def test_a_flood_leaves_one_rejected_call_a_minute(
    live: Caller, published_flow: Flow, time_machine: Any
) -> None:
    for _ in range(13):
        live.invoke(published_flow, b"")
    assert RejectedCall.objects.filter(status=429).count() == 1
    time_machine.shift(60)
    for _ in range(13):
        live.invoke(published_flow, b"")
    assert RejectedCall.objects.filter(status=429).count() == 2


@pytest.mark.usefixtures("three_a_minute")
def test_wrong_keys_use_nothing_up(account: Account, live: Caller) -> None:
    wrong = Caller(account.sid, "wrong", Client())
    for _ in range(5):
        assert wrong.show(ID).status_code == 401
    assert live.show(ID).status_code == 404


# --- Body of any length ---------------------------------------------------------------------------

"""Read with the limit, whatever the announced length says."""


def _request(body: bytes, **meta: Any) -> Any:
    request = RequestFactory().post("/", b"", content_type="application/json")
    stream = io.BytesIO(body)
    request.META.update({"wsgi.input": stream, **meta})
    return request, stream


def test_chunked_body_is_read_to_its_end() -> None:
    request, _ = _request(b'{"a":1}', CONTENT_LENGTH="", **{"wsgi.input_terminated": True})
    assert json.loads(read_body(request, limit=64 * 1024)) == {"a": 1}


def test_endless_chunked_body_is_left_after_the_limit() -> None:
    request, stream = _request(
        b"x" * 1_000_000, CONTENT_LENGTH="", **{"wsgi.input_terminated": True}
    )
    with pytest.raises(BodyError, match="larger than 64 KiB"):
        read_body(request, limit=64 * 1024)
    assert stream.tell() <= 64 * 1024 + 1


def test_a_long_body_is_refused_unread() -> None:
    request, stream = _request(b"x" * 100, CONTENT_LENGTH=str(64 * 1024 + 1))
    with pytest.raises(BodyError, match="larger than 64 KiB"):
        read_body(request, limit=64 * 1024)
    assert stream.tell() == 0


def test_a_body_that_ends_early_is_not_taken_for_a_whole_one() -> None:
    meta = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "9", "wsgi.input": io.BytesIO(b'{"a":1}')}
    request = RequestFactory().request(**meta)
    with pytest.raises(BodyError, match="could not be read to its end"):
        read_body(request, limit=64 * 1024)


def test_without_the_servers_promise_nothing_is_waited_for() -> None:
    request, stream = _request(b"x" * 100, CONTENT_LENGTH="")
    read_body(request, limit=64 * 1024)
    assert stream.tell() == 0


# --- Client ip ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "203.0.113.7", "192.0.2.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.9, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.9, 203.0.113.7", "198.51.100.9"),
        (2, "203.0.113.7", "192.0.2.1"),
        (1, None, "192.0.2.1"),
        (1, "203.0.113.7:4711", "203.0.113.7"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:DB8:0::1", "2001:db8::1"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
        (1, "unknown", ""),
        (1, " , ", "192.0.2.1"),
    ],
)
def test_only_what_our_proxies_added_is_believed(
    settings: Any, proxies: int, forwarded: str | None, seen: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.1")
    assert client_ip(request) == seen


def test_no_cache_keeps_an_answer(live: Caller) -> None:
    """A cache in between does not know that `api-key` makes the difference."""
    for answer in (live.show(ID), live.invoke(ID, {}), live.ask(ID, "cancel")):
        assert "no-store" in answer["Cache-Control"]
