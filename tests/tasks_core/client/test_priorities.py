"""The database keeps no priority that has no lane."""

import pytest
from django.db import IntegrityError, transaction

import tasks_core
from tasks_core.models import Schedule, Task
from tests.support.life import plain_type

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@pytest.mark.parametrize("priority", [-1, 4])
def test_task_or_schedule_of_an_unknown_priority_is_refused(priority: int) -> None:
    task = tasks_core.enqueue("plain", {})
    tasks_core.schedule_recurring("plain", {}, cron="0 9 * * *", timezone="UTC")

    for rows in (Task.objects.filter(pk=task.pk), Schedule.objects.all()):
        with pytest.raises(IntegrityError, match="_priority"), transaction.atomic():
            rows.update(priority=priority)
