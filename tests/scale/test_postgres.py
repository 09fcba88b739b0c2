"""The engine and people's races once more on PostgreSQL; loud when none answers on loopback."""

import os
import subprocess
import sys
import uuid
import warnings
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432")
# Where the two databases differ: locks, conflicts, batches. The rest is the same code.
SUITE = [
    "engine/test_invoke.py",
    "engine/test_outages.py",
    "engine/test_store.py",
    "engine/test_receipts.py",
    "engine/test_shared_commit.py",
    "hooks",
    "models/test_connection_races.py",
    "models/test_flow_races.py",
    "models/test_member_races.py",
]


def is_reachable() -> bool:
    try:
        psycopg.connect(f"{SERVER}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.scale
@pytest.mark.slow
def test_engine_and_people_hold_on_postgresql() -> None:
    """Races, leases, receipts, 200 simultaneous calls with one requestId, admins at each other."""
    if not is_reachable():
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"NOT TESTED ON POSTGRESQL: none at {SERVER}.", stacklevel=1)
        pytest.skip(f"no PostgreSQL answers at {SERVER}: the engine was tested on SQLite only")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--no-header", "-p", "no:cacheprovider"]
        + [f"tests/{name}" for name in SUITE],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"{SERVER}/fallback_{uuid.uuid4().hex[:8]}"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
