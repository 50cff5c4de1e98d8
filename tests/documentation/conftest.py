"""What the documents' examples need."""

from collections.abc import Iterator

import pytest

from notifications.channel_api import registry as channels
from notifications.message_templates.compiled import compiled_version
from tasks_core import registry
from tasks_core.events import subscription
from tasks_core.worker import process


@pytest.fixture
def example_ground(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[None]:
    """Forget, after an example, the task types and everything else that it brought."""
    monkeypatch.setattr(registry, "_types", registry.task_types())
    monkeypatch.setattr(subscription, "_subscriptions", subscription.subscriptions())
    known = dict(channels.CHANNELS)
    compiled_version.cache_clear()
    yield
    channels.CHANNELS.clear()
    channels.CHANNELS.update(known)
    compiled_version.cache_clear()
    if process.exists():
        process.drain()
