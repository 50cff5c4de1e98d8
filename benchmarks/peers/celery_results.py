"""Celery on Redis with each result a row in PostgreSQL (django-celery-results)."""

import os
from collections.abc import Iterable

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.peers.django_settings.celery_results"

import django
from celery import Celery
from django.core.management import call_command
from redis import Redis

from benchmarks import handlers
from benchmarks.peers.interface import Peer, broker_url, python

django.setup()
app = Celery("bench", broker=broker_url(), backend="django-db")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    broker_connection_retry_on_startup=True,
    # Without it the worker reconnects to PostgreSQL around every task, whatever CONN_MAX_AGE says.
    CELERY_DB_REUSE_MAX=1_000_000,
)
TASKS = {
    "noop": app.task(handlers.noop, name="noop"),
    "occupy": app.task(handlers.occupy, name="occupy"),
}


class CeleryResults(Peer):
    """`delay`; prefork; a result row a task."""

    settings = (
        "prefork, concurrency 2, acks_late, reject_on_worker_lost, prefetch 4 (default), results "
        "in PostgreSQL, "
        "CELERY_DB_REUSE_MAX set, no gossip or mingle"
    )
    packages = ("celery", "django-celery-results", "Django", "redis")
    # Scheduling is bare Celery's, broker only: measured there.
    schedules = False

    def prepare(self) -> None:
        """Migrate."""
        call_command("migrate", verbosity=0)

    def open(self) -> None:
        """Open the producer's connection."""
        app.pool.acquire().default_channel.client.ping()

    def enqueue(self, handler: str, ids: Iterable[int]) -> None:
        """One `delay` a task."""
        task = TASKS[handler]
        for i in ids:
            task.delay(i=i, data=handlers.FILLER)

    def waiting(self) -> int:
        """Messages in the one queue."""
        return int(Redis.from_url(broker_url()).llen("celery"))

    def commands(self, handler: str, *, scheduling: bool) -> dict[str, list[str]]:
        """One worker with two processes."""
        options = "--concurrency 2 --without-gossip --without-mingle --loglevel WARNING"
        return {"worker": python("-m", "celery", "-A", __name__, "worker", *options.split())}


PEER = CeleryResults()
