"""django-tasks, the backport of Django's task API, with its database backend."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found, untyped-decorator"

import datetime
import os
from collections.abc import Iterable

os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS = "benchmarks.peers.django_settings.django_tasks"

import django
from django.core.management import call_command

from benchmarks import handlers
from benchmarks.peers.interface import Peer, python

django.setup()

from django_tasks import task
from django_tasks_db.models import DBTaskResult


@task()
def noop(i: int, data: str) -> None:
    """The no-op handler."""
    handlers.noop(i, data)


@task()
def occupy(i: int, data: str) -> None:
    """The ten-millisecond handler."""
    handlers.occupy(i, data)


TASKS = {"noop": noop, "occupy": occupy}


class DjangoTasks(Peer):
    """`enqueue`."""

    settings = "2 db_worker processes, interval 1 s (default), no start-up delay"
    packages = ("django-tasks", "django-tasks-db", "Django", "psycopg")

    def prepare(self) -> None:
        """Migrate."""
        call_command("migrate", verbosity=0)

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `enqueue`, its own commit, a task."""
        for i in ids:
            TASKS[handler].enqueue(**handlers.payload(i))

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One `enqueue` with `run_after` a task."""
        for i, at in tasks:
            moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
            TASKS[handler].using(run_after=moment).enqueue(**handlers.payload(i))

    def waiting(self) -> int:
        """Rows not begun."""
        return int(DBTaskResult.objects.filter(started_at=None).count())

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """Two workers."""
        options = f"db_worker --settings {SETTINGS} --no-startup-delay --no-reload --verbosity 0"
        worker = python("-m", "django", *options.split())
        return {"worker-1": worker, "worker-2": worker}


PEER = DjangoTasks()
