"""Fixtures: a registry of subscribers to add to."""

import pytest

from tasks_core.events import subscription


@pytest.fixture(autouse=True)
def own_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the subscribers that a test registers, and those of the apps."""
    monkeypatch.setattr(subscription, "_subscriptions", {})
