"""How many calls and fallbacks a second the engine manages, and how much batches save.

    python -m benchmarks.engine [executions] [batch …]

Uses a temporary SQLite file, or the server of DATABASE_URL with a database that is dropped after.
Every execution falls back once: refused on WhatsApp, then sent, reported and delivered by SMS, with
all of its rows, receipts and reasons. One process, no network. Compare the ratios of one run, not
the seconds of two: machines differ and are noisy.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.results import keep

BATCHES = (1, 20, 200)
EXECUTIONS = 600


def main(executions: int, batches: Sequence[int]) -> None:
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
            rates = {}
            for batch in batches:
                with override_settings(ENGINE_BATCH_SIZE=batch):
                    rates[batch] = measure(executions, batch)
            report(connection.vendor, executions, rates)
        finally:
            connection.creation.destroy_test_db(str(name), verbosity=0)


def measure(executions: int, batch: int) -> tuple[float, float]:
    """Accepted calls and finished fallbacks a second."""
    from flows.engine import invoke
    from flows.models import Execution, Role
    from tests import cast
    from tests.engine import drive

    account = cast.make_account(name=f"Batches of {batch}")
    admin = cast.make_person(account, Role.ADMIN, name=f"Bench {batch}")
    flow = cast.make_published_flow(account, by=admin)
    calls = [drive.call(flow, "0003", "0001") for _ in range(executions)]

    def accept() -> None:
        for start in range(0, executions, batch):
            invoke.invoke(calls[start : start + batch], now=drive.START)

    accepted, fell_back = executions / seconds(accept), executions / seconds(drive.play)
    ended = Execution.objects.filter(flow=flow, outcome="delivered", outcome_step=1).count()
    if ended != executions:
        raise SystemExit(f"Only {ended} of {executions} were delivered by the second step.")
    return accepted, fell_back


def report(vendor: str, executions: int, rates: dict[int, tuple[float, float]]) -> None:
    slowest = min(fell_back for _, fell_back in rates.values())
    print(f"{vendor}, {executions:,} executions per row")
    print(f"{'batch':>6}  {'accepted/s':>10}  {'fallbacks/s':>11}  {'ratio':>5}")
    rows = []
    for batch, (accepted, fell_back) in rates.items():
        ratio = round(fell_back / slowest, 1)
        print(f"{batch:>6}  {accepted:>10,.0f}  {fell_back:>11,.0f}  {ratio:>5}")
        rows.append(
            {
                "batch": batch,
                "accepted_per_second": round(accepted),
                "fallbacks_per_second": round(fell_back),
                "ratio": ratio,
            }
        )
    keep("engine", {"database": vendor, "executions": executions, "rows": rows})


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    main(numbers[0] if numbers else EXECUTIONS, numbers[1:] or BATCHES)
