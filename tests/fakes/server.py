"""The base of the fake carriers: an HTTP server in a thread of its own that follows a script.

It knows no carrier: a subclass checks what it is sent, and says how its carrier answers and
reports. Nothing here asserts; tests look at `taken`, `complaints` and `posted`.
"""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Self
from uuid import uuid4

import aiohttp
from aiohttp import web

from flows.connectors.base import ExampleHook
from tests.fakes.acts import (
    Act,
    BeforeAnswer,
    Broken,
    Deliver,
    Drop,
    FailLater,
    Hang,
    Late,
    OutOfOrder,
    Refuse,
    Reporting,
    Silent,
    TooMany,
    Twice,
)

START_S = STOP_S = 10
POST_TRIES, POST_AGAIN_S = 5, 0.2  # a receipt that nobody took is posted again
STATUSES = ("sent", "delivered", "read", "failed")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A message that the carrier took, as it understood it; `recipient` is digits.

    `webhook_url` is where this message asked its receipts to go, empty when it did not ask.
    """

    recipient: str
    client_message_id: str = ""
    message_id: str = ""
    channel: str = ""
    text: str = ""
    params: Sequence[str] = ()
    webhook_url: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)  # whatever else a subclass keeps
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str  # with its query
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Posted:
    """A receipt that was posted, and the status it was answered with; 0: by nobody."""

    hook: ExampleHook
    status: int


class FakeCarrier(ABC):
    """A carrier on 127.0.0.1 while its `with` block runs.

    A subclass has `routes`, and in the handler of its send: checks (`complain`), makes a `Taken`
    and returns `await self.follow(request, message)`. Wrong credentials it answers by itself.
    """

    key: ClassVar[str]  # the connector's
    config: ClassVar[Mapping[str, str]] = {}  # what a connection needs to be let in here
    hook_key: ClassVar[str] = "hook-key-of-the-fake"
    statuses: ClassVar[frozenset[str]] = frozenset(STATUSES)  # what this carrier can report

    def __init__(self, *, port: int = 0, webhook_url: str = "") -> None:
        self.port = port
        self.webhook_url = webhook_url  # of the whole account; a message's own comes first
        self.taken: list[Taken] = []
        self.complaints: list[str] = []
        self.asked: list[Asked] = []
        self.posted: list[Posted] = []
        self.state: dict[str, tuple[str, str]] = {}  # message_id → status and code, for polling
        self.usual: Act = Deliver()  # what happens to a recipient without a script
        self.tell: Callable[[str], object] = lambda line: None  # hears every event, in words
        self._scripts: defaultdict[str, deque[Act]] = defaultdict(deque)
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The base_url of a connection that talks to this fake."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def twice(self) -> list[str]:
        """Our ids (or recipients, where no id came) of messages that were taken more than once."""
        counted = Counter(message.client_message_id or message.recipient for message in self.taken)
        return [name for name, times in counted.items() if times > 1]

    def play(self, recipient: str, *acts: Act) -> None:
        """What happens to the next messages to this recipient, one act each; then the usual."""
        self._scripts[digits(recipient)].extend(acts)

    def complain(self, fault: str) -> None:
        """Note that the protocol was not kept. Answer as the real carrier would after that."""
        self.complaints.append(fault)
        self.tell(f"COMPLAINT: {fault}")

    # --- What a subclass says ---

    @abstractmethod
    def routes(self) -> Sequence[web.RouteDef]:
        """The addresses of this carrier and what answers there."""

    @abstractmethod
    def accepted(self, message: Taken) -> web.Response:
        """The answer to a message that was taken."""

    @abstractmethod
    def refused(self, message: Taken, code: str) -> web.Response:
        """The answer to a message that is refused with this code."""

    @abstractmethod
    def receipt(self, message: Taken, status: str, code: str = "") -> ExampleHook:
        """The webhook (one of STATUSES), signed as the real one; its url: `webhook_of(message)`."""

    def new_message_id(self, message: Taken) -> str:
        return str(uuid4())

    def too_many(self, message: Taken) -> web.Response:
        return web.json_response({"message": "Too many requests"}, status=429)

    def nowhere(self, request: web.Request) -> web.Response:
        """The answer at an address that this carrier does not have."""
        return web.json_response({"message": "Not found"}, status=404)

    def webhook_of(self, message: Taken) -> str:
        return message.webhook_url or self.webhook_url

    # --- Following the script ---

    async def follow(self, request: web.Request, message: Taken) -> web.Response:
        """Do with this message what its recipient's script says, and answer."""
        message = replace(message, recipient=digits(message.recipient))
        act = self._next_act(message.recipient)
        self.tell(f"{act} ← {message}")
        match act:
            case Refuse(code):
                return self.refused(message, code)
            case TooMany(_, retry_after_s):
                answer = self.too_many(message)
                if retry_after_s is not None:
                    answer.headers["Retry-After"] = f"{retry_after_s:g}"
                return answer
            case Broken(status, is_taken, _, then, body):
                if is_taken:
                    self._start(self._report(self._take(message), then))
                elsewhere = {"Location": f"{self.url}/elsewhere"} if 300 <= status < 400 else None
                return web.Response(
                    status=status, text=body, content_type="text/html", headers=elsewhere
                )
            case Drop(is_taken, then):
                if is_taken:
                    self._start(self._report(self._take(message), then))
                if request.transport:
                    request.transport.abort()
                return web.Response()
            case Hang(seconds, is_taken, then):
                if is_taken:
                    message = self._take(message)
                    self._start(self._report(message, then))
                await asyncio.sleep(seconds)
                return self.accepted(message if is_taken else self._take(message))
            case BeforeAnswer():
                message = self._take(message)
                await self._report(message, Deliver())
                return self.accepted(message)
            case _:
                message = self._take(message)
                self._start(self._report(message, act))
                return self.accepted(message)

    def _next_act(self, recipient: str) -> Act:
        script = self._scripts[recipient]
        if not script:
            return self.usual
        act = script.popleft()
        if isinstance(act, TooMany | Broken) and act.times > 1:
            script.appendleft(replace(act, times=act.times - 1))
        return act

    def _take(self, message: Taken) -> Taken:
        message = replace(message, message_id=message.message_id or self.new_message_id(message))
        self.taken.append(message)
        self.state[message.message_id] = ("accepted", "")
        return message

    async def _report(self, message: Taken, act: Reporting) -> None:
        match act:
            case Deliver(after_s, read):
                await asyncio.sleep(after_s)
                await self._say(message, "sent", "delivered", *(["read"] if read else []))
            case FailLater(code, after_s):
                await asyncio.sleep(after_s)
                await self._say(message, "failed", code=code)
            case Late(after_s):
                await asyncio.sleep(after_s)
                await self._say(message, "delivered")
            case Twice():
                await self._say(message, "sent", "delivered", times=2)
            case OutOfOrder():
                await self._say(message, "delivered", "sent")
            case Silent():
                pass

    async def _say(self, message: Taken, *statuses: str, code: str = "", times: int = 1) -> None:
        for status in (status for status in statuses if status in self.statuses):
            self.state[message.message_id] = (status, code)
            if self.webhook_of(message):
                hook = self.receipt(message, status, code)
                for _ in range(times):
                    await self._post(hook)

    async def _post(self, hook: ExampleHook) -> None:
        status = 0
        for _ in range(POST_TRIES):
            try:
                async with self._session.request(
                    hook.method, hook.url, data=hook.body or None, headers=dict(hook.headers)
                ) as answer:
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError, OSError):
                status = 0
            self.posted.append(Posted(hook, status))
            self.tell(f"receipt → {status or 'nobody'}: {hook.method} {hook.url} {hook.body!r}")
            if 200 <= status < 300:
                return
            await asyncio.sleep(POST_AGAIN_S)

    def _start(self, reporting: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(reporting)
        self._under_way.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            self.complain(f"the fake itself failed while reporting: {fault!r}")

    # --- Serving ---

    def __enter__(self) -> Self:
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), name=self.key)
        self._thread.start()
        if not self._ready.wait(START_S):
            raise RuntimeError("the fake carrier did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise RuntimeError("the fake carrier did not stop")

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        application = web.Application(middlewares=[self._watch])
        application.add_routes(self.routes())
        runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await runner.setup()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            self._session = session
            await web.TCPSite(runner, "127.0.0.1", self.port).start()
            self.port = runner.addresses[0][1]
            self._ready.set()
            await self._stop.wait()
            for task in list(self._under_way):
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            await runner.cleanup()

    @web.middleware
    async def _watch(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Notes every request; an address that does not exist and a fault are complaints."""
        body = await request.read()
        self.asked.append(Asked(request.method, request.path_qs, dict(request.headers), body))
        self.tell(f"{request.method} {request.path_qs} {dict(request.headers)} {body!r}")
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            self.complain(f"no such address here: {request.method} {request.path}")
            return self.nowhere(request)
        except web.HTTPException:
            raise
        except Exception as fault:  # noqa: BLE001 — a test asserts that there are no complaints
            self.complain(f"the fake itself failed at {request.path}: {fault!r}")
            return web.Response(status=500)


def digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())
