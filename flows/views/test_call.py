"""One HTTP call of an Invocation API, as the test page makes and shows it. Knows no row."""

import json
import shlex
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests

TIMEOUT_S = 15
ANSWER_MAX_BYTES = 64 * 1024
KEY_NAME = "$FALLBACK_API_KEY"
# A call of this very installation is answered by another thread of the process that makes it.
AT_ONCE = 4
CROWDED = "No call was made: too many tests are being sent at this moment. Run it again."
_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Call:
    """What will be sent, but for the key, which is never part of what is shown or stored."""

    url: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    def as_curl(self) -> str:
        """The same call for a shell; the key comes from the environment."""
        lines = [f"curl -X POST {shlex.quote(self.url)}"]
        lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in self.headers.items()]
        lines += [f'-H "api-key: {KEY_NAME}"']
        text = json.dumps(self.body, indent=2, ensure_ascii=False)
        lines += [f"-d {shlex.quote(text)}"]
        return " \\\n  ".join(lines)


@dataclass(frozen=True)
class Answer:
    """What came back: a status and a text, or no status and a sentence that says why."""

    status: int | None
    text: str
    error: str
    duration_ms: int

    def json(self) -> dict[str, Any]:
        """The answer as a JSON object; empty when it is none."""
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def call_of(
    base_url: str, *, sid: str, workflow_id: str, body: Mapping[str, Any], speed: int | None = None
) -> Call:
    path = f"/v1/{quote(sid, safe='')}/workflow/v1/instances/{quote(workflow_id, safe='')}/invoke"
    headers = {"Content-Type": "application/json"}
    if speed is not None:
        headers["x-test-speed"] = str(speed)
    return Call(base_url.rstrip("/") + path, body, headers)


def send(call: Call, *, key: str) -> Answer:
    """Make the call, unless so many are under way that none could be answered."""
    if not _places.acquire(blocking=False):
        return Answer(None, "", CROWDED, 0)
    try:
        return _send(call, key=key)
    finally:
        _places.release()


def _send(call: Call, *, key: str) -> Answer:
    """No redirects, no proxies or passwords from the environment, 15 s at most."""
    start = time.monotonic()
    status, text, error = None, "", ""
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.post(
                call.url,
                data=json.dumps(call.body).encode(),
                headers={**call.headers, "api-key": key},
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            ) as response:
                text = _read(response, until=start + TIMEOUT_S)
                status = response.status_code
    except requests.RequestException as problem:
        error = _in_words(problem, host=urlsplit(call.url).netloc)
    return Answer(status, text, error, round((time.monotonic() - start) * 1000))


def _read(response: requests.Response, *, until: float) -> str:
    """The body as text, at most 64 KiB of it, and never for longer than the time that is left."""
    read = bytearray()
    for chunk in response.iter_content(4096):
        read += chunk
        if len(read) > ANSWER_MAX_BYTES:
            return _decode(read[:ANSWER_MAX_BYTES]) + "\n… (the rest was left out)"
        if time.monotonic() > until:
            raise requests.ReadTimeout
    return _decode(read)


def _decode(body: bytes | bytearray) -> str:
    return bytes(body).decode("utf-8", "replace").replace("\x00", "\ufffd")


def _in_words(problem: requests.RequestException, *, host: str) -> str:
    if isinstance(problem, requests.Timeout):
        return f"No answer from {host} within {TIMEOUT_S} s. Whether the call arrived is not known."
    if isinstance(problem, requests.exceptions.SSLError):
        return f"No call was made: the certificate of {host} could not be verified."
    if isinstance(problem, requests.ConnectionError):
        return f"No connection to {host}: nothing answers there. Check the address and the network."
    return f"The answer of {host} could not be read."
