"""Task types, dead letters and a way to run commands."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from pydantic import BaseModel, SecretStr
from pytest_django import Settings

import tasks_core
from tasks_core import Fixed, registry
from tasks_core.models import DeadLetter
from tasks_core.testing import run_due
from tasks_core.worker import process


class Reminder(BaseModel):
    invoice: int
    note: str = ""


class Login(BaseModel):
    user: str
    code: SecretStr


def remind(payload: Reminder) -> dict[str, int]:
    """Fail for invoice 13."""
    if payload.invoice == 13:
        raise RuntimeError("invoice 13 is not to be found")
    return {"reminded": payload.invoice}


def log_in(payload: Login) -> None:
    """Do nothing with a secret."""


@dataclass(frozen=True)
class Answer:
    """What a command wrote."""

    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Run = Callable[..., Answer]
MakeDead = Callable[[int], list[DeadLetter]]
Rows = Callable[[], dict[str, int]]


@pytest.fixture(autouse=True)
def _worker_process_ends() -> Iterator[None]:
    """Stop what run_due started. Set up first, so that it comes down after the database's own."""
    yield
    if process.exists():
        process.drain()


@pytest.fixture(autouse=True)
def _task_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the tests' task types for the time of a test."""
    monkeypatch.setattr(registry, "_types", registry.task_types())
    once = Fixed(max_attempts=1)
    tasks_core.task_type("invoice.remind", retry=once, max_payload_bytes=1_000)(remind)
    tasks_core.task_type("login.check", retry=once)(log_in)


@pytest.fixture(autouse=True)
def _tasks_wait_for_the_dispatcher(settings: Settings) -> None:
    """Keep new tasks SCHEDULED: whether a lane is idle is not what these tests are about."""
    settings.BELLRINGER = {**settings.BELLRINGER, "PUBLISH_ON_COMMIT": False}


@pytest.fixture
def run() -> Run:
    """Return a function that runs a command in this process, as a shell would call it."""

    def run_command(*words: str) -> Answer:
        out, err = StringIO(), StringIO()
        call_command(*words, stdout=out, stderr=err)
        return Answer(out.getvalue(), err.getvalue())

    return run_command


@pytest.fixture
def make_dead() -> Callable[[int], list[DeadLetter]]:
    """Return a function that makes dead letters, by tasks that fail."""

    def make(count: int) -> list[DeadLetter]:
        ids = tasks_core.enqueue_many("invoice.remind", [{"invoice": 13}] * count)
        run_due()
        return list(DeadLetter.objects.filter(task_id__in=ids).order_by("pk"))

    return make


@pytest.fixture
def rows() -> Callable[[], dict[str, int]]:
    """Return a function that counts the rows of every table."""

    def count() -> dict[str, int]:
        with connection.cursor() as cursor:
            counts: dict[str, Any] = {}
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f'SELECT count(*) FROM "{table}"')
                counts[table] = cursor.fetchone()[0]
        return counts

    return count
