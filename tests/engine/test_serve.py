"""`manage.py serve`: web server and engine as real processes that are looked after."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(60),
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds child processes in /proc"),
]


@dataclass
class Server:
    process: "subprocess.Popen[str]"
    port: int

    @property
    def is_up(self) -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).ok
        return False

    def children(self, named: str = "manage.py") -> list[int]:
        """The process ids of the direct children with this word in their command."""
        return [pid for pid, parent in _parents() if parent == self.process.pid and _is(pid, named)]


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                status = (entry / "stat").read_text().rpartition(")")[2].split()
                if status[0] != "Z":
                    yield int(entry.name), int(status[1])


def _is(pid: int, named: str) -> bool:
    with suppress(OSError):
        return named.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def wait_until(happened: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def serve(port: int) -> "subprocess.Popen[str]":
    url = f"sqlite:///{connection.settings_dict['NAME']}"
    environment = {**os.environ, "DATABASE_URL": url, "DEBUG": "1"}
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=ROOT,
        env=environment if connection.vendor == "sqlite" else {**os.environ, "DEBUG": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def server() -> Iterator[Server]:
    port = free_port()
    process = serve(port)
    running = Server(process, port)
    wait_until(lambda: running.is_up and len(running.children()) == 2)
    left = running.children()
    yield running
    if process.poll() is None:
        process.kill()
    process.communicate()
    wait_until(lambda: not any(_is(pid, "manage.py") for pid in left))


def test_both_stop_cleanly_when_told_to(server: Server) -> None:
    children = server.children()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    assert not any(_is(pid, "manage.py") for pid in children)
    assert not server.is_up


def test_child_that_died_is_started_again(server: Server) -> None:
    (engine,) = server.children("runengine")
    os.kill(engine, signal.SIGKILL)
    wait_until(lambda: server.children("runengine") not in ([], [engine]))
    (web,) = server.children("--web-only")
    os.kill(web, signal.SIGTERM)
    wait_until(lambda: server.children("--web-only") not in ([], [web]) and server.is_up)


def test_both_stop_when_their_parent_is_killed(server: Server) -> None:
    children = server.children()
    server.process.kill()
    wait_until(lambda: not any(_is(pid, "manage.py") for pid in children) and not server.is_up)


def test_busy_port_gets_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        process = serve(busy.getsockname()[1])
        _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "cannot be used (Address already in use). Choose another --port." in said
