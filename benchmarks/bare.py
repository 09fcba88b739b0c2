"""The yardstick of benchmarks/accept.py: a view that reads the JSON and does one INSERT, no more.

The same server, threads, database, table and row as the product's; no middleware, no key, no check.

    python -m benchmarks.bare <port>
"""

import json
import os
import sys
from datetime import UTC, datetime

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

IDS = "BENCH_IDS"  # the environment variable with the keys of account, flow and version
_SQL = """
    INSERT INTO flows_execution (account_id, flow_id, version_id, public_id, request_id, kind,
        is_test_send, speed, recipient, sends, state, step, signal, signal_by, wake_at, revision,
        outcome, outcome_channel, reason, delivered_twice, created_at)
    VALUES (%s, %s, %s, %s, %s, 'live', %s, 1, %s, %s, 'accepted', 0, '', '', %s, 0, '', '', '',
        %s, %s)
"""


@csrf_exempt
def invoke(request: HttpRequest) -> JsonResponse:
    from django.db import connection

    from flows.base62 import new_invocation_id

    body = json.loads(request.body)
    sends = list(body["input"].values())
    public_id, now = new_invocation_id(), datetime.now(UTC)
    row = [*_ids(), public_id, body["requestId"], False, sends[0]["recipient"], json.dumps(sends)]
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [*row, now, False, now])
    answer = {"requestId": body["requestId"], "timestamp": now.isoformat(), "success": True}
    return JsonResponse({**answer, "status": 202, "workflowInvocationId": public_id}, status=202)


def _ids() -> list[int]:
    return [int(key) for key in os.environ[IDS].split(",")]


urlpatterns = [path("invoke", invoke), path("healthz", lambda _: HttpResponse())]


def application() -> WSGIHandler:
    """Django with nothing around the one view."""
    from django.conf import settings

    django.setup()
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = "benchmarks.bare"
    return WSGIHandler()


if __name__ == "__main__":
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from flows.management.commands.serve import WEB_THREADS

    Granian(
        "benchmarks.bare:application",
        factory=True,
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=WEB_THREADS,
        log_level=LogLevels.error,
        log_access=False,
    ).serve()
