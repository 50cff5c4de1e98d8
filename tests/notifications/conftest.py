"""Fixtures for the notifications tests: real receivers, and the settings that allow them."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from notifications.outgoing.session import close_session
from tests.notifications.receiver import Receiver, running_receiver


@pytest.fixture
def allow_loopback(settings: Settings) -> dict[str, Any]:
    """Let outgoing requests reach the receivers of the tests; gives the settings to change."""
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "OUTGOING_HTTPS_ONLY": False,
        "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.0/8"],
    }
    changed: dict[str, Any] = settings.BELLRINGER
    return changed


@pytest.fixture
def receiver(allow_loopback: dict[str, Any]) -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
async def closing_session() -> AsyncIterator[None]:
    """Close the outgoing session of the test's own event loop."""
    yield
    await close_session()
