"""Fakes that several files of tests talk to."""

from collections.abc import Iterator

import pytest

from tests.fakes.whatsapp_cloud import FakeWhatsAppCloud


@pytest.fixture
def meta() -> Iterator[FakeWhatsAppCloud]:
    """Meta, which must have nothing to complain of in the end."""
    with FakeWhatsAppCloud() as fake:
        yield fake
        assert fake.complaints == []
