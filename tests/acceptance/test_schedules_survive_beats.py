"""Two beats, and the leader killed again and again: no tick is lost, none fires twice."""

import os
import signal
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db.models import Count

import tasks_core
from tasks_core import clock
from tasks_core.models import Leadership, Occurrence, Schedule, Task
from tests.acceptance.processes import Processes
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance]

SCHEDULES = 500
SECONDS = 60
LEAST_KILLED = 5
KILL_AFTER = timedelta(seconds=3)


def _has_fired_at(instant: datetime) -> Callable[[], bool]:
    """Ask whether a tick of the second after ``instant`` has made its task."""
    due = Occurrence.objects.filter(due__gte=instant, due__lt=instant + timedelta(seconds=1))
    return due.filter(task_id__isnull=False).exists


def _leader_pid() -> int | None:
    holder = Leadership.objects.filter(expires_at__gt=clock.now()).values_list("holder", flat=True)
    found = holder.first()
    return int(found.split(":")[1]) if found else None


@pytest.mark.timeout(300)
@pytest.mark.endurance
def test_leader_killed_every_three_seconds_under_500_schedules(processes: Processes) -> None:
    for number in range(SCHEDULES):
        tasks_core.schedule_recurring(
            "project.work",
            {"note": str(number)},
            name=f"each-second-{number}",
            cron="* * * * * *",
            misfire="run_all",
        )
    began = clock.now()
    beats = {
        process.pid: process for process in (processes.start_beat("a"), processes.start_beat("b"))
    }
    killed = 0
    until = time.monotonic() + SECONDS
    while time.monotonic() < until or killed < LEAST_KILLED:
        wait_until(lambda: _leader_pid() in beats, seconds=30, what="one of the beats leads")
        pid = _leader_pid()
        assert pid is not None
        wait_until(_has_fired_at(clock.now() + KILL_AFTER), seconds=60, what="the leader fires")
        os.kill(pid, signal.SIGKILL)
        beats.pop(pid).wait(10)
        killed += 1
        started = processes.start_beat(f"beat-{killed}")
        beats[started.pid] = started

    ended = clock.now() - timedelta(seconds=1)
    due = Occurrence.objects.filter(due__gt=began, due__lte=ended)
    wait_until(
        lambda: (
            not Schedule.objects.filter(generated_until__lte=ended).exists()
            and not due.upcoming().exists()
        ),
        seconds=60,
        what="every tick is settled",
    )
    seconds = {int(at.timestamp()) for at in due.values_list("due", flat=True).distinct()}
    first, last = min(seconds), max(seconds)
    assert len(seconds) == last - first + 1
    assert first <= began.timestamp() + 1
    assert last >= ended.timestamp() - 1
    counts = due.order_by().values_list("schedule_id").annotate(count=Count("id"))
    assert {count for _, count in counts} == {len(seconds)}
    assert set(due.values_list("outcome", flat=True).distinct()) <= {"fired", "caught_up"}
    made = Task.objects.filter(scheduled_for__gt=began, scheduled_for__lte=ended)
    assert made.count() == due.count()
    doubles = made.values("schedule_id", "scheduled_for").annotate(count=Count("id"))
    assert not doubles.filter(count__gt=1).exists()


@pytest.mark.timeout(120)
def test_beat_that_is_stopped_hands_over_at_once(processes: Processes) -> None:
    schedule = tasks_core.schedule_recurring("project.work", {}, name="s", cron="* * * * * *")
    first = processes.start_beat("first")
    wait_until(lambda: _leader_pid() == first.pid, seconds=30)
    second = processes.start_beat("second")

    first.send_signal(signal.SIGTERM)
    first.wait(30)

    wait_until(lambda: _leader_pid() == second.pid, seconds=5, what="the other beat leads")
    fired = Occurrence.objects.filter(schedule=schedule, outcome="fired").count()
    wait_until(
        lambda: Occurrence.objects.filter(schedule=schedule, outcome="fired").count() > fired + 2,
        seconds=15,
    )


@pytest.mark.timeout(120)
def test_leader_that_is_frozen_and_thawed_fires_nothing_twice(processes: Processes) -> None:
    schedule = tasks_core.schedule_recurring(
        "project.work", {}, name="s", cron="* * * * * *", misfire="run_all"
    )
    first = processes.start_beat("first")
    wait_until(lambda: _leader_pid() == first.pid, seconds=30)
    second = processes.start_beat("second")

    def is_followed() -> bool:
        os.kill(
            first.pid, signal.SIGSTOP
        )  # again and again: whatever else is at work must not thaw it
        return _leader_pid() == second.pid

    try:
        # Ten with a machine to themselves: how that adds up is asked in test_frozen_leader.py.
        wait_until(is_followed, seconds=20, what="the other beat leads")
        behind = clock.now()
        wait_until(
            lambda: not Occurrence.objects.overdue(behind).filter(schedule=schedule).exists(),
            seconds=15,
        )
    finally:
        os.kill(first.pid, signal.SIGCONT)
    thawed = clock.now()
    wait_until(lambda: clock.now() > thawed + timedelta(seconds=5), seconds=10)

    tasks = list(Task.objects.values_list("scheduled_for", flat=True))
    assert len(tasks) == len(set(tasks))
    settled = Occurrence.objects.filter(due__lte=thawed)
    assert set(settled.values_list("outcome", flat=True).distinct()) <= {"fired", "caught_up"}
