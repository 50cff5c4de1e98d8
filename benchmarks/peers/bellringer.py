"""Bellringer itself: the real settings, worker and beat."""

import datetime
import os
from collections.abc import Iterable, Sequence

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.bellringer.settings"

import django
from django.core.management import call_command

django.setup()

import tasks_core
from benchmarks import handlers
from benchmarks.bellringer import sending
from benchmarks.bellringer.schedules import declare
from benchmarks.peers.interface import Peer, python
from tasks_core.models import Task

NAMES = {"noop": "bench.noop", "occupy": "bench.occupy"}


class Bellringer(Peer):
    """`enqueue`, `enqueue_many` and `schedule_once`."""

    settings = (
        "worker with 2 prefork processes, one beat (dispatcher); default settings of "
        "scheduler_project, but for webhooks at most 100 connections a process and 1,000 places in the lane"
    )
    packages = ("bellringer", "celery", "Django", "psycopg", "redis")
    bulk = True
    handlers = ("noop", "occupy", "webhook", "hang", "mail")

    def prepare(self) -> None:
        """Migrate, and publish the templates."""
        call_command("migrate", verbosity=0)
        sending.publish()

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `enqueue` or `notify`, its own commit, a task."""
        if handler in sending.HANDLERS:
            for i in ids:
                sending.send(handler, [i])
            return
        name = NAMES[handler]
        for i in ids:
            tasks_core.enqueue(name, handlers.payload(i))

    def enqueue_at(self, handler: str, tasks: Iterable[tuple[int, float]]) -> None:
        """One `schedule_once` a task."""
        name = NAMES[handler]
        for i, at in tasks:
            tasks_core.schedule_once(name, handlers.payload(i), at=_moment(at))

    def enqueue_bulk(self, handler: str, ids: Sequence[int]) -> None:
        """One `enqueue_many` or `notify_many` a chunk."""
        if handler in sending.HANDLERS:
            sending.send(handler, ids)
            return
        tasks_core.enqueue_many(NAMES[handler], [handlers.payload(i) for i in ids])

    def enqueue_bulk_at(self, handler: str, tasks: Sequence[tuple[int, float]]) -> None:
        """One `enqueue_many` a chunk; it takes one time for all, so the chunk's first is used."""
        payloads = [handlers.payload(i) for i, _ in tasks]
        tasks_core.enqueue_many(NAMES[handler], payloads, run_after=_moment(tasks[0][1]))

    def declare(self, count: int, cron: str, upcoming: int) -> None:
        """`count` schedules with `upcoming` ticks each: one is declared, the others copied from it."""
        declare(NAMES["noop"], handlers.payload(0), count, cron, upcoming)

    def render(self, count: int) -> float:
        """From the stored variables to the message, as the pipeline does it."""
        return sending.render(count)

    def waiting(self) -> int:
        """Rows not begun."""
        return Task.objects.unfinished().count()

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """One worker with two processes, one beat."""
        app = ("-m", "celery", "-A", "benchmarks.bellringer.celery_app")
        worker = "worker --concurrency 2 --without-gossip --without-mingle --loglevel WARNING"
        beat = "beat -S tasks_core.beat:Scheduler --loglevel WARNING --schedule="
        return {
            "worker": python(*app, *worker.split()),
            "beat": python(*app, *beat.split()),
        }


def _moment(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at, datetime.UTC)


PEER = Bellringer()
