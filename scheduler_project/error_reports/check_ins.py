"""Check-ins for schedules: in progress when the task of a tick starts, ok or error when it ends.

All attempts of a task share one check-in, so a tick that is retried is in progress until its end.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from django.db import transaction
from sentry_sdk.crons import capture_checkin
from sentry_sdk.types import MonitorConfig

from scheduler_project.error_reports.bounded import BoundedDict
from scheduler_project.error_reports.monitors import config_of, slug_of
from tasks_core import database
from tasks_core.engine.states import State
from tasks_core.models import Schedule, Task
from tasks_core.signals import (
    UnsuccessfulTask,
    attempts_begun,
    attempts_recorded,
    tasks_unsuccessful,
)
from tasks_core.sql.claim import ClaimedTask
from tasks_core.sql.finish import FinishedAttempt

Status = Literal["in_progress", "ok", "error"]

_NAMESPACE = uuid.UUID("6f0c1f4e-4d0f-4d51-9f0a-7a9a52c3d9f1")
"""Of the ids of check-ins, which every process derives alike from a task."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Where the end of a tick is to be reported."""

    slug: str
    id: str
    config: MonitorConfig

    def send(self, status: Status) -> None:
        """Tell Sentry how the tick stands; its monitor is made or brought up to date on the way."""
        capture_checkin(self.slug, self.id, status, monitor_config=self.config)


_open: BoundedDict[int, CheckIn] = BoundedDict(10_000)
"""The ticks whose tasks this process has begun."""


def connect() -> None:
    """Follow the tasks that schedules make."""
    attempts_begun.connect(_begun, dispatch_uid="scheduler_project.check_ins")
    attempts_recorded.connect(_recorded, dispatch_uid="scheduler_project.check_ins")
    tasks_unsuccessful.connect(_unsuccessful, dispatch_uid="scheduler_project.check_ins")


def _begun(*, tasks: Sequence[ClaimedTask], **_: Any) -> None:
    ids = [task.id for task in tasks if task.scheduled_for is not None]
    for task_id, check_in in _check_ins(ids):
        _open[task_id] = check_in
        check_in.send("in_progress")


def _recorded(*, attempts: Sequence[FinishedAttempt], **_: Any) -> None:
    for attempt in attempts:
        check_in = _open.pop(attempt.task_id, None)
        if check_in is not None and attempt.outcome.state is State.SUCCEEDED:
            check_in.send("ok")


def _unsuccessful(*, tasks: Sequence[UnsuccessfulTask], **_: Any) -> None:
    ids = [task.task_id for task in tasks]
    # Not within the transaction, which a mistake here must not undo.
    transaction.on_commit(partial(_failed, ids), using=database.alias(), robust=True)


def _failed(ids: Iterable[int]) -> None:
    for _, check_in in _check_ins(ids):
        check_in.send("error")


def _check_ins(ids: Iterable[int]) -> Iterator[tuple[int, CheckIn]]:
    """Return the tasks among ``ids`` that come from schedules with a monitor."""
    wanted = list(ids)
    if not wanted:
        return
    made = Task.objects.filter(pk__in=wanted, schedule_id__isnull=False)
    rows = list(made.values_list("pk", "schedule_id", "scheduled_for"))
    schedules = Schedule.objects.in_bulk({schedule_id for _, schedule_id, _ in rows if schedule_id})
    for task_id, schedule_id, due in rows:
        with suppress(KeyError):  # the schedule is gone
            schedule = schedules[schedule_id or 0]
            config = config_of(schedule)
            if config is not None:
                slug = slug_of(schedule)
                yield task_id, CheckIn(slug, _id(slug, task_id, due), config)


def _id(slug: str, task_id: int, due: object) -> str:
    return uuid.uuid5(_NAMESPACE, f"{slug}/{due}/{task_id}").hex
