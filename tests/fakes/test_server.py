"""The base of the fake carriers does what each act says, and stops cleanly."""

import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from aiohttp import web
from django.conf import settings

from flows.connectors.base import ExampleHook
from tests.fakes import acts
from tests.fakes.server import FakeCarrier, Taken
from tests.serving import Receiver, receiver

NUMBER = "919876540001"


class FakePost(FakeCarrier):
    """The smallest carrier there can be: /send?to=&id= and receipts that say what happened."""

    key = "post"

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.post("/send", self.on_send)]

    async def on_send(self, request: web.Request) -> web.StreamResponse:
        asked = request.query
        return await self.follow(
            request, Taken(recipient=asked["to"], client_message_id=asked["id"])
        )

    def accepted(self, message: Taken) -> web.Response:
        return web.json_response({"id": message.message_id})

    def refused(self, message: Taken, code: str) -> web.Response:
        return web.json_response({"code": code}, status=400)

    def receipt(self, message: Taken, status: str, code: str = "") -> ExampleHook:
        body = f"{message.client_message_id} {status} {code}".strip().encode()
        return ExampleHook(method="POST", url=self.webhook_of(message), body=body)


@pytest.fixture
def customer() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def fake(customer: Receiver) -> Iterator[FakePost]:
    with FakePost(webhook_url=customer.url) as found:
        yield found


def send(fake: FakePost, name: str = "m1", timeout: float = 5) -> requests.Response:
    return requests.post(
        f"{fake.url}/send", params={"to": f"+{NUMBER}", "id": name}, timeout=timeout
    )


def wait(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def said(customer: Receiver) -> list[str]:
    return [body.decode() for _headers, body in customer.posts]


@pytest.mark.parametrize(
    ("act", "receipts"),
    [
        (acts.Deliver(), ["m1 sent", "m1 delivered"]),
        (acts.Deliver(read=True), ["m1 sent", "m1 delivered", "m1 read"]),
        (acts.FailLater("131026"), ["m1 failed 131026"]),
        (acts.Late(0.05), ["m1 delivered"]),
        (acts.Twice(), ["m1 sent", "m1 sent", "m1 delivered", "m1 delivered"]),
        (acts.OutOfOrder(), ["m1 delivered", "m1 sent"]),
        (acts.BeforeAnswer(), ["m1 sent", "m1 delivered"]),
    ],
)
def test_message_is_taken_and_reported_as_the_act_says(
    fake: FakePost, customer: Receiver, act: acts.Act, receipts: list[str]
) -> None:
    fake.play(NUMBER, act)
    answer = send(fake)
    assert answer.json() == {"id": fake.taken[0].message_id}
    if act == acts.BeforeAnswer():
        assert said(customer) == receipts
    wait(lambda: len(customer.posts) == len(receipts))
    assert said(customer) == receipts
    assert [message.recipient for message in fake.taken] == [NUMBER]
    assert (fake.twice, fake.complaints) == ([], [])


def test_refused_and_throttled_messages_are_not_taken(fake: FakePost) -> None:
    fake.play(NUMBER, acts.TooMany(2, retry_after_s=1.5), acts.Refuse("7"))
    answers = [send(fake) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 400]
    assert answers[0].headers["Retry-After"] == "1.5"
    assert fake.taken == []
    assert send(fake).ok  # the script is over: the usual
    assert len(fake.taken) == 1


def test_broken_answers(fake: FakePost) -> None:
    fake.play(NUMBER, acts.Broken(503, times=2), acts.Broken(200, taken=True), acts.Broken(302))
    statuses = [send(fake).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert len(fake.taken) == 1
    redirect = requests.post(
        f"{fake.url}/send", params={"to": NUMBER, "id": "m"}, timeout=5, allow_redirects=False
    )
    assert (redirect.status_code, redirect.headers["Location"]) == (302, f"{fake.url}/elsewhere")


@pytest.mark.parametrize("is_taken", [True, False])
def test_dropped_connection(fake: FakePost, customer: Receiver, is_taken: bool) -> None:
    fake.play(NUMBER, acts.Drop(taken=is_taken, then=acts.Deliver()))
    with pytest.raises(requests.ConnectionError):
        send(fake)
    assert len(fake.taken) == is_taken
    if is_taken:
        customer.wait(5)


def test_hanging_answer_holds_nobody_up(fake: FakePost, customer: Receiver) -> None:
    fake.play(NUMBER, acts.Hang(60, then=acts.Deliver()))
    with pytest.raises(requests.ReadTimeout):
        send(fake, timeout=0.2)
    assert len(fake.taken) == 1
    customer.wait(5)


def test_fake_stops_at_once_while_an_answer_hangs() -> None:
    fake = FakePost()
    with fake, ThreadPoolExecutor() as pool:
        fake.play(NUMBER, acts.Hang(60))
        asking = pool.submit(send, fake)
        wait(lambda: len(fake.taken) == 1)
        started = time.monotonic()
        fake.__exit__()
        assert isinstance(asking.exception(5), requests.ConnectionError)
        assert time.monotonic() - started < 3
        fake.__enter__()  # and it may be started again


def test_twice_and_complaints_are_noted(fake: FakePost) -> None:
    send(fake, "same"), send(fake, "same")
    assert fake.twice == ["same"]
    assert requests.get(f"{fake.url}/nowhere", timeout=5).status_code == 404
    assert requests.post(f"{fake.url}/send", timeout=5).status_code == 500
    assert fake.complaints == [
        "no such address here: GET /nowhere",
        "the fake itself failed at /send: KeyError('to')",
    ]


def test_receipt_that_nobody_takes_is_posted_again(fake: FakePost, customer: Receiver) -> None:
    fake.webhook_url = "http://127.0.0.1:9/"
    send(fake)
    wait(lambda: len(fake.posted) == 1)
    assert fake.posted[0].status == 0


@pytest.mark.slow
def test_fake_can_be_run_by_hand() -> None:
    command = [sys.executable, "-u", "-m", "tests.fakes", "kaleyra", "--play", f"{NUMBER}=silent"]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE) as process:
        assert process.stdout
        said = (line.decode().strip() for line in process.stdout)
        base_url = next(said).removeprefix("Base URL: ")
        settings_told = list(itertools.takewhile(lambda line: line != "Ctrl+C stops it.", said))
        answer = requests.post(f"{base_url}/v1/nobody/sms", data={"to": NUMBER}, timeout=5)
        assert answer.status_code == 401
        assert next(said).startswith("POST /v1/nobody/sms")
        process.send_signal(signal.SIGINT)
        assert list(said) == ["Stopped."]
    assert any(line.startswith("api_key: ") for line in settings_told)
