"""Things that run beside a test or each other, in threads of their own, and stop with it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import HTTPServer

from django.db import connection

from flows.engine import loop
from flows.models.refusals import Refused


@contextlib.contextmanager
def running_engine() -> Iterator[None]:
    """The engine's real loop in a thread of its own, on the tests' database."""
    ready = threading.Event()
    stopping: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        stop = asyncio.Event()
        stopping.append((asyncio.get_running_loop(), stop))
        ready.set()
        await loop.run_until(stop)

    thread = threading.Thread(target=asyncio.run, args=(run(),), name="engine")
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        (running, stop) = stopping[0]
        running.call_soon_threadsafe(stop.set)
        thread.join(timeout=30)
        assert not thread.is_alive(), "the engine did not stop"


@contextlib.contextmanager
def running_server(server: HTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, name="server")
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def at_once(*acts: Callable[[], object]) -> list[str]:
    """What became of each deed when all start together: "done", or the name of the refusal."""
    start = threading.Barrier(len(acts))

    def go(act: Callable[[], object]) -> str:
        try:
            start.wait()
            act()
        except Refused as refused:
            return type(refused).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(go, acts))
