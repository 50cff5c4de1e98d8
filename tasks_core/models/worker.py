"""A worker that has registered itself."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet

HEARTBEAT = timedelta(seconds=5)
SILENCE = 4 * HEARTBEAT
"""A worker that has been silent for so long counts as gone."""

MOST_SKEW = 2.0
"""Seconds by which the clock of its machine may differ from the database's without a word about it."""


class WorkerQuerySet(PlatformQuerySet["Worker"]):
    """Workers, asked for in the words of the platform."""

    def alive(self, now: datetime) -> "WorkerQuerySet":
        """Started, not stopped, and heard of lately."""
        return self.filter(stopped_at__isnull=True, heartbeat_at__gt=now - SILENCE)


class Worker(PlatformModel):
    """One ``celery worker`` or ``celery beat`` process and what it consumes."""

    class Role(models.TextChoices):
        """Which process it is."""

        WORKER = "worker", "Worker"
        BEAT = "beat", "Beat"

    name = models.CharField(max_length=200, unique=True)
    role = models.CharField(max_length=6, choices=Role.choices)
    hostname = models.CharField(max_length=200)
    pid = models.IntegerField()
    queues = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    task_types = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    subscribers = ArrayField(
        models.CharField(max_length=100),
        null=True,
        blank=True,
        help_text="Subscribers of events in its code; empty: an older release, which does not say.",
    )
    concurrency = models.IntegerField(default=0)
    version = models.CharField(max_length=50, blank=True, default="")
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    consumed_at = models.DateTimeField(null=True, blank=True)
    stuck_since = models.DateTimeField(null=True, blank=True)
    clock_skew = models.FloatField(null=True, blank=True)
    failing_rows = models.CharField(max_length=500, blank=True, default="", db_default="")
    silent_processes = ArrayField(models.IntegerField(), null=True, blank=True)
    vain_processes = ArrayField(models.TextField(), null=True, blank=True)

    objects: ClassVar = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    @property
    def is_ill(self) -> bool:
        """Whether it has said that it, one of its processes or a row does not do as it should."""
        return bool(
            self.stuck_since or self.silent_processes or self.vain_processes or self.failing_rows
        )

    def __str__(self) -> str:
        return f"{self.role} {self.name}"
