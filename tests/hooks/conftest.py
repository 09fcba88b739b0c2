"""Connections at the carriers of these tests."""

from typing import Any

import pytest

from flows.models import Account, Connection
from tests import cast

from . import carriers


@pytest.fixture(autouse=True)
def carriers_of_the_tests(settings: Any) -> None:
    settings.EXTRA_CONNECTORS = [carriers.MODULE]
    settings.HOOKS_BASE_URL = "https://in.example.com"


@pytest.fixture
def signing(account: Account) -> Connection:
    return cast.make_connection(account, "signing", config={"secret": carriers.SECRET})


@pytest.fixture
def keyed(account: Account) -> Connection:
    return cast.make_connection(account, "keyed")
