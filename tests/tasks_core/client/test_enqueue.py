"""Enqueue: in the caller's transaction, and nothing at all if that rolls back."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

import tasks_core
from tasks_core import Fixed, clock
from tasks_core.engine.states import State
from tasks_core.models import RetryPolicy, Task, TaskEvent
from tests.support.life import events_of, plain_type

pytestmark = pytest.mark.usefixtures("transactional_db")

Heard = Callable[[], int]

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def known_type() -> Iterator[None]:
    plain_type(queue_name="mail", priority=tasks_core.HIGH)
    with clock.frozen(NOW):
        yield


def test_task_is_stored_with_the_defaults_of_its_type() -> None:
    task = tasks_core.enqueue("plain", {"to": "ada"})

    stored = Task.objects.get()
    assert (stored.pk, stored.state, stored.payload) == (task.pk, State.SCHEDULED, {"to": "ada"})
    assert (stored.queue_name, stored.priority) == ("mail", tasks_core.HIGH)
    assert (stored.run_after, stored.enqueued_at) == (NOW, NOW)
    assert events_of(task.pk) == ["scheduled"]


def test_returned_task_says_what_the_row_says() -> None:
    policy = RetryPolicy.objects.create(name="patient")
    task = tasks_core.enqueue(
        "plain",
        {"a": [1, "ü", None]},
        run_after=NOW + timedelta(hours=1),
        expires_at=NOW + timedelta(hours=2),
        priority=tasks_core.LOW,
        queue_name="other",
        idempotency_key="k",
        retry="patient",
        tags=["x", "y", "x"],
        correlation_id="order-7",
    )

    stored = Task.objects.get()
    for field in Task._meta.concrete_fields:
        assert getattr(task, field.attname) == getattr(stored, field.attname), field.attname
    assert stored.retry_policy_id == policy.pk
    assert stored.tags == ["x", "y"]


def test_own_retry_rule_is_stored_with_the_task() -> None:
    tasks_core.enqueue("plain", {}, retry=Fixed(initial=3, max_attempts=2))

    stored = Task.objects.get()
    assert stored.retry is not None
    assert (stored.retry["strategy"], stored.retry["initial"]) == ("fixed", 3)


def test_rolled_back_transaction_leaves_nothing_and_wakes_nobody(heard: Heard) -> None:
    with transaction.atomic():
        tasks_core.enqueue("plain", {})
        tasks_core.enqueue_many("plain", [{}, {}])
        transaction.set_rollback(True)

    assert not Task.objects.exists()
    assert not TaskEvent.objects.exists()
    assert heard() == 0


def test_rolled_back_savepoint_takes_its_tasks_and_no_others() -> None:
    with transaction.atomic():
        kept = tasks_core.enqueue("plain", {})
        with transaction.atomic():
            tasks_core.enqueue("plain", {})
            transaction.set_rollback(True)

    assert [task.pk for task in Task.objects.all()] == [kept.pk]


def test_dispatcher_is_woken_on_commit_and_not_before(heard: Heard) -> None:
    with transaction.atomic():
        tasks_core.enqueue("plain", {})
        assert heard() == 0

    assert heard() == 1


def test_task_for_later_wakes_nobody(heard: Heard) -> None:
    tasks_core.schedule_delayed("plain", {}, delay=60)

    assert heard() == 0


def test_enqueue_needs_no_redis(no_broker: None) -> None:
    with transaction.atomic():
        task = tasks_core.enqueue("plain", {})

    assert Task.objects.filter(pk=task.pk, state=State.SCHEDULED).exists()


def test_callers_leave_redis_alone_for_a_while_after_it_has_failed(
    no_broker: None, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        tasks_core.enqueue("plain", {})

    assert Task.objects.count() == 5
    assert [r.name for r in caplog.records] == ["tasks_core.broker.caller_redis"]


def test_enqueue_is_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        tasks_core.enqueue("plain", {}, idempotency_key="one")


def test_schedule_once_runs_at_its_time() -> None:
    at = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)

    assert tasks_core.schedule_once("plain", {}, at=at).run_after == at


def test_schedule_delayed_counts_from_now() -> None:
    assert tasks_core.schedule_delayed("plain", {}, delay=90).run_after == NOW + timedelta(
        seconds=90
    )
    assert tasks_core.schedule_delayed("plain", {}, delay=timedelta(days=3)).run_after == (
        NOW + timedelta(days=3)
    )


def test_time_in_the_past_is_due_at_once() -> None:
    task = tasks_core.schedule_once("plain", {}, at=NOW - timedelta(days=400))

    assert Task.objects.due(NOW).get() == task


def test_instant_of_another_zone_is_stored_as_the_same_instant() -> None:
    berlin = datetime.fromisoformat("2026-10-25T02:30:00+02:00")

    tasks_core.schedule_once("plain", {}, at=berlin)

    assert Task.objects.get().run_after == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
