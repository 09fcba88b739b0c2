"""How fast the receipt door is beside the engine, and what shared commits save.

    python -m benchmarks.receipts [messages]

Real processes on loopback: web server, engine, and a carrier that takes messages over HTTP
and posts signed receipts, three for each message. On a temporary SQLite file, or on the PostgreSQL
server of DATABASE_URL with a database that is dropped after. First the engine sends alone;
then all receipts come as fast as the door takes them, while the engine matches and folds; at last
both at once. The age of the oldest receipt that waits for the engine tells whether it falls behind.
Compare the ratios of one run, not the numbers of two: machines differ and are noisy.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import requests

from benchmarks.processes import database, serving
from benchmarks.results import keep

MESSAGES = 1500
STATUSES = ("sent", "delivered", "read")
AT_ONCE = 48  # connections of the carrier
SAMPLE_S = 0.1
PATIENCE_S = 120


def main(messages: int) -> None:
    with database() as url:
        os.environ |= {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "fallbackui.settings",
            "EXTRA_CONNECTORS": "benchmarks.carrier",
            "LOG_LEVEL": "ERROR",
            "CALLBACK_ALLOW_PRIVATE": "1",
        }
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        shared = share_commits(messages)
        with processes() as (web, carrier):
            numbers = Run(web, carrier, messages).play()
        from django.db import connection

        connection.close()
        known = {"database": connection.vendor, "messages": messages}
        report({**known, **numbers, "shared_commit": shared})


def report(numbers: dict[str, Any]) -> None:
    for name, value in numbers.items():
        print(f"{name.replace('_', ' ')}: {value}")
    keep("receipts", numbers)


# --- Shared commits -------------------------------------------------------------------------------


def share_commits(receipts: int) -> dict[str, Any]:
    """Receipts a second from as many threads as the web server has: each with a commit of its own,
    and sharing them; in turns, so that both have the same machine."""
    from flows.engine import receive
    from flows.engine.gather import Gather
    from flows.management.commands.serve import WEB_THREADS
    from tests import cast

    connection = cast.make_connection(cast.make_account("Shared"))

    def alone(batch: Any) -> int:
        return receive._store([batch])[0]

    together = Gather(receive._store, most=receive.CALLERS_AT_ONCE)
    spent = {"alone": 0.0, "together": 0.0}
    for turn in range(3):
        for name, store in (("alone", alone), ("together", together)):
            batches = [
                [_receipt(f"{name}-{turn}-{number}", connection.pk)]
                for number in range(receipts // 3)
            ]
            spent[name] += _seconds(store, batches, WEB_THREADS)
    rates = {name: round(receipts // 3 * 3 / seconds) for name, seconds in spent.items()}
    return {**rates, "threads": WEB_THREADS, "ratio": round(rates["together"] / rates["alone"], 1)}


def _receipt(key: str, connection_id: int) -> Any:
    from django.utils import timezone

    from flows.connectors.base import ReceiptEvent, ReceiptStatus
    from flows.engine import receive
    from flows.models import Receipt

    event = ReceiptEvent(event_key=key, status=ReceiptStatus.SENT, message_id=key, raw={"id": key})
    now = timezone.now()
    made: Receipt = receive.receipt_of(
        event, connector="sandbox", connection_id=connection_id, received_at=now
    )
    made.due_at = None  # the engine has nothing to do with these
    return made


def _seconds(store: Callable[[Any], int], batches: Sequence[Any], threads: int) -> float:
    from django.db import connection

    connection.close()
    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        stored = sum(pool.map(store, batches))
        spent = time.perf_counter() - started
        list(pool.map(lambda _: connection.close(), range(threads)))
    if stored != len(batches):
        raise SystemExit(f"Only {stored} of {len(batches)} receipts were stored.")
    return spent


# --- Door and engine ------------------------------------------------------------------------------


@contextmanager
def processes() -> Iterator[tuple[str, str]]:
    """Web server, engine and carrier; yields the addresses of the first and the last."""
    from tests.serving import free_port

    ports = free_port(), free_port()
    addresses = f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
    os.environ["PUBLIC_BASE_URL"] = addresses[0]
    web = ("manage.py", "serve", "--web-only", "--port", str(ports[0]))
    carrier = ("-m", "benchmarks.carrier", str(ports[1]))
    with (
        serving(*web, url=f"{addresses[0]}/healthz"),
        serving("manage.py", "runengine"),
        serving(*carrier, url=f"{addresses[1]}/state"),
    ):
        yield addresses


class Run:
    """The three rounds of one run."""

    def __init__(self, web: str, carrier: str, messages: int) -> None:
        from tests import cast

        self.web, self.carrier, self.messages = web, carrier, messages
        account = cast.make_account("Bench")
        self.connection = cast.make_connection(account, "bench", base_url=carrier)
        for channel in (cast.Channel.WHATSAPP, cast.Channel.SMS):
            cast.make_sender(account, channel, connection=self.connection)
        self.flow = cast.make_published_flow(account, by=cast.make_person(account, cast.Role.ADMIN))

    def play(self) -> dict[str, Any]:
        sends = self.send_alone()
        door, waited = self.receipts_alone()
        return {
            "sends_per_second": round(sends),
            "receipts_per_second": round(door),
            "receipts_to_sends": round(door / sends, 1),
            "oldest_waiting_s": round(waited, 2),
            "together": self.both_at_once(),
        }

    def send_alone(self) -> float:
        """Messages a second from their acceptance to the record of the carrier's answer."""
        started = time.monotonic()
        self._accept()
        wait_until(lambda: self._sent() == self.messages)
        return self.messages / (time.monotonic() - started)

    def receipts_alone(self) -> tuple[float, float]:
        """Receipts a second that the door takes, while the engine matches all of them; and how
        long the oldest one waited for the engine."""
        ids = [f"m{number + 1:08}" for number in range(self.messages)]
        with Backlog() as backlog:
            told = self._ask("flood", ids=ids, at_once=AT_ONCE)
            wait_until(lambda: self._folded() == self.messages * len(STATUSES))
        self._check(self.messages)
        return self.messages * len(STATUSES) / float(told["seconds"]), backlog.oldest_s

    def both_at_once(self) -> dict[str, Any]:
        """Every message brings its receipts at once: from acceptance to the last one folded."""
        self._ask("then", at_once=AT_ONCE, **{"from": self.messages})
        due = self.messages * len(STATUSES)
        with Backlog() as backlog:
            started = time.monotonic()
            self._accept()
            wait_until(lambda: self._state()["posted"] == due)
            wait_until(lambda: self._folded() == 2 * due)
            spent_s = time.monotonic() - started
        self._check(2 * self.messages)
        return {
            "messages_per_second": round(self.messages / spent_s),
            "receipts_per_second": round(due / spent_s),
            "oldest_waiting_s": round(backlog.oldest_s, 2),
        }

    def _accept(self) -> None:
        from django.utils import timezone

        from flows.engine import invoke
        from tests.engine import drive

        calls = [drive.call(self.flow, "0001", "0001", kind="live") for _ in range(self.messages)]
        for start in range(0, self.messages, 500):
            invoke.invoke(calls[start : start + 500], now=timezone.now())

    def _ask(self, what: str, **told: Any) -> Any:
        from flows.models.connections import receipt_url

        url = receipt_url(self.connection).replace("http://127.0.0.1:8000", self.web)
        asked = {"url": url, "key": self.connection.hook_key, "statuses": STATUSES, **told}
        return requests.post(f"{self.carrier}/{what}", json=asked, timeout=PATIENCE_S).json()

    def _state(self) -> Any:
        state = requests.get(f"{self.carrier}/state", timeout=10).json()
        if state["odd"]:
            raise SystemExit(f"The door answered {set(state['odd'])}.")
        return state

    def _sent(self) -> int:
        from flows.models import Attempt

        return Attempt.objects.exclude(message_id="").count()

    def _folded(self) -> int:
        from flows.models import Receipt

        return Receipt.objects.exclude(attempt=None).exclude(folded_at=None).count()

    def _check(self, messages: int) -> None:
        from flows.models import Execution

        ended = Execution.objects.filter(outcome="delivered", outcome_step=0).count()
        if ended != messages:
            raise SystemExit(f"Only {ended} of {messages} were delivered by the first step.")


class Backlog:
    """Watches how long the oldest receipt waits for the engine."""

    def __init__(self) -> None:
        self.oldest_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Backlog":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        from django.db import connection
        from django.db.models import Min
        from django.utils import timezone

        from flows.models import Receipt

        while not self._stop.wait(SAMPLE_S):
            waiting = Receipt.objects.filter(due_at__isnull=False)
            first = waiting.aggregate(at=Min("due_at"))["at"]
            now = timezone.now()
            self.oldest_s = max(self.oldest_s, (now - first).total_seconds() if first else 0)
        connection.close()


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > deadline:
            raise SystemExit("It did not happen in time.")
        time.sleep(0.05)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else MESSAGES)
