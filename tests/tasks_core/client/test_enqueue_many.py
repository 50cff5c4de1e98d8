"""Enqueue in bulk: all or none, in order, a thousand in a statement."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

import tasks_core
from tasks_core.exceptions import InvalidOption, InvalidPayload
from tasks_core.models import Task, TaskEvent
from tests.support.life import plain_type
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def test_ids_come_in_the_order_of_the_payloads() -> None:
    ids = tasks_core.enqueue_many("plain", [{"n": n} for n in range(2_345)])

    stored = dict(Task.objects.values_list("id", "payload__n"))
    assert [stored[task_id] for task_id in ids] == list(range(2_345))


def test_each_task_has_its_first_event() -> None:
    ids = tasks_core.enqueue_many("plain", [{}] * 30)

    events = TaskEvent.objects.filter(kind="scheduled").values_list("task_id", flat=True)
    assert sorted(events) == sorted(ids)


def test_one_bad_payload_among_many_leaves_none(heard: Callable[[], int]) -> None:
    payloads: list[object] = [{"n": n} for n in range(1_500)]
    payloads[1_400] = "no object"

    with pytest.raises(InvalidPayload, match=r"payloads\[1400\]: payload: Input should be"):
        tasks_core.enqueue_many("plain", payloads)

    assert not Task.objects.exists()
    assert heard() == 0


def test_payloads_may_be_generated() -> None:
    def payloads() -> Iterator[dict[str, int]]:
        yield from ({"n": n} for n in range(3))

    assert len(tasks_core.enqueue_many("plain", payloads())) == 3


def test_nothing_to_enqueue_is_no_error() -> None:
    assert tasks_core.enqueue_many("plain", []) == []


def test_a_thousand_tasks_cost_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    payloads = [{"n": n} for n in range(3_000)]

    with transaction.atomic(), django_assert_num_queries(3):
        tasks_core.enqueue_many("plain", payloads)


def test_dispatcher_is_woken_once(heard: Callable[[], int]) -> None:
    tasks_core.enqueue_many("plain", [{}] * 2_500)

    assert heard() == 1


def test_key_that_is_taken_gives_the_task_that_has_it() -> None:
    first = tasks_core.enqueue("plain", {"n": 0}, idempotency_key="b")

    ids = tasks_core.enqueue_many(
        "plain", [{"n": n} for n in (1, 2, 3)], idempotency_keys=["a", "b", "c"]
    )

    assert ids[1] == first.pk
    assert len(set(ids)) == 3
    assert Task.objects.get(pk=first.pk).payload == {"n": 0}


def test_same_key_twice_in_one_call_makes_one_task() -> None:
    ids = tasks_core.enqueue_many("plain", [{}, {}, {}], idempotency_keys=["a", "b", "a"])

    assert ids[0] == ids[2] != ids[1]
    assert Task.objects.count() == 2


def test_keys_across_statements_are_matched_too() -> None:
    keys = [f"k{n % 1_100}" for n in range(2_200)]

    ids = tasks_core.enqueue_many("plain", [{}] * 2_200, idempotency_keys=keys)

    assert ids[:1_100] == ids[1_100:]
    assert Task.objects.count() == 1_100


@pytest.mark.parametrize("keys", [["a"], ["a", "b", "c"]])
def test_wrong_number_of_keys_is_refused(keys: list[str]) -> None:
    with pytest.raises(InvalidOption, match=f"idempotency_keys has {len(keys)} values"):
        tasks_core.enqueue_many("plain", [{}, {}], idempotency_keys=keys)

    assert not Task.objects.exists()


def test_keyed_tasks_have_rising_ids_in_the_order_of_the_payloads() -> None:
    ids = tasks_core.enqueue_many("plain", [{}] * 3, idempotency_keys=["c", "a", "b"])

    assert ids == sorted(ids)
    assert [Task.objects.get(pk=i).idempotency_key for i in ids] == ["c", "a", "b"]


def test_callers_with_the_same_keys_in_another_order_do_not_block_each_other_for_ever() -> None:
    keys = [f"k{n}" for n in range(2_000)]

    def enqueue(number: int) -> list[int]:
        order = keys if number % 2 else keys[::-1]
        ids = tasks_core.enqueue_many("plain", [{}] * len(keys), idempotency_keys=order)
        return ids if number % 2 else ids[::-1]

    first, *others = at_once(4, enqueue)

    assert all(ids == first for ids in others)
    assert Task.objects.count() == len(keys)


def test_key_that_is_freed_during_the_call_is_taken_after_all() -> None:
    tasks_core.enqueue("plain", {"n": 0}, idempotency_key="a")

    def free(execute: Callable[..., object], sql: str, *rest: object) -> object:
        result = execute(sql, *rest)
        if "INSERT INTO tasks_core_task " in sql and Task.objects.filter(payload={"n": 0}).exists():
            Task.objects.all().delete()
        return result

    with connection.execute_wrapper(free):
        (task_id,) = tasks_core.enqueue_many("plain", [{"n": 1}], idempotency_keys=["a"])

    assert Task.objects.get(pk=task_id).payload == {"n": 1}


def test_each_task_can_have_a_correlation_id_of_its_own() -> None:
    ids = tasks_core.enqueue_many("plain", [{}, {}], correlation_ids=["order-1", "order-2"])
    found = Task.objects.filter(pk__in=ids).order_by("pk").values_list("correlation_id", flat=True)
    assert list(found) == ["order-1", "order-2"]


def test_correlation_ids_stay_with_their_tasks_when_keys_are_sorted() -> None:
    ids = tasks_core.enqueue_many(
        "plain", [{}, {}], idempotency_keys=["b", "a"], correlation_ids=["of b", "of a"]
    )
    found = Task.objects.in_bulk(ids)
    assert [(found[i].idempotency_key, found[i].correlation_id) for i in ids] == [
        ("b", "of b"),
        ("a", "of a"),
    ]


@pytest.mark.parametrize("given", [["one"], ["one", "two", "three"]])
def test_a_wrong_number_of_correlation_ids_is_refused(given: list[str]) -> None:
    with pytest.raises(InvalidOption, match=rf"correlation_ids has {len(given)} values"):
        tasks_core.enqueue_many("plain", [{}, {}], correlation_ids=given)
    assert not Task.objects.exists()
