"""How many calls and fallbacks a second the engine manages, on an empty database of its own.

    python -m benchmarks.engine [executions] [batch]

Uses a temporary SQLite file, or the server of DATABASE_URL with a database that is dropped after.
Every execution falls back once: refused on WhatsApp, then sent, reported and delivered by SMS, with
all of its rows, receipts and reasons. One process, no network.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

BATCH = 200


def main(executions: int, batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fallbackui.settings")
        import django

        django.setup()
        from django.db import connection
        from django.test.utils import override_settings

        name = connection.settings_dict["NAME"]
        connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench_test.sqlite3")
        if connection.vendor == "postgresql":
            connection.settings_dict["TEST"]["NAME"] = f"bench_{os.getpid()}"
        connection.creation.create_test_db(verbosity=0)
        try:
            with override_settings(ENGINE_BATCH_SIZE=batch):
                measure(executions, batch)
        finally:
            connection.creation.destroy_test_db(str(name), verbosity=0)


def measure(executions: int, batch: int) -> None:
    from django.db import connection

    from flows.engine import invoke
    from flows.models import Execution, Role
    from tests import cast
    from tests.engine import drive

    account = cast.make_account()
    flow = cast.make_published_flow(account, by=cast.make_person(account, Role.ADMIN))
    calls = [drive.call(flow, "0003", "0001") for _ in range(executions)]

    def accept() -> None:
        for start in range(0, executions, batch):
            invoke.invoke(calls[start : start + batch], now=drive.START)

    print(f"{connection.vendor}, {executions:,} executions in batches of {batch}")
    print(f"  accepted     {executions / seconds(accept):>8,.0f} a second")
    print(f"  fell back    {executions / seconds(drive.play):>8,.0f} a second")
    delivered = Execution.objects.filter(outcome="delivered", outcome_step=1).count()
    if delivered != executions:
        raise SystemExit(f"Only {delivered} of {executions} were delivered by the second step.")


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    main(*(numbers + [2000, BATCH][len(numbers) :]))
