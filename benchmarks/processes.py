"""What benchmarks run in: a database of their own, and real processes on loopback."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

START_S = 30


@contextmanager
def database() -> Iterator[str]:
    """The address of a new SQLite file, or of a new database at the server of DATABASE_URL; it is
    dropped afterwards."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        return
    import psycopg

    base, name = server.rpartition("/")[0], f"bench_{os.getpid()}"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{base}/{name}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def serving(*command: str, url: str = "", more: Mapping[str, str] | None = None) -> Iterator[None]:
    """Python with these arguments, from the moment that `url` answers if there is one."""
    process = subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, env={**os.environ, **(more or {})}
    )
    try:
        if url:
            _wait_for(url)
        yield
    finally:
        process.terminate()
        process.wait(START_S)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.05)
    raise SystemExit(f"Nothing answered at {url}.")
