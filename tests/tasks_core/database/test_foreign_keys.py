"""Foreign keys of other apps to what is removed by age: none of them stops retention."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, models

import tasks_core
from tasks_core import clock
from tasks_core.checks.foreign_keys import check_foreign_keys
from tasks_core.duties.pruning import prune
from tasks_core.engine import decision
from tasks_core.engine.states import State
from tasks_core.models import DeadLetter, Task
from tests.support.life import PLAIN, bring_to, plain_type, queue, take, write
from tests.support.strangers import model_with

pytestmark = pytest.mark.usefixtures("transactional_db")

WEEK = timedelta(days=7, minutes=1)
Key = Callable[[], "models.ForeignKey[Any, Any]"]


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def _to_task(on_delete: Any, **options: Any) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        "tasks_core.Task", on_delete=on_delete, null=True, related_name="+", **options
    )


def _succeeded(count: int) -> list[int]:
    ids = tasks_core.enqueue_many(PLAIN, [{}] * count)
    for claimed in take(queue(limit=count)):
        assert write(claimed, decision.succeeded())
    return ids


def _kept() -> set[int]:
    return set(Task.objects.values_list("pk", flat=True))


def test_set_null_lets_the_task_go_and_the_row_stay() -> None:
    with model_with(_to_task(models.SET_NULL)) as order:
        first, second = _succeeded(2)
        row = order._default_manager.create(ref_id=first)
        with clock.frozen(clock.now() + WEEK):
            assert prune() == 2

        row.refresh_from_db()
        assert row.ref_id is None  # type: ignore[attr-defined]
    assert second not in _kept()


def test_cascade_lets_both_go() -> None:
    with model_with(_to_task(models.CASCADE)) as order:
        (first,) = _succeeded(1)
        order._default_manager.create(ref_id=first)
        with clock.frozen(clock.now() + WEEK):
            assert prune() == 1

        assert not order._default_manager.exists()


@pytest.mark.parametrize("on_delete", [models.PROTECT, models.RESTRICT, models.DO_NOTHING])
def test_protected_tasks_stay_and_any_number_of_them_keeps_no_other(on_delete: Any) -> None:
    with model_with(_to_task(on_delete)) as order:
        *protected, free = _succeeded(30)
        order._default_manager.bulk_create(order(ref_id=pk) for pk in protected)
        with clock.frozen(clock.now() + WEEK):
            assert prune(limit=5) == 1

        assert _kept() == set(protected)
        assert free not in _kept()


def test_key_that_outlives_the_task_is_left_alone() -> None:
    with model_with(_to_task(models.DO_NOTHING, db_constraint=False)) as order:
        (first,) = _succeeded(1)
        order._default_manager.create(ref_id=first)
        with clock.frozen(clock.now() + WEEK):
            assert prune() == 1

        assert order._default_manager.filter(ref_id=first).exists()


def test_key_to_a_dead_letter_keeps_its_task() -> None:
    key = models.ForeignKey("tasks_core.DeadLetter", on_delete=models.PROTECT, related_name="+")
    with model_with(key) as order:
        bring_to(State.DEAD)
        letter = DeadLetter.objects.get()
        tasks_core.discard(letter.pk, note="known")
        order._default_manager.create(ref_id=letter.pk)
        _succeeded(1)
        with clock.frozen(clock.now() + 5 * WEEK):
            assert prune() == 1

        assert DeadLetter.objects.filter(pk=letter.pk).exists()


def test_key_that_django_does_not_know_is_stepped_past(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE stranger (ref bigint REFERENCES tasks_core_task DEFERRABLE INITIALLY DEFERRED)"
        )
    try:
        *referred, _ = _succeeded(13)
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO stranger VALUES (%s)", [(pk,) for pk in referred])
        with clock.frozen(clock.now() + WEEK):
            assert prune(limit=5) == 1
            assert prune(limit=5) == 0
        assert _kept() == set(referred)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE stranger")
    (said,) = [
        r.getMessage() for r in caplog.records if r.name == "tasks_core.database.row_backoff"
    ]
    assert "cannot be removed by age" in said
    assert "on_delete=SET_NULL or CASCADE" in said


@pytest.mark.parametrize(
    ("on_delete", "options", "is_named"),
    [
        (models.PROTECT, {}, True),
        (models.DO_NOTHING, {}, True),
        (models.SET_NULL, {}, False),
        (models.CASCADE, {}, False),
        (models.DO_NOTHING, {"db_constraint": False}, False),
    ],
)
def test_check_names_the_keys_that_keep_tasks(
    on_delete: Any, options: dict[str, bool], is_named: bool
) -> None:
    assert check_foreign_keys(None) == []
    with model_with(_to_task(on_delete, **options)):
        messages = check_foreign_keys(None)

    assert len(messages) == is_named
    for message in messages:
        assert "auth.Order.ref keeps rows of tasks_core.Task" in message.msg
        assert "SET_NULL" in (message.hint or "")
    call_command("check")
