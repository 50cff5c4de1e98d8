"""django-q2 with the ORM as broker."""

# Installed in the peer's environment only.
# mypy: disable-error-code="import-not-found"

import datetime
import os
from collections.abc import Iterable

os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS = "benchmarks.peers.django_settings.django_q2"

import django
from django.core.management import call_command

from benchmarks import handlers
from benchmarks.peers.interface import Peer, python

django.setup()

from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task, schedule


class DjangoQ2(Peer):
    """`async_task` and `schedule`."""

    settings = (
        "qcluster, ORM broker, 2 workers, bulk 10, retry 120, ack_failures, save_limit 0 (its "
        "default, 250, is 3 times slower); "
        "its scheduler looks every 30 s"
    )
    packages = ("django-q2", "Django", "psycopg")

    def prepare(self) -> None:
        """Migrate."""
        call_command("migrate", verbosity=0)

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `async_task`, its own commit, a task."""
        for i in ids:
            async_task(f"benchmarks.handlers.{handler}", **handlers.payload(i))

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One `schedule` row a task."""
        for i, at in tasks:
            schedule(
                f"benchmarks.handlers.{handler}",
                schedule_type=Schedule.ONCE,
                repeats=1,
                next_run=datetime.datetime.fromtimestamp(at, datetime.UTC),
                **handlers.payload(i),
            )

    def waiting(self) -> int:
        """Queued tasks and schedules."""
        return int(OrmQ.objects.count() + Schedule.objects.count())

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """One cluster with two workers."""
        return {"cluster": python("-m", "django", "qcluster", "--settings", SETTINGS)}


PEER = DjangoQ2()
