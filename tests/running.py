"""Things that run beside a test, in threads of their own, and stop with it."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from http.server import HTTPServer

from flows.engine import loop


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
