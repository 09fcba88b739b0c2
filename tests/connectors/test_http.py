"""HTTP out of the house: which addresses are public, what a failure means, and the limits."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from flows.connectors import http
from flows.connectors.base import (
    Answer,
    AnswerLost,
    ErrorClass,
    NotReached,
    NotTaken,
    SendResult,
)
from flows.connectors.outcomes import posted
from tests.engine.endpoint import Endpoint, endpoint


@pytest.fixture
def door() -> Iterator[Endpoint]:
    with endpoint() as played:
        yield played


def post(url: str, timeout_s: float = 5) -> Answer:
    async def once() -> Answer:
        async with http.Web(allow_private=True) as web:
            return await web.post(url, body=b"{}", headers={}, timeout_s=timeout_s)

    return asyncio.run(once())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2001:0:0:0:0:0:80ff:fffe", "::7f00:1", "fec0::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_address_is_not_public(address: str) -> None:
    assert not http.is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_address_is_public(address: str) -> None:
    assert http.is_public(address)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://example.com", "starts with https://"),
        ("https://", "starts with https://"),
        ("not a url", "starts with https://"),
        ("https://example.com:99999/", "valid URL"),
        ("https://[::1", "valid URL"),
        ("https://user:pass@example.com/", "basic authentication"),
        ("https://nobody.example/", "cannot be found"),
        ("http://127.0.0.1:8000/", "not on the public internet"),
        ("http://[::ffff:10.0.0.1]/", "not on the public internet"),
        ("https://localhost/", "not on the public internet"),
        ("https://" + "a" * 300 + ".example/", "cannot be found"),
    ],
)
def test_unusable_url_gets_a_sentence(url: str, says: str) -> None:
    assert says in (http.address_problem(url) or "")


def test_public_url_has_no_problem() -> None:
    assert http.address_problem("https://8.8.8.8/hook") is None
    assert http.address_problem("http://127.0.0.1/hook", allow_private=True) is None


def test_one_private_address_among_public_ones_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "::1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert "not on the public" in (http.address_problem("https://both.example/") or "")


def test_any_status_is_an_answer(door: Endpoint) -> None:
    door.status, door.body = 503, b"busy"
    answer = post(door.url)
    assert (answer.status, answer.body) == (503, b"busy")


def test_answer_is_cut_off(door: Endpoint) -> None:
    door.body = b"x" * (http.MAX_ANSWER_BYTES * 4)
    assert len(post(door.url).body) == http.MAX_ANSWER_BYTES


def test_refused_connection_was_certainly_not_seen() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NotReached, match="refused"):
        post(f"http://127.0.0.1:{port}/")


def test_unknown_host_was_certainly_not_seen() -> None:
    with pytest.raises(NotReached, match="host name"):
        post("http://nobody.example/")


def test_slow_answer_may_have_been_seen(door: Endpoint) -> None:
    door.pause_s = 0.4
    with pytest.raises(AnswerLost, match=r"no answer within 0\.1 s"):
        post(door.url, timeout_s=0.1)


@pytest.mark.parametrize("limits", [{"per_host": 2}, {"connections": 2}])
def test_wait_for_a_place_is_no_fault_of_the_host(
    door: Endpoint, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]
) -> None:
    """A burst of ours at a healthy carrier must not look as if the carrier were down."""
    monkeypatch.setattr(http, "PLACE_WAIT_S", 0.1)
    door.pause_s = 0.3

    async def burst() -> list[SendResult | Answer]:
        async with http.Web(allow_private=True, **limits) as web:
            sends = [posted(web, door.url, body=b"{}", headers={}) for _ in range(5)]
            first = await asyncio.gather(*sends)
            return [*first, await posted(web, door.url, body=b"{}", headers={})]

    results = asyncio.run(burst())
    turned_away = [result for result in results if isinstance(result, NotTaken)]
    assert [one.error_class for one in turned_away] == [ErrorClass.THROTTLED] * 3
    assert len([result for result in results if isinstance(result, Answer)]) == 3
    assert isinstance(results[-1], Answer)  # places are free again
    assert len(door.got) == 3


def test_url_that_is_none_was_certainly_not_seen() -> None:
    for url in ("http://[bad/", "http://", "nothing"):
        with pytest.raises(NotReached):
            post(url)


def test_connection_that_breaks_may_have_been_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def break_off() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(10)

        async def once() -> None:
            loop = asyncio.get_running_loop()
            breaking = loop.run_in_executor(None, break_off)  # waiting here would stop the loop
            async with http.Web(allow_private=True) as web:
                try:
                    url = f"http://127.0.0.1:{port}/"
                    await web.post(url, body=b"", headers={}, timeout_s=5)
                finally:
                    await breaking

        with pytest.raises(AnswerLost, match="broke"):
            asyncio.run(once())


def test_names_that_hang_keep_only_a_few_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would hold a thread of the web process, and one more for as long as it hangs."""
    answered, hanging = threading.Event(), threading.Semaphore(0)

    def hang(*_: object, **__: object) -> list[object]:
        hanging.release()
        answered.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(http.socket, "getaddrinfo", hang)
    monkeypatch.setattr(http, "LOOK_UP_TIMEOUT_S", 0.0)
    url = "https://slow.example/"
    for _ in range(http.LOOK_UPS_AT_ONCE + 5):
        assert "could not be looked up in time" in str(http.address_problem(url))
    for _ in range(http.LOOK_UPS_AT_ONCE):
        assert hanging.acquire(timeout=10)
    assert not hanging.acquire(blocking=False), "the others were not even begun"
    left = [thread for thread in threading.enumerate() if thread.name == "look-up"]
    answered.set()
    for thread in left:
        thread.join(10)
    monkeypatch.setattr(http, "LOOK_UP_TIMEOUT_S", 10.0)
    assert "cannot be found" in str(http.address_problem(url)), "their places are free again"
