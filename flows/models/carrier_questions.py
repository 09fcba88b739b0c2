"""A question to a carrier while a person waits: one session of its own, ten seconds, few at once.

Writes nothing and decides nothing; connections.py keeps what came of a check.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from flows.connectors.base import (
    AnswerLost,
    CarrierFault,
    CarrierSender,
    ConnectionView,
    Connector,
    ErrorClass,
    Http,
    NotReached,
)
from flows.connectors.http import Web

from .asset import Connection
from .connections import connector_of, view_of

log = logging.getLogger(__name__)
Found = TypeVar("Found")
Question = Callable[[Connector, ConnectionView, Http], Awaitable[Found]]
LIMIT_S = 10.0
AT_ONCE = 3  # fewer than a web process has threads
CROWDED = "Too many carriers are being asked at this moment. Try again in a minute."
_places = threading.BoundedSemaphore(AT_ONCE)


def check(connection: Connection) -> str:
    """What the carrier says of the credentials; raises CarrierFault."""
    return ask(connection, lambda connector, seen, web: connector.check(connection=seen, http=web))


def senders(connection: Connection) -> Sequence[CarrierSender]:
    """The senders that the carrier lists; raises CarrierFault."""
    return ask(
        connection, lambda connector, seen, web: connector.list_senders(connection=seen, http=web)
    )


def ask(connection: Connection, question: Question[Found], *, limit_s: float = LIMIT_S) -> Found:
    """The carrier's answer; whatever goes wrong is a CarrierFault with a sentence for people."""
    connector, seen = connector_of(connection), view_of(connection)
    if not _places.acquire(blocking=False):
        raise CarrierFault(CROWDED, ErrorClass.THROTTLED)
    try:
        return asyncio.run(_ask(connector, seen, question, limit_s))
    except CarrierFault:
        raise
    except TimeoutError as error:
        sentence = f"{connector.label} did not answer within {limit_s:g} s. Try again later."
        raise CarrierFault(sentence, ErrorClass.CARRIER_DOWN) from error
    except (NotReached, AnswerLost) as error:
        sentence = f"{connector.label} could not be asked: {error}."
        raise CarrierFault(sentence, ErrorClass.CARRIER_DOWN) from error
    except Exception as error:  # noqa: BLE001 - a connector's fault must not become a broken page
        log.error(
            "connection.question_failed",
            extra={"connection_id": connection.pk, "error": type(error).__name__},
        )
        sentence = f"The answer of {connector.label} could not be read."
        raise CarrierFault(sentence) from None
    finally:
        _places.release()


async def _ask(
    connector: Connector, seen: ConnectionView, question: Question[Found], limit_s: float
) -> Found:
    async with asyncio.timeout(limit_s), Web(allow_private=True, connections=4) as web:
        return await question(connector, seen, web)
