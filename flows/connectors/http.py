"""HTTP out of the house: one session, limits on time and size, and a guard against addresses that
are not public. Knows no settings; never follows a redirect and never logs.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import aiohttp

from .base import Answer, AnswerLost, Crowded, NotReached

MAX_ANSWER_BYTES = 64 * 1024
CONNECT_TIMEOUT_S = 10
PLACE_WAIT_S = 8.0
LOOK_UP_TIMEOUT_S = 5.0
LOOK_UPS_AT_ONCE = 3  # fewer than a web process has threads: names that hang must not take them all
_NOT_PUBLIC = "the address is not on the public internet"
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_looking_up = threading.BoundedSemaphore(LOOK_UPS_AT_ONCE)


class PrivateAddress(OSError):
    """The address is not public, so nothing is sent there."""


def is_public(address: str) -> bool:
    """Whether the address belongs to the public internet, also when it is wrapped in IPv6."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and (inner := _wrapped(found)):
        found = inner
    if isinstance(found, IPv6Address) and found not in _GLOBAL_UNICAST:
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def address_problem(url: str, *, allow_private: bool = False) -> str | None:
    """Why this URL cannot be posted to, as a sentence for a form; looks its host name up."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        return "Enter a valid URL."
    if parts.scheme not in ("http", "https") or not host:
        return "Enter a URL that starts with https:// or http:// and names a host."
    if parts.username is not None or parts.password is not None:
        return "Put the user name and password into the basic authentication fields."
    try:
        found = _look_up(host, port)
    except TimeoutError:
        return f"The name {host} could not be looked up in time. Try again in a minute."
    except (OSError, UnicodeError):
        return f"The host {host} cannot be found."
    if not allow_private and not all(map(is_public, found)):
        return f"The host {host} is not on the public internet. Enter a public address."
    return None


def _look_up(host: str, port: int) -> list[str]:
    """The addresses of a host. A name server that is slow must not keep whoever asks waiting, so
    the look-up, which cannot be stopped, is left behind in a thread of its own. Of these there are
    a few at most: who comes while all of them hang is turned away at once."""
    found: list[str] = []
    faults: list[Exception] = []

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(str(entry[4][0]) for entry in entries)
        except (OSError, UnicodeError) as fault:
            faults.append(fault)
        finally:
            _looking_up.release()

    if not _looking_up.acquire(blocking=False):
        raise TimeoutError
    asking = threading.Thread(target=ask, name="look-up", daemon=True)
    asking.start()
    asking.join(LOOK_UP_TIMEOUT_S)
    if faults:
        raise faults[0]
    if not found:
        raise TimeoutError
    return found


class Web:
    """The session that all requests of one process share; an async context manager."""

    def __init__(self, *, allow_private: bool, connections: int = 200, per_host: int = 50) -> None:
        self._allow_private = allow_private
        self._per_host, self._places = per_host, asyncio.Semaphore(connections)
        self._places_at: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=0,  # places are limited here: aiohttp takes a wait for one for a silent host
            socket_factory=self._guarded_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": "Fallback/1", "Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session:
            await self._session.close()

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        """Post and read the answer, cut off at 64 KiB; raises NotReached or AnswerLost."""
        return await self._ask("POST", url, body=body, headers=headers, timeout_s=timeout_s)

    async def get(self, url: str, *, headers: Mapping[str, str], timeout_s: float) -> Answer:
        return await self._ask("GET", url, body=None, headers=headers, timeout_s=timeout_s)

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> Answer:
        if self._session is None:
            raise RuntimeError("The session is not open.")
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S))
        try:
            async with (
                self._place(url, wait_s=min(timeout_s, PLACE_WAIT_S)),
                self._session.request(
                    method,
                    url,
                    data=body,
                    headers=dict(headers),
                    timeout=timeout,
                    allow_redirects=False,
                ) as response,
            ):
                read = await _read(response)
                return Answer(response.status, dict(response.headers), read)
        except aiohttp.InvalidURL as error:
            raise NotReached("the URL is not valid") from error
        except aiohttp.ConnectionTimeoutError as error:
            raise NotReached("no connection within the time limit") from error
        except aiohttp.ClientConnectorError as error:
            raise NotReached(_why(error)) from error
        except TimeoutError as error:
            raise AnswerLost(f"no answer within {timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise AnswerLost("the connection broke before an answer came") from error

    @asynccontextmanager
    async def _place(self, url: str, *, wait_s: float) -> AsyncIterator[None]:
        """One of the few requests that are on their way to a host at once, and of all."""
        try:
            host = urlsplit(url).netloc
        except ValueError as error:
            raise NotReached("the URL is not valid") from error
        at_host = self._places_at.setdefault(host, asyncio.Semaphore(self._per_host))
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(wait_s):
                    await held.enter_async_context(at_host)
                    await held.enter_async_context(self._places)
            except TimeoutError as error:
                raise Crowded("too much is on its way there already") from error
            yield

    def _guarded_socket(self, address_info: Any) -> socket.socket:
        """The last moment before a connection: refuses by the very address it would go to."""
        family, kind, protocol, _, address = address_info
        if not self._allow_private and not is_public(str(address[0])):
            raise PrivateAddress(_NOT_PUBLIC)
        return socket.socket(family, kind, protocol)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    read = bytearray()
    async for chunk in response.content.iter_chunked(8192):
        read += chunk
        if len(read) >= MAX_ANSWER_BYTES:
            response.close()
            break
    return bytes(read[:MAX_ANSWER_BYTES])


def _why(error: aiohttp.ClientConnectorError) -> str:
    if _NOT_PUBLIC in str(error.os_error):  # may be one of several addresses
        return _NOT_PUBLIC
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host name cannot be found"
    if isinstance(error, aiohttp.ClientSSLError):
        return "the secure connection could not be set up"
    return "the connection was refused"
