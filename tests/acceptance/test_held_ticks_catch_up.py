"""A schedule of each second whose ticks had to wait: they are made up for while new ones come."""

import pytest

import tasks_core
from tasks_core.models import Occurrence
from tests.acceptance.processes import Processes
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("transactional_db"),
]

HELD = 10


def test_ticks_that_waited_for_one_slow_run_are_made_up_for(processes: Processes) -> None:
    schedule = tasks_core.schedule_recurring(
        "project.work", {}, name="each-second", cron="* * * * * *", overlap="buffer_all"
    )
    buffered = Occurrence.objects.buffered().filter(schedule=schedule)
    processes.start_beat()
    wait_until(lambda: buffered.count() >= HELD, seconds=60, what="ticks wait for the first task")

    processes.start_worker()
    wait_until(lambda: buffered.count() <= 1, seconds=60, what="they are made up for")

    ran = schedule.occurrences.filter(task_id__isnull=False)
    assert ran.count() > HELD
    assert not schedule.occurrences.filter(outcome="skipped_overlap").exists()
