"""What the stories of the carriers stand on."""

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer


@pytest.fixture
def open_doors(settings: Settings, live_server: LiveServer) -> None:
    """Carriers find our receipt doors; the engine waits two seconds for an answer of theirs."""
    settings.HOOKS_BASE_URL = live_server.url
    settings.CALLBACK_ALLOW_PRIVATE = True
    settings.CALLBACK_TIMEOUT_S, settings.ENGINE_LEASE_S = 1, 4
