"""The duty of the leading beat, in real time: what it notices how soon, and what looking costs."""

import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tasks_core import clock
from tasks_core.duties.beat_duties import make_duties
from tasks_core.duties.duty import Duty
from tasks_core.leadership import Leadership
from tasks_core.models import Occurrence, PeriodicTaskMirror, Task
from tasks_core.schedules.periodic_tasks.mirroring import follow
from tests.support.life import plain_type
from tests.support.waiting import wait_until
from tests.tasks_core.schedules.periodic import crontab, has_mirror, interval, periodic

pytestmark = pytest.mark.usefixtures("transactional_db")

NOTICED = 5.0
WANTED = {"duty-schedules", "duty-periodic-tasks"}


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@pytest.fixture
def two_beats(transactional_db: None) -> Iterator[list[Leadership]]:
    """Run the duties of two beats that concern schedules."""
    claims = [Leadership("schedules"), Leadership("schedules")]
    duties = [d for claim in claims for d in make_duties(claim) if d.name in WANTED]
    assert len(duties) == 4
    for duty in duties:
        duty.start()
    wait_until(lambda: any(claim.fence for claim in claims), what="a beat leads")
    yield claims
    _stop(duties)


def _stop(duties: list[Duty]) -> None:
    for duty in duties:
        duty.stop()
    for duty in duties:
        duty.join(timeout=10)
        assert not duty.is_alive()


@pytest.mark.usefixtures("two_beats")
@pytest.mark.parametrize("in_bulk", [True, False], ids=["bulk_create", "save"])
def test_new_row_is_noticed_within_five_seconds(in_bulk: bool) -> None:
    row = PeriodicTask(name="new", task="plain", interval=interval(3600))
    if in_bulk:
        PeriodicTask.objects.bulk_create([row])
    else:
        row.save()
    wait_until(lambda: has_mirror(row), seconds=NOTICED)


CHANGES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "update": (lambda: PeriodicTask.objects.update(enabled=False), []),
    "update of the interval": (
        lambda: IntervalSchedule.objects.update(every=7200),
        ["every 7200 s"],
    ),
    "delete": (lambda: PeriodicTask.objects.all().delete(), []),
}


@pytest.mark.usefixtures("two_beats")
@pytest.mark.parametrize(("change", "expressions"), CHANGES.values(), ids=CHANGES.keys())
def test_change_is_noticed_within_five_seconds(
    change: Callable[[], object], expressions: list[str]
) -> None:
    periodic(clock.now(), task="plain", interval=interval(3600))
    wait_until(lambda: _expressions() == ["every 3600 s"], seconds=NOTICED)
    change()
    wait_until(lambda: _expressions() == expressions, seconds=NOTICED)


def _expressions() -> list[str]:
    mirrors = PeriodicTaskMirror.objects.filter(schedule__is_enabled=True)
    return list(mirrors.values_list("schedule__expression", flat=True))


@pytest.mark.usefixtures("two_beats")
def test_each_tick_makes_one_task_while_two_beats_run() -> None:
    second = interval(1)
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"n{n}", task="plain", interval=second) for n in range(30)
    )
    wait_until(lambda: Task.objects.count() >= 120, seconds=20)

    ticks = list(Task.objects.values_list("schedule_id", "scheduled_for"))
    assert len(ticks) == len(set(ticks))
    assert Occurrence.objects.filter(task_id__isnull=False).count() >= len(ticks)


def test_leader_after_a_deployment_looks_again_at_what_was_not_understood(
    two_beats: list[Leadership],
) -> None:
    row = periodic(clock.now(), kwargs="[]", crontab=crontab())
    wait_until(lambda: PeriodicTaskMirror.objects.exclude(problem="").exists(), seconds=NOTICED)
    digest = PeriodicTaskMirror.objects.get().digest
    PeriodicTaskMirror.objects.update(problem="what an earlier release said")
    (leader,) = [claim for claim in two_beats if claim.fence]
    leader.release()

    wait_until(
        lambda: PeriodicTaskMirror.objects.filter(problem__contains="kwargs must be").exists(),
        what="another leader, or this one anew, looks again",
    )
    assert PeriodicTaskMirror.objects.get(pk=row.pk).digest == digest


def test_look_at_ten_thousand_rows_that_have_not_changed_is_cheap() -> None:
    every = interval(7, "days")
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"n{n}", task="plain", interval=every) for n in range(10_000)
    )
    while follow():
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE django_celery_beat_periodictask, tasks_core_periodictaskmirror")
        cursor.execute("ANALYZE tasks_core_schedule")

    took = []
    for _ in range(5):
        began = time.perf_counter()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert not follow()
        took.append(time.perf_counter() - began)
    asked = [q["sql"] for q in queries if not q["sql"].startswith(("BEGIN", "COMMIT"))]
    assert len(asked) == 5
    assert min(took) < 0.3
