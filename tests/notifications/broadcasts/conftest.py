"""A template for broadcasts, and one life of a broadcast in this process."""

import pytest

from notifications.api import publish_template
from notifications.broadcasts.upkeep import advance_broadcasts
from notifications.models import Broadcast, TemplateVersion
from tasks_core.testing import run_due


@pytest.fixture
def news(db: None) -> TemplateVersion:
    return publish_template("news", subject="News for {{ name }}", text="Dear {{ name }}, news.")


def run_all() -> None:
    """Run what is due, and what beat would do, until neither has anything to do."""
    while run_due(max_tasks=100_000):
        advance_broadcasts()
    advance_broadcasts()


def state_of(name: str) -> str:
    return Broadcast.objects.get(name=name).state
