"""Counting large tables costs little, whoever does it."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

import tasks_core
from tasks_core import clock
from tasks_core.engine.states import State
from tasks_core.metrics import sampling
from tasks_core.metrics.retention import prune_rollups
from tasks_core.metrics.sampling import QUIET, SHORTEST_PAUSE, Sampler
from tasks_core.models import MetricRollup, MetricSample, MetricTotal
from tests.support.life import PLAIN, bring_to, plain_type
from tests.support.threads import at_once
from tests.tasks_core.metrics.counting import count_all

pytestmark = pytest.mark.usefixtures("transactional_db")


def _values() -> dict[tuple[str, str, int], int]:
    rows = MetricSample.objects.exclude(measure="sampling")
    return {(row.measure, row.label, row.priority): row.value for row in rows}


def test_it_counts_what_there_is_and_forgets_what_is_gone() -> None:
    plain_type()
    for state in (*(set(State) - {State.SCHEDULED}), State.SCHEDULED):
        bring_to(state)
    Sampler().sample()
    # One is scheduled and due, one waits for its next attempt.
    assert _values() == {
        ("due", "default", 2): 1,
        ("pending", "default", 2): 1,
        ("queued", "default", 2): 1,
        ("running", "default", 2): 1,
        ("dead_letters", PLAIN, -1): 1,
    }
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tasks_core_task CASCADE")
    Sampler().sample()
    assert _values() == {}


def test_pauses_are_long_where_counting_takes_long_or_tells_nothing_new() -> None:
    plain_type()
    sampler = Sampler()
    tasks_core.enqueue(PLAIN, {})
    assert sampler.sample() == SHORTEST_PAUSE
    assert sampler.sample() == SHORTEST_PAUSE * QUIET
    tasks_core.enqueue(PLAIN, {})
    assert sampler.sample() == SHORTEST_PAUSE


def test_counting_that_takes_too_long_is_given_up_and_keeps_the_last_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain_type()
    tasks_core.enqueue(PLAIN, {})
    Sampler().sample()
    before = MetricSample.objects.get(measure="sampling").sampled_at
    monkeypatch.setattr(sampling, "MOST_SECONDS", 0.1)
    monkeypatch.setattr(sampling, "SHORTEST_PAUSE", 0.0)
    monkeypatch.setattr(
        sampling, "_COUNT", "SELECT 'due', pg_sleep(30)::text, 0, 1 WHERE %(now)s > now()"
    )
    with clock.frozen(clock.now() + timedelta(days=1)):
        assert Sampler().sample() >= 0.1 * sampling.SHARE
    assert MetricSample.objects.get(measure="sampling").sampled_at == before
    assert _values()


def test_many_at_once_leave_one_sample() -> None:
    plain_type()
    tasks_core.enqueue_many(PLAIN, [{}] * 10)
    at_once(4, lambda _: Sampler().sample())
    assert _values() == {("due", "default", 2): 10}


def test_counting_reads_indexes_and_not_the_table() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sampling._COUNT}", {"now": clock.now()})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on tasks_core_task" not in plan
    assert "tasks_core_task_waiting" in plan


def test_old_rollups_go_and_totals_stay() -> None:
    plain_type()
    bring_to(State.SUCCEEDED)
    count_all()
    before = sorted(MetricTotal.objects.values_list("measure", "count"))
    assert prune_rollups() == 0
    with clock.frozen(clock.now() + timedelta(days=14, minutes=2)):
        assert prune_rollups(limit=1) == 1
        while prune_rollups():
            pass
    assert not MetricRollup.objects.exists()
    assert sorted(MetricTotal.objects.values_list("measure", "count")) == before
