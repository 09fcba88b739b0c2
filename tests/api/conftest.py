"""Callers of the API, one for each kind of key."""

import pytest
from django.core.cache import cache
from django.test import Client

from flows.models import Account

from .caller import Caller


@pytest.fixture(autouse=True)
def fresh_allowances() -> None:
    """Keys of rolled-back tests share their numbers; what they used up must not count."""
    cache.clear()


@pytest.fixture
def live(account: Account, live_key: str) -> Caller:
    return Caller(account.sid, live_key, Client())


@pytest.fixture
def team(account: Account, team_key: str) -> Caller:
    return Caller(account.sid, team_key, Client())


@pytest.fixture
def test(account: Account, test_key: str) -> Caller:
    return Caller(account.sid, test_key, Client())
