"""`manage.py serve`: web server and engine together, as two child processes that are looked after.

A child that dies is started again, after a pause that grows while it keeps dying. SIGTERM and
SIGINT stop both cleanly; they also stop by themselves when this process is gone.
"""

import logging
import os
import signal
import socket
import subprocess  # fixed arguments only
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from flows.management.parent import when_parent_is_gone

STEADY_S = 30  # a child that ran this long counts as healthy again
LONGEST_PAUSE_S = 30
PATIENCE_S = 40  # for a child to finish what is under way
WEB_THREADS = 32

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
        parser.add_argument(
            "--web-only",
            action="store_true",
            help="the web server alone; it stops when standard input ends",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        _check_free(host, port)
        if options["web_only"]:
            when_parent_is_gone(lambda: os.kill(os.getpid(), signal.SIGTERM))
            _serve_web(host, port)
        else:
            _serve_both(host, port)


def _serve_both(host: str, port: int) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    os.environ.setdefault("PUBLIC_BASE_URL", _own_address(host, port))
    children = [web(host, port), engine()]
    while not stop.wait(0.2):
        for child in children:
            child.look_after()
    _stop_all(children)


def _own_address(host: str, port: int) -> str:
    """What links point to unless PUBLIC_BASE_URL says it better: here, as seen from here."""
    seen = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104
    return f"http://[{seen}]:{port}" if ":" in seen else f"http://{seen}:{port}"


def _check_free(host: str, port: int) -> None:
    """A sentence now rather than a web server that dies again and again."""
    try:
        socket.create_server((host, port)).close()
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        why = os.strerror(number) if number and number > 0 else str(error)
        raise CommandError(
            f"{host}:{port} cannot be used ({why}). Choose another --port."
        ) from None


def web(host: str, port: int) -> Child:
    return Child("web", _manage("serve", "--web-only", "--host", host, "--port", str(port)))


def engine() -> Child:
    return Child("engine", _manage("runengine", "--with-parent"))


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, sys.argv[0], *arguments]


def _serve_web(host: str, port: int) -> None:
    """Several threads: a test send calls this very server while its page is being made, and the
    more receipts wait for a commit, the more share it."""
    Granian(
        "fallbackui.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=WEB_THREADS,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.error,
    ).serve()


def _stop_all(children: list[Child]) -> None:
    for child in children:
        child.stop()
    deadline = time.monotonic() + PATIENCE_S
    for child in children:
        child.wait(deadline - time.monotonic())
