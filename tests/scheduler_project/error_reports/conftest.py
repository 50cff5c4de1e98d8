"""Fixtures: Sentry with a transport that records, and the platform's tables."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from pytest_django import Settings

import tasks_core
from scheduler_project.error_reports import attempts
from scheduler_project.error_reports.attempts import Report
from tasks_core import registry
from tasks_core.testing import run_due
from tasks_core.worker import process
from tests.support.sentry import Reports, recorded_reports

Run = Callable[..., int]


@pytest.fixture(autouse=True)
def own_task_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the task types that a test registers."""
    monkeypatch.setattr(registry, "_types", dict(registry.task_types()))


@pytest.fixture
def reports() -> Iterator[Reports]:
    with recorded_reports(auto_enabling_integrations=False) as recorded:
        attempts.connect(Report.FIRST)
        yield recorded


@pytest.fixture
def run(transactional_db: None, broker: "redis.Redis", settings: Settings) -> Iterator[Run]:
    """Give a function that enqueues a task, runs what is due, and gives the task's id."""
    settings.BELLRINGER = {**settings.BELLRINGER, "PUBLISH_ON_COMMIT": False}

    def enqueue_and_run(task_type: str, payload: Any, **options: Any) -> int:
        task = tasks_core.enqueue(task_type, payload, **options)
        run_due()
        return task.pk

    yield enqueue_and_run
    if process.exists():
        process.drain()
