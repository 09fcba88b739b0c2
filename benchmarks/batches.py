"""How much a batch saves: the engine's turn at several batch sizes, in one run, on SQLite.

Every execution is a whole fallback: accepted, WhatsApp sent, no receipt in time, SMS sent,
delivered, ended. The clock is the benchmark's own, so nothing is slept; what is left is the
engine's work. Compare the ratios, not the seconds: machines differ and are noisy.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEPS_OF_THE_CLOCK_S = (0, 61, 3)  # the sends, WhatsApp's wait of 60 s, the SMS's receipts


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        _set_up(folder)
        rates = {size: _fallbacks_per_second(size, options.executions) for size in options.sizes}
    _print_table(rates)
    _write_results(rates, options.executions)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=1000, help="per batch size")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 20, 200, 1000])
    return parser.parse_args()


def _set_up(folder: str) -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fallbackui.settings")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _fallbacks_per_second(size: int, executions: int) -> float:
    from flows.engine import run

    now = _accept(executions, title=f"Batches of {size}")
    begun = time.perf_counter()
    for pause_s in STEPS_OF_THE_CLOCK_S:
        now += timedelta(seconds=pause_s)
        while run.turn(now, limit=size):
            pass
    took_s = time.perf_counter() - begun
    _check_all_fell_back(f"Batches of {size}", executions)
    return executions / took_s


def _accept(executions: int, *, title: str):
    from django.utils import timezone

    from flows.engine.invoke import Accepted, Call, invoke
    from flows.invocation import Send
    from flows.models import Role
    from tests import cast

    account = cast.make_account(name=title)
    flow = cast.make_published_flow(account, by=cast.make_person(account, Role.ADMIN), title=title)
    now = timezone.now()
    sends = tuple(
        Send(f"91987654{tail}", {"1": "Asha", "2": "A-1", "3": "Friday"})
        for tail in ("0005", "0001")
    )
    answers = invoke(
        [
            Call(
                account_id=account.pk,
                workflow_id=flow.workflow_id,
                version_id=flow.live_version_id,
                request_id=f"bench-{number}",
                sends=sends,
                kind="test",
            )
            for number in range(executions)
        ],
        now=now,
    )
    assert all(isinstance(answer, Accepted) for answer in answers)
    return now


def _check_all_fell_back(title: str, executions: int) -> None:
    """A figure counts only when every execution really ended by its second step."""
    from flows.models import Execution, Outcome

    ended = Execution.objects.filter(
        flow__title=title, outcome=Outcome.DELIVERED, outcome_step=1
    ).count()
    assert ended == executions, f"{ended} of {executions} executions fell back and ended"


def _print_table(rates: dict[int, float]) -> None:
    slowest = min(rates.values())
    print(f"{'batch size':>10}  {'fallbacks/s':>11}  {'ratio':>6}")
    for size, rate in rates.items():
        print(f"{size:>10}  {rate:>11,.0f}  {rate / slowest:>6.1f}")


def _write_results(rates: dict[int, float], executions: int) -> None:
    results = {
        "benchmark": "batches",
        "executions_per_size": executions,
        "fallbacks_per_second": {str(size): round(rate) for size, rate in rates.items()},
        "ratio_to_slowest": {
            str(size): round(rate / min(rates.values()), 1) for size, rate in rates.items()
        },
    }
    (ROOT / "benchmarks" / "results.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
