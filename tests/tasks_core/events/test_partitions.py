"""Days are made ahead, and dropped without keeping anybody waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections, transaction

import tasks_core
from tasks_core import clock
from tasks_core.events.partitions import (
    DAYS_AHEAD,
    DEFAULT,
    TableBusy,
    days,
    drop,
    make_ahead,
    partition_name,
)
from tasks_core.events.upkeep import BUSY_SECONDS, Upkeep
from tasks_core.models import TaskEvent
from tests.support.life import PLAIN, plain_type
from tests.tasks_core.events.storing import places, write

pytestmark = pytest.mark.usefixtures("partitions")

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.date()


@contextmanager
def _long_reader() -> Iterator[None]:
    """Read the events in a transaction that stays open until the block ends."""
    reads, ended = threading.Event(), threading.Event()

    def read() -> None:
        with transaction.atomic():
            TaskEvent.objects.count()
            reads.set()
            ended.wait(60)
        connections.close_all()

    reader = threading.Thread(target=read)
    reader.start()
    assert reads.wait(30)
    try:
        yield
    finally:
        ended.set()
        reader.join(30)


def test_today_and_the_next_days_are_made_once() -> None:
    ahead = [TODAY + timedelta(days=n) for n in range(DAYS_AHEAD + 1)]

    assert make_ahead(NOON) == ahead
    assert make_ahead(NOON) == []
    assert set(ahead) <= set(days())
    assert make_ahead(NOON + timedelta(days=1)) == [TODAY + timedelta(days=DAYS_AHEAD + 1)]


def test_the_day_is_that_of_utc() -> None:
    make_ahead(NOON)
    midnight = datetime(2026, 3, 11, tzinfo=UTC)

    for at in (midnight - timedelta(microseconds=1), midnight):
        write("queued", at=at)

    assert places() == {
        partition_name(TODAY): 1,
        partition_name(TODAY + timedelta(days=1)): 1,
    }


def test_what_was_written_before_its_day_was_made_moves_there() -> None:
    early = [write("queued", at=NOON), write("started", at=NOON + timedelta(hours=1))]
    other = write("queued", at=NOON - timedelta(days=9))
    assert places() == {DEFAULT: 3}

    make_ahead(NOON)

    assert places() == {DEFAULT: 1, partition_name(TODAY): 2}
    assert list(TaskEvent.objects.order_by("id").values_list("id", flat=True)) == [*early, other]


def test_a_task_whose_day_has_no_partition_is_enqueued_all_the_same() -> None:
    plain_type()
    with clock.frozen(datetime(2031, 1, 1, tzinfo=UTC)):
        tasks_core.enqueue(PLAIN, {})

    assert places() == {DEFAULT: 1}


def test_a_day_is_dropped_with_its_events_only() -> None:
    make_ahead(NOON)
    write("queued", at=NOON)
    kept = write("queued", at=NOON + timedelta(days=1))

    drop(TODAY)
    drop(TODAY)  # a second beat

    assert TODAY not in days()
    assert list(TaskEvent.objects.values_list("id", flat=True)) == [kept]


def test_a_drop_gives_up_soon_under_a_long_reader_and_works_after_it() -> None:
    make_ahead(NOON)
    write("queued", at=NOON)

    with _long_reader():
        with pytest.raises(TableBusy, match="lock timeout"):
            drop(TODAY)
        assert TaskEvent.objects.count() == 1
        write("queued", at=NOON)  # nobody waits behind it
    drop(TODAY)

    assert not TaskEvent.objects.exists()


def test_beat_waits_for_a_long_reader_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    upkeep = Upkeep(leads=lambda: True)
    tomorrow = clock.now() + timedelta(days=1)

    with clock.frozen(tomorrow):
        write("queued", at=tomorrow + timedelta(days=DAYS_AHEAD))
        with _long_reader():
            assert upkeep() == BUSY_SECONDS
        assert _last_day() not in days()
        upkeep()
        assert _last_day() in days()
    assert not caplog.records


def _last_day() -> date:
    return clock.now().date() + timedelta(days=DAYS_AHEAD)


def test_a_search_in_a_time_looks_into_the_partitions_of_that_time_only() -> None:
    make_ahead(NOON)
    found = TaskEvent.objects.filter(at__gte=NOON, at__lt=NOON + timedelta(hours=1), kind="queued")

    plan = found.explain()

    assert partition_name(TODAY) in plan
    assert partition_name(TODAY + timedelta(days=1)) not in plan
