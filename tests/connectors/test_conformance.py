"""The Sandbox keeps to the contract of the connectors; the carriers' own tests say so of theirs."""

import asyncio
import json
from dataclasses import FrozenInstanceError
from importlib import import_module

import pytest

from flows.connectors import registry
from flows.connectors.base import Accepted, ConnectionView, OutboundMessage, SendResult, Unknown
from flows.connectors.sandbox import OUTCOMES, Sandbox
from tests.connectors.conformance import ConnectorConformance
from tests.connectors.staging import Canned, is_clause


class TestSandbox(ConnectorConformance):
    """It has no outside world: what its fake would do stands in the last digits of a recipient."""

    connector = Sandbox()

    def play(self, message: OutboundMessage) -> SendResult:
        web = Canned(AssertionError("the Sandbox speaks to nobody"))
        return asyncio.run(self.connector.send(message, connection=ConnectionView(), http=web))

    @pytest.mark.parametrize("tail", OUTCOMES)
    def test_every_outcome_is_a_result_as_a_carrier_would_give_it(self, tail: str) -> None:
        message = self.message(recipient=f"91987654{tail}")
        result = self.play(message)
        with pytest.raises(FrozenInstanceError):
            result.reason = "another"  # type: ignore[misc, union-attr]
        if isinstance(result, Accepted):
            assert 0 < len(result.message_id) <= 200
        else:
            assert is_clause(result.reason)
        if not isinstance(result, Unknown):
            json.dumps(result.raw)

    @pytest.mark.parametrize("tail", OUTCOMES)
    def test_planned_receipts_name_their_message_and_have_keys_of_their_own(
        self, tail: str
    ) -> None:
        keys: list[str] = []
        for message in (self.message(recipient=f"91987654{tail}") for _ in range(2)):
            result, again = self.play(message), self.play(message)
            planned = getattr(result, "planned", ())
            assert getattr(again, "planned", ()) == planned
            for event in (one.event for one in planned):
                known = result.message_id if isinstance(result, Accepted) else ""
                assert event.message_id in (known, "")
                assert event.message_id or event.client_message_id == message.client_message_id
                keys.append(event.event_key)
        assert len(set(keys)) == len(keys)
        assert all(0 < len(key) <= 200 for key in keys)


def test_every_shipped_connector_is_held_to_the_contract() -> None:
    """Its tests stand in a file of its name."""
    shipped = set(registry.load())
    for key in shipped:
        import_module(f"tests.connectors.test_{key}")
    assert {known.connector.key for known in ConnectorConformance.__subclasses__()} >= shipped
