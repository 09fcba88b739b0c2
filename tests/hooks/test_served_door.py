"""The receipt door as it is served, over sockets: bodies of any shape, and senders that dawdle."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from flows.connectors import registry
from flows.models import Account, Connection, Receipt
from flows.models.connections import connector_of, receipt_url
from tests import cast, serving
from tests.fakes.kaleyra import FakeKaleyra

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
RECEIPT = {"id": "2e3a7c9a-1f0b-4b4c-9d57-0c6f2f1f9a11:0", "status": "delivered"}
SLOW_ONES = 20


@pytest.fixture
def connection(account: Account) -> Connection:
    return cast.make_connection(account, "kaleyra", config=dict(FakeKaleyra.config))


def at(base_url: str, connection: Connection) -> str:
    return base_url + urlsplit(receipt_url(connection)).path


def begin(url: str, *, length: int) -> socket.socket:
    """A request whose body never comes."""
    parts = urlsplit(url)
    opened = socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=10)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    opened.sendall(head.encode() + b"{")
    return opened


def status_of(opened: socket.socket) -> int:
    return int(opened.recv(200).split()[1])


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 1024):
        yield b"x" * 1024


def test_door_takes_what_it_should_and_no_more(connection: Connection) -> None:
    limit = connector_of(connection).hook_max_bytes
    assert registry.find("kaleyra").has_key_in_url
    with serving.product() as base_url:
        url = at(base_url, connection)
        assert requests.post(url, json=RECEIPT, timeout=10).status_code == 200
        # Chunked: no length is announced.
        body = json.dumps({**RECEIPT, "status": "read"}).encode()
        headers = {"Content-Type": "application/json"}
        answer = requests.post(url, data=iter([body]), headers=headers, timeout=10)
        assert (answer.status_code, answer.headers.get("Set-Cookie")) == (200, None)
        assert requests.post(url, data=chunks(limit + 4096), timeout=10).status_code == 413
        with begin(url, length=limit + 1) as opened:
            assert status_of(opened) == 413, "the announced length is enough"
        # Whoever does not know the key is not waited for.
        for wrong in (url.replace(connection.hook_key, "k" * 32), f"{base_url}/hooks/{'0' * 22}/"):
            with begin(wrong, length=limit) as opened:
                assert status_of(opened) == 404
        # Whoever knows it and dawdles does not keep the others out.
        slow = [begin(url, length=100) for _ in range(SLOW_ONES)]
        third = {**RECEIPT, "id": "00000000-1f0b-4b4c-9d57-0c6f2f1f9a11:0"}
        assert requests.post(url, json=third, timeout=10).status_code == 200
        for opened in slow:
            opened.close()
    assert Receipt.objects.count() == 3
    connection.refresh_from_db()
    assert (connection.forged_hooks, connection.unread_hooks) == (1, 0)
