"""`manage.py serve`: web server and engine together, as two child processes that are looked after.

A child that dies is started again, after a pause that grows while it keeps dying. SIGTERM and
SIGINT stop both cleanly; the engine also stops by itself when this process is gone.
"""

import logging
import signal
import socket
import subprocess  # fixed arguments only
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

STEADY_S = 30  # a child that ran this long counts as healthy again
LONGEST_PAUSE_S = 30
PATIENCE_S = 40  # for a child to finish what is under way
WEB_THREADS = 8

log = logging.getLogger(__name__)


@dataclass
class Child:
    """One process that shall always run."""

    name: str
    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0
    deaths: int = 0
    start_at: float = field(default_factory=time.monotonic)

    def look_after(self) -> None:
        """Start it when it is time, and notice when it has died."""
        if self.process is None:
            if time.monotonic() >= self.start_at:
                self._start()
        elif (code := self.process.poll()) is not None:
            self._bury(code)

    def _start(self) -> None:
        # Its standard input is our end of a pipe: it ends when we do, however we end.
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter, fixed arguments
            self.command, stdin=subprocess.PIPE, start_new_session=True
        )
        self.started_at = time.monotonic()

    def _bury(self, code: int) -> None:
        steady = time.monotonic() - self.started_at >= STEADY_S
        self.deaths = 1 if steady else self.deaths + 1
        pause_s = min(2 ** (self.deaths - 1) / 4, LONGEST_PAUSE_S)
        log.error("serve.child_died", extra={"child": self.name, "code": code, "pause_s": pause_s})
        self._close()
        self.start_at = time.monotonic() + pause_s

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, timeout_s: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(timeout_s, 0))
        except subprocess.TimeoutExpired:
            log.error("serve.child_killed", extra={"child": self.name})
            self.process.kill()
            self.process.wait()
        self._close()

    def _close(self) -> None:
        if self.process and self.process.stdin:
            self.process.stdin.close()
        self.process = None


class Command(BaseCommand):
    help = "Runs the web server and the engine together."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        _check_free(options["host"], options["port"])
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        children = [web(options["host"], options["port"]), engine()]
        while not stop.wait(0.2):
            for child in children:
                child.look_after()
        _stop_all(children)


def _check_free(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        reason = f"{host}:{port} cannot be used ({error.strerror}). Choose another --port."
        raise CommandError(reason) from error


def web(host: str, port: int) -> Child:
    """Several threads: a test send calls this very server while its page is being made."""
    arguments = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", "1", "--blocking-threads", str(WEB_THREADS), "--no-ws",
        "--log-level", "error", "--respawn-failed-workers", "--backlog", "1024",
        "fallbackui.wsgi:application",
    ]  # fmt: skip
    return Child("web", arguments)


def engine() -> Child:
    return Child("engine", [sys.executable, sys.argv[0], "runengine", "--with-parent"])


def _stop_all(children: list[Child]) -> None:
    for child in children:
        child.stop()
    deadline = time.monotonic() + PATIENCE_S
    for child in children:
        child.wait(deadline - time.monotonic())
