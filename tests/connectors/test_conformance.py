"""Every connector keeps to the contract."""

from flows.connectors.sandbox import Sandbox
from tests.connectors.conformance import ConnectorConformance


class TestSandbox(ConnectorConformance):
    connector = Sandbox()
