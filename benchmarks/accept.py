"""How many calls a second are accepted, against a bare view on the same server.

    python -m benchmarks.accept [seconds] [connections]

Real processes on loopback: granian with the product, then with benchmarks/bare.py, with the same
number of processes and threads and on the same database. wrk (a package of Debian's) calls them.
In both 202 means "on disk". They take turns, so that a noisy machine is noisy to both. Compare the
ratios of one run, not the numbers of two.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from statistics import median
from typing import Any

from benchmarks import bare
from benchmarks.processes import database, serving
from benchmarks.results import keep

ROUNDS = 3
SECONDS = 6
CONNECTIONS = 64
_CALL = """
local number, salt = 0, "%s-" .. tostring(os.time()) .. "-"
request = function()
  number = number + 1
  return wrk.format("POST", nil, {["api-key"] = "%s", ["content-type"] = "application/json"},
    string.format('%s', salt .. number))
end
done = function(summary, latency)
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(95), latency:percentile(99), summary.errors.status))
end
"""
_SEND = '{"recipient":"919876540001","templateParams":{"1":"Priya","2":"58213","3":"Friday"}}'
_BODY = f'{{"requestId":"%s","input":{{"send1":{_SEND},"send2":{_SEND}}}}}'
Round = dict[str, float]


def main(seconds: int, connections: int) -> None:
    if not shutil.which("wrk"):
        raise SystemExit("NOT MEASURED: wrk is missing (apt-get install wrk).")
    with database() as url:
        os.environ |= {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "fallbackui.settings",
            "LOG_LEVEL": "ERROR",
            "API_RATE_PER_MINUTE": "100000000",
        }
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        ids, path, secret = furnish()
        connection.close()
        rounds: list[tuple[Round, Round]] = []
        for number in range(ROUNDS):
            loads = Load(secret, seconds, connections, salt=f"round{number}")
            rounds.append((loads.of_product(path), loads.of_bare(ids)))
        report(connection.vendor, connections, rounds)


def furnish() -> tuple[str, str, str]:
    """The keys of the rows, the path to call, and the secret."""
    from flows.models import KeyKind, Role
    from tests import cast

    account = cast.make_account()
    flow = cast.make_published_flow(account, by=cast.make_person(account, Role.ADMIN))
    _, secret = cast.make_key(account, KeyKind.LIVE)
    ids = f"{account.pk},{flow.pk},{flow.live_version_id}"
    return ids, f"/v1/{account.sid}/workflow/v1/instances/{flow.workflow_id}/invoke", secret


class Load:
    """What wrk does to one server, and what it sees."""

    def __init__(self, secret: str, seconds: int, connections: int, *, salt: str) -> None:
        self._secret, self._salt = secret, salt
        self._seconds, self._connections = seconds, connections

    def of_product(self, path: str) -> Round:
        from tests.serving import free_port

        port = free_port()
        base = f"http://127.0.0.1:{port}"
        command = ("manage.py", "serve", "--web-only", "--port", str(port))
        with serving(*command, url=f"{base}/healthz"):
            return self._call(f"{base}{path}", "product")

    def of_bare(self, ids: str) -> Round:
        from tests.serving import free_port

        port = free_port()
        base = f"http://127.0.0.1:{port}"
        command = ("-m", "benchmarks.bare", str(port))
        with serving(*command, url=f"{base}/healthz", more={bare.IDS: ids}):
            return self._call(f"{base}/invoke", "bare")

    def _call(self, url: str, name: str) -> Round:
        self._wrk(url, f"{self._salt}-{name}-warm", 1)
        return self._wrk(url, f"{self._salt}-{name}", self._seconds)

    def _wrk(self, url: str, salt: str, seconds: int) -> Round:
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(_CALL % (salt, self._secret, _BODY))
            script.flush()
            command = ["wrk", "-t1", f"-c{self._connections}", f"-d{seconds}s", "-s", script.name]
            done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
        found = re.search(r"RESULT " + r"(\d+) ?" * 6, done.stdout)
        if found is None or int(found[6]):
            raise SystemExit(f"Not every call was accepted.\n{done.stdout}")
        count, us, p50, p95, p99, _ = map(int, found.groups())
        in_ms = {"p50_ms": p50 / 1e3, "p95_ms": p95 / 1e3, "p99_ms": p99 / 1e3}
        return {"per_second": count / us * 1e6, **in_ms}


def report(vendor: str, connections: int, rounds: list[tuple[Round, Round]]) -> None:
    numbers: dict[str, Any] = {"database": vendor, "connections": connections}
    for name, own in (("product", [p for p, _ in rounds]), ("bare", [b for _, b in rounds])):
        numbers[name] = {key: round(median(one[key] for one in own), 1) for key in own[0]}
        print(f"{vendor}, {name}: {numbers[name]}")
    ratios = [product["per_second"] / yardstick["per_second"] for product, yardstick in rounds]
    numbers["ratio"] = round(median(ratios), 2)
    print(f"ratio of the calls a second: {numbers['ratio']} ({[round(r, 2) for r in ratios]})")
    keep(f"accept, {vendor}", numbers)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(given[0] if given else SECONDS, given[1] if given[1:] else CONNECTIONS)
