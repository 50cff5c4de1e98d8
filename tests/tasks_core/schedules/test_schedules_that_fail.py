"""One schedule that cannot be served, or hundreds of them, hold up no other."""

from collections.abc import Iterator

import pytest
from django.db import connection

import tasks_core
from tasks_core import clock
from tasks_core.database import row_backoff
from tasks_core.models import Backfill, Occurrence, Schedule, Task
from tasks_core.schedules import firing
from tasks_core.schedules.backfilling import advance_backfills
from tasks_core.schedules.firing import fire, release_buffered
from tasks_core.schedules.generator import first_wanted_at, generate
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful
from tests.support.life import plain_type
from tests.support.refusing import refusing
from tests.tasks_core.schedules.ticking import (
    MINUTE,
    START,
    beat,
    end,
    every_minute,
    outcomes,
    tasks_of,
)

pytestmark = pytest.mark.usefixtures("transactional_db")

SECOND = START + 2 * MINUTE
BAD = "NEW.task_type = 'plain' AND NEW.payload @> '{\"poison\": true}'"


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@pytest.fixture
def receiver_that_refuses() -> Iterator[list[int]]:
    """Return a list of tasks whose end a receiver refuses."""
    refused: list[int] = []

    def receive(tasks: list[UnsuccessfulTask], **_: object) -> None:
        if any(task.task_id in refused for task in tasks):
            raise RuntimeError("this receiver is broken")

    tasks_unsuccessful.connect(receive)
    yield refused
    tasks_unsuccessful.disconnect(receive)


def _two(**options: object) -> tuple[Schedule, Schedule]:
    with clock.frozen(START):
        return every_minute(name="bad", **options), every_minute(name="good")


def test_receiver_that_refuses_the_end_of_one_task_lets_the_other_schedules_fire(
    receiver_that_refuses: list[int],
) -> None:
    bad, good = _two(overlap="cancel_other")
    beat(START + MINUTE)
    receiver_that_refuses.append(tasks_of(bad)[0].pk)

    beat(SECOND)

    assert outcomes(good, SECOND) == ["fired", "fired"]
    assert outcomes(bad, SECOND) == ["fired", "upcoming"]


def test_schedule_fires_what_has_waited_once_its_obstacle_is_gone(
    receiver_that_refuses: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, _ = _two(overlap="terminate_other")
    beat(START + MINUTE)
    receiver_that_refuses.append(tasks_of(bad)[0].pk)
    beat(SECOND)
    receiver_that_refuses.clear()
    firing.failing.went_well([bad.pk])

    beat(SECOND)

    assert outcomes(bad, SECOND) == ["fired", "fired"]


@pytest.mark.parametrize("columns", [{"overlap_policy": "unknown"}, {"misfire_policy": "unknown"}])
def test_policy_that_is_not_known_stops_one_schedule_only(columns: dict[str, str]) -> None:
    bad, good = _two()
    Schedule.objects.filter(pk=bad.pk).update(**columns)

    beat(START + MINUTE)

    assert outcomes(good, START + MINUTE) == ["fired"]
    assert outcomes(bad, START + MINUTE) == ["upcoming"]


@pytest.mark.parametrize("column", ["timezone", "kind", "exclusions", "gap_policy"])
def test_definition_that_cannot_be_read_stops_one_ledger_only(column: str) -> None:
    bad, good = _two()
    wrong = {"timezone": "Mars/Olympus", "kind": "lunar", "gap_policy": "leap"}
    value = {"dates": 7} if column == "exclusions" else wrong[column]
    Schedule.objects.filter(pk=bad.pk).update(**{column: value})

    later = START + 200 * MINUTE
    beat(later)

    assert len(outcomes(good, later)) == 200


@pytest.mark.parametrize("instant", ["infinity", "-infinity", "0044-03-15 BC"])
@pytest.mark.parametrize(
    "column", ["next_fire_at", "refill_at", "generated_until", "paused_at", "updated_at"]
)
def test_instant_that_nobody_can_read_stops_one_schedule_only(column: str, instant: str) -> None:
    bad, good = _two()
    with connection.cursor() as cursor:
        statement = f"UPDATE tasks_core_schedule SET {column} = %s WHERE id = %s"
        cursor.execute(statement, [instant, bad.pk])
    later = START + 200 * MINUTE
    beat(later)
    first_wanted_at()

    ran = Occurrence.objects.filter(schedule=good, fire_at__lte=later)
    assert set(ran.values_list("outcome", flat=True)) == {"fired", "coalesced"}
    assert ran.count() == 200


def test_hundreds_of_schedules_that_cannot_fire_starve_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with clock.frozen(START):
        for number in range(90):
            every_minute(name=f"bad-{number}", payload={"poison": True})
        good = every_minute(name="good", cron="2 * * * *")

    with refusing("tasks_core_task", BAD, when="INSERT"), clock.frozen(SECOND):
        generate()
        monkeypatch.setattr(row_backoff, "FIRST_PAUSE", 60.0)
        for _ in range(20):  # a loaded machine may need more rounds than three
            fire(limit=40)

        assert outcomes(good, SECOND) == ["fired"]
        assert sum(outcomes(one, SECOND) == ["fired"] for one in Schedule.objects.all()) == 1
        first = first_wanted_at()
        assert first is None or first > SECOND


def test_round_with_many_that_fail_ends_in_time_and_the_next_ones_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(row_backoff, "SERVE_SECONDS", 0.0)
    with clock.frozen(START):
        for number in range(8):
            every_minute(name=f"bad-{number}", payload={"poison": True})
        good = every_minute(name="good")

    with refusing("tasks_core_task", BAD, when="INSERT"), clock.frozen(START + MINUTE):
        rounds = 0
        while outcomes(good, START + MINUTE) != ["fired"]:
            fire()
            rounds += 1

    assert 1 < rounds <= 9


def test_tick_that_cannot_be_released_holds_no_other_back() -> None:
    bad, good = _two(overlap="buffer_one")
    Schedule.objects.filter(pk=good.pk).update(overlap_policy="buffer_one")
    beat(START + MINUTE)
    with clock.frozen(SECOND):
        while generate() + fire():
            pass
    Schedule.objects.filter(pk=bad.pk).update(payload={"poison": True})
    for schedule in (bad, good):
        end(tasks_of(schedule)[0])

    with refusing("tasks_core_task", BAD, when="INSERT"), clock.frozen(SECOND):
        assert release_buffered() == 1

    assert outcomes(good, SECOND) == ["fired", "fired"]
    assert outcomes(bad, SECOND) == ["fired", "buffered"]


def test_backfill_that_cannot_go_on_holds_no_other_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_backoff, "FIRST_PAUSE", 0.0)
    bad, good = _two()
    with clock.frozen(START):
        for name in ("bad", "good"):
            tasks_core.backfill(name, START - 5 * MINUTE, START - MINUTE)
    Schedule.objects.filter(pk=bad.pk).update(kind="lunar")

    with clock.frozen(START):
        assert advance_backfills() == 1

        assert len(tasks_of(good)) == 1
        Schedule.objects.filter(pk=bad.pk).update(kind="cron")
        advance_backfills()
    assert len(tasks_of(bad)) == 1
    assert Backfill.objects.at_work().count() == 2
    assert Occurrence.objects.filter(kind="backfill").count() == 2
    assert Task.objects.unfinished().count() == 2
