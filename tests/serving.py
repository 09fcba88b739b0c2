"""Real processes on loopback: `manage.py serve`, and a server that waits to be called back."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import quote

import requests
from django.conf import settings
from django.db import connection

START_S = 30
STOP_S = 20


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def database_url() -> str:
    """The database of the tests, for another process. Its rows must be committed to be seen."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    user = quote(given["USER"], safe="")
    password = quote(given["PASSWORD"], safe="")
    return f"postgres://{user}:{password}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


@contextmanager
def product(**environment: str) -> Iterator[str]:
    """The product served on the tests' database; yields its address. Use transactional_db."""
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    given = {
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "PUBLIC_BASE_URL": base_url,
        "CALLBACK_ALLOW_PRIVATE": "1",
        **environment,
    }
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=Path(settings.BASE_DIR),
            env={**os.environ, **given},
            stderr=log,
            stdout=log,
        )
        try:
            _wait_for(base_url, process)
            yield base_url
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_S)


@contextmanager
def engine(**environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`manage.py runengine` on the tests' database, for tests that kill it. Use transactional_db.

    Its leases are short, so that what it leaves behind is taken up within seconds.
    """
    given = {
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "ENGINE_LEASE_S": "4",
        "CALLBACK_TIMEOUT_S": "1",
        "CALLBACK_ALLOW_PRIVATE": "1",
        **environment,
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "runengine"],
        cwd=Path(settings.BASE_DIR),
        env={**os.environ, **given},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until(happened: Callable[[], bool], *, timeout_s: float, every_s: float = 0.005) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every_s)


def _wait_for(base_url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"serve ended with {process.returncode}")
        try:
            if requests.get(f"{base_url}/healthz", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise RuntimeError("serve does not answer")


@dataclass
class Receiver:
    """A system of the customer; keeps what was posted to it."""

    url: str
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    def wait(self, timeout_s: float) -> tuple[dict[str, str], bytes]:
        """Headers (names in lower case) and body of the first post."""
        assert self.came.wait(timeout_s), f"nothing was posted within {timeout_s} s"
        return self.posts[0]


@contextmanager
def receiver(status: int = 204) -> Iterator[Receiver]:
    """Listens on loopback and answers `status` to every POST."""
    port = free_port()
    found = Receiver(f"http://127.0.0.1:{port}/fallback-results")

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.posts.append((headers, body))
            self.send_response(status)
            self.end_headers()
            found.came.set()

        def log_message(self, *args: Any) -> None:
            """Quiet: tests look at what was posted."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
