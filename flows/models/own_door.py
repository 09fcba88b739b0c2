"""One call of our own public address, as a carrier would make it, while a person waits.

Says what went wrong and what to do; knows no row. Follows no redirect, as carriers do not.
"""

import asyncio
import threading
from collections.abc import Mapping

from flows.connectors.base import Answer, AnswerLost, ExampleHook, NotReached
from flows.connectors.http import Web

from .self_tests import NOT_ACCEPTED

LIMIT_S = 10.0
AT_ONCE = 2  # another thread of this very process has to answer
_places = threading.BoundedSemaphore(AT_ONCE)
CROWDED = "No call was made: others try their receipt paths at this moment. Try again soon."
_RUNNER = "Ask who runs this installation"


def call(hook: ExampleHook) -> str:
    """What kept the address from taking this, as sentences; empty when it was taken."""
    if not _places.acquire(blocking=False):
        return CROWDED
    try:
        return _judged(asyncio.run(_ask(hook)))
    except NotReached as fault:
        return _not_reached(str(fault))
    except AnswerLost:
        return (
            f"The address did not answer within {LIMIT_S:g} s. {_RUNNER} whether the proxy in "
            "front of it passes /hooks/ on, and whether the web server has threads to spare."
        )
    finally:
        _places.release()


async def _ask(hook: ExampleHook) -> Answer:
    async with Web(allow_private=True, connections=1) as web:
        if hook.method == "GET":
            return await web.get(hook.url, headers=hook.headers, timeout_s=LIMIT_S)
        return await web.post(hook.url, body=hook.body, headers=hook.headers, timeout_s=LIMIT_S)


def _judged(answer: Answer) -> str:
    status = answer.status
    if 200 <= status < 300:
        return ""
    if status == 403:
        return NOT_ACCEPTED
    if status in _STATUS:
        return _STATUS[status]
    if 300 <= status < 400:
        return (
            f"The address leads on to another one (HTTP {status}), and carriers do not follow. "
            f"{_RUNNER} to set HOOKS_BASE_URL to the address where it ends."
        )
    return (
        f"The address answers with the HTTP status {status}. {_RUNNER} to look at the logs of the "
        "web server and of the proxy in front of it."
    )


_STATUS: Mapping[int, str] = {
    401: "The address asks for a password, and carriers have none. Let the proxy in front of this "
    "installation pass /hooks/ on without one.",
    404: "Something answers, but not this connection's door (HTTP 404). Check that HOOKS_BASE_URL "
    "is right and that the proxy in front of this installation passes /hooks/ on unchanged.",
    429: "The door was called too often within the last minute. Wait a minute, then try again.",
}


def _not_reached(why: str) -> str:
    if "host name" in why:
        what = "Nobody knows the host name. Check HOOKS_BASE_URL and the name's DNS entry."
    elif "secure" in why:
        what = "No secure connection came about. Check the certificate: carriers refuse a bad one."
    elif "time limit" in why:
        what = "No connection came about in time. Check that a firewall does not swallow it."
    elif "refused" in why:
        what = "The connection was refused. Check HOOKS_BASE_URL, its port, and the firewall."
    else:
        what = "HOOKS_BASE_URL is no address that can be called."
    return f"The address could not be reached from here. {what}"
