"""The call of a test send against a server that behaves in every way a server can."""

import contextlib
import json
import shlex
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flows.views import test_call
from flows.views.test_call import Answer, Call, call_of

Reply = Callable[[BaseHTTPRequestHandler], None]
BODY = {"requestId": "r'1", "input": {"send1": {"recipient": "919876540001"}}}


@contextlib.contextmanager
def server(reply: Reply) -> Iterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """A server on loopback whose only answer is `reply`; gives its address and what it got."""
    got: list[tuple[str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got.append((self.path, headers, self.rfile.read(length)))
            reply(self)

        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}", got
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def says(status: int, body: bytes, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def call(base_url: str, **fields: object) -> Call:
    return call_of(base_url, sid="HX1", workflow_id="w-1", body=BODY, **fields)  # type: ignore[arg-type]


def test_it_posts_json_with_key_and_speed() -> None:
    with server(says(202, b'{"success": true}')) as (url, got):
        answer = test_call.send(call(url, speed=60), key="Asecret")
    path, headers, body = got[0]
    assert path == "/v1/HX1/workflow/v1/instances/w-1/invoke"
    assert (headers["api-key"], headers["x-test-speed"]) == ("Asecret", "60")
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == BODY
    assert (answer.status, answer.json(), answer.error) == (202, {"success": True}, "")


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_the_curl_line_makes_the_same_call() -> None:
    with server(says(202, b"{}")) as (url, got):
        line = call(url, speed=2).as_curl()
        assert "Asecret" not in line
        env = {"FALLBACK_API_KEY": "Asecret", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(["sh", "-c", line + " -s"], env=env, capture_output=True, timeout=20)
    assert done.returncode == 0, done.stderr
    _, headers, body = got[0]
    assert (headers["api-key"], headers["x-test-speed"]) == ("Asecret", "2")
    assert json.loads(body) == BODY
    assert shlex.split(line)[0] == "curl"


def test_redirects_are_shown_and_not_followed() -> None:
    with server(says(302, b"", Location="/elsewhere")) as (url, got):
        answer = test_call.send(call(url), key="k")
    assert answer.status == 302
    assert len(got) == 1


def test_nobody_there_is_a_sentence() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    answer = test_call.send(call(f"http://127.0.0.1:{port}"), key="k")
    assert answer.status is None
    assert answer.error.startswith(f"No connection to 127.0.0.1:{port}")


def test_silence_ends_after_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_call, "TIMEOUT_S", 0.2)
    stop = threading.Event()
    with server(lambda handler: stop.wait(5) and None) as (url, _):
        answer = test_call.send(call(url), key="k")
        stop.set()
    assert "Whether the call arrived is not known" in answer.error


def test_a_trickle_ends_after_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_call, "TIMEOUT_S", 0.4)
    stop = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while not stop.wait(0.05):
                handler.wfile.write(b"x" * 5000)
                handler.wfile.flush()

    with server(trickle) as (url, _):
        answer = test_call.send(call(url), key="k")
        stop.set()
    assert answer.status is None or "left out" in answer.text
    assert answer.duration_ms < 2000


def test_a_connection_that_breaks_off_is_a_sentence() -> None:
    def break_off(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"{")

    with server(break_off) as (url, _):
        answer = test_call.send(call(url), key="k")
    assert answer.status is None
    assert answer.error.endswith(".")


def test_an_endless_answer_is_cut() -> None:
    with server(says(200, b"x" * 200_000)) as (url, _):
        answer = test_call.send(call(url), key="k")
    assert answer.status == 200
    assert answer.text.endswith("(the rest was left out)")
    assert len(answer.text) < 70_000


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff\x00", b"null"])
def test_what_is_no_json_object_is_shown_as_it_is(body: bytes) -> None:
    with server(says(502, body)) as (url, _):
        answer = test_call.send(call(url), key="k")
    assert answer.status == 502
    assert answer.json() == {}
    assert "\x00" not in answer.text


def test_an_answer_without_text_has_no_json() -> None:
    assert Answer(None, "", "No connection", 3).json() == {}


def test_tests_never_take_every_thread_of_the_web_process() -> None:
    """Calls are answered by other threads of the process that makes them."""
    arrived, go_on = threading.Semaphore(0), threading.Event()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        arrived.release()
        go_on.wait(10)
        says(202, b"{}")(handler)

    with server(wait) as (url, got):
        answers: list[Answer] = []
        call = call_of(url, sid="HX1", workflow_id="w", body=BODY)
        threads = [
            threading.Thread(target=lambda: answers.append(test_call.send(call, key="k")))
            for _ in range(test_call.AT_ONCE)
        ]
        for thread in threads:
            thread.start()
            assert arrived.acquire(timeout=10)
        assert test_call.send(call, key="k") == Answer(None, "", test_call.CROWDED, 0)
        go_on.set()
        for thread in threads:
            thread.join(10)
        assert [answer.status for answer in answers] == [202] * test_call.AT_ONCE
        assert test_call.send(call, key="k").status == 202
    assert len(got) == test_call.AT_ONCE + 1
