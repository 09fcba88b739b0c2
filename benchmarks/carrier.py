"""A carrier for benchmarks: a connector that sends over HTTP and signs its hooks, and the other
side, a process that takes the messages and posts receipts as fast as it is told to.

    python -m benchmarks.carrier <port>

POST /send             a message; the answer is its id
POST /flood            {"url", "ids", "statuses", "at_once"}: one receipt for each; how long it took
POST /then             {"url", "statuses", "at_once"}: from now on a receipt for each message taken
GET  /state            how much was taken and posted, and every answer of the door that was not 200
"""

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Sequence
from typing import Any, ClassVar

import aiohttp
from aiohttp import web

from flows.connectors.base import (
    Accepted,
    ConnectionView,
    Connector,
    Hook,
    Http,
    OutboundMessage,
    ReceiptEvent,
    ReceiptStatus,
    SendResult,
    Unknown,
)

HEADER = "x-bench-signature"


def sign(key: str, body: bytes) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


class Bench(Connector):
    key: ClassVar[str] = "bench"
    label: ClassVar[str] = "Benchmark"
    has_hooks: ClassVar[bool] = True

    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        body = json.dumps(message.log()).encode()
        url = f"{connection.base_url}/send"
        answer = await http.post(url, body=body, headers={}, timeout_s=20)
        if answer.status != 200:
            return Unknown("the benchmark's carrier failed")
        told = json.loads(answer.body)
        return Accepted(told["id"], told)

    def verify(self, hook: Hook, *, connection: ConnectionView) -> bool:
        given = hook.headers.get(HEADER, "")
        return hmac.compare_digest(given, sign(connection.hook_key, hook.body))

    def parse(self, hook: Hook, *, connection: ConnectionView) -> Sequence[ReceiptEvent]:
        told = hook.json()
        status = ReceiptStatus(told["status"])
        key = f"{told['id']}:{status}"
        return [ReceiptEvent(event_key=key, status=status, message_id=told["id"], raw=told)]


CONNECTORS = (Bench(),)


class Side:
    """The carrier's own process."""

    def __init__(self) -> None:
        self.taken = 0
        self.posted = 0
        self.odd: list[int] = []
        self.first_at = self.last_at = 0.0
        self.url = self.key = ""
        self.statuses: list[str] = []
        self.session: aiohttp.ClientSession | None = None
        self.owed: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def send(self, request: web.Request) -> web.Response:
        await request.read()
        self.taken += 1
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at
        number = f"m{self.taken:08}"
        for status in self.statuses:
            self.owed.put_nowait((number, status))
        return web.json_response({"id": number})

    async def flood(self, request: web.Request) -> web.Response:
        """Every status of every id, a round of all ids for each status."""
        told = await request.json()
        self._learn(told)
        started = time.monotonic()
        for status in told["statuses"]:
            for number in told["ids"]:
                self.owed.put_nowait((number, status))
        workers = [asyncio.create_task(self._post_all()) for _ in range(told["at_once"])]
        await asyncio.gather(*workers)
        return web.json_response({"seconds": time.monotonic() - started})

    async def then(self, request: web.Request) -> web.Response:
        told = await request.json()
        self._learn(told)
        self.taken, self.posted, self.first_at = told["from"], 0, 0.0
        self.statuses = told["statuses"]
        self.workers = [asyncio.create_task(self._post_ever()) for _ in range(told["at_once"])]
        return web.json_response({})

    def _learn(self, told: dict[str, Any]) -> None:
        self.url, self.key = told["url"], told["key"]
        self.session = self.session or aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=200)
        )

    async def state(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "taken": self.taken,
                "posted": self.posted,
                "owed": self.owed.qsize(),
                "seconds": self.last_at - self.first_at,
                "odd": self.odd,
            }
        )

    async def close(self, _: web.Application) -> None:
        if self.session:
            await self.session.close()

    async def _post_all(self) -> None:
        while not self.owed.empty():
            await self._post(*self.owed.get_nowait())

    async def _post_ever(self) -> None:
        while True:
            await self._post(*await self.owed.get())

    async def _post(self, number: str, status: str) -> None:
        assert self.session
        body = json.dumps({"id": number, "status": status, "to": "919876540001"}).encode()
        headers = {HEADER: sign(self.key, body), "content-type": "application/json"}
        async with self.session.post(self.url, data=body, headers=headers) as answer:
            await answer.read()
            self.posted += 1
            if answer.status != 200:
                self.odd.append(answer.status)


def main(port: int) -> None:
    side = Side()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.on_cleanup.append(side.close)
    app.add_routes(
        [
            web.post("/send", side.send),
            web.post("/flood", side.flood),
            web.post("/then", side.then),
            web.get("/state", side.state),
        ]
    )
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
