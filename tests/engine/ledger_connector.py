"""A carrier for tests: plays the Sandbox, and notes every send in a file before it answers.

One line per send, appended in one write, so that even a killed process leaves whole lines.
"""

import asyncio
import os
from typing import ClassVar

from flows.connectors.base import ConnectionView, Connector, Http, OutboundMessage, SendResult
from flows.connectors.sandbox import Sandbox

LEDGER = "FALLBACK_TEST_LEDGER"  # the environment variable that names the file
ANSWER_S = 0.02


class Ledger(Connector):
    key: ClassVar[str] = "ledger"
    label: ClassVar[str] = "Ledger"

    async def send(
        self, message: OutboundMessage, *, connection: ConnectionView, http: Http
    ) -> SendResult:
        line = f"{message.client_message_id} {message.recipient} {message.try_number}\n"
        ledger = os.open(os.environ[LEDGER], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(ledger, line.encode())
        finally:
            os.close(ledger)
        await asyncio.sleep(ANSWER_S)  # time in which a kill loses the answer
        return await Sandbox().send(message, connection=connection, http=http)


CONNECTORS = (Ledger(),)
