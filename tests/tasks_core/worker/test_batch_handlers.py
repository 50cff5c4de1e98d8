"""Handlers of many tasks at once: one outcome for each, and no task at the mercy of another."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction

import tasks_core
from tasks_core import BatchItem, Fixed, PermanentError, RetryAfter, Snooze, clock, logs
from tasks_core.current_attempt import current_context
from tasks_core.events.rebuilding import rebuild
from tasks_core.models import DeadLetter, Task, TaskEvent, TaskTypeStatistics
from tasks_core.worker import lease_keeper, process
from tasks_core.worker.executor import execute
from tests.support.life import events_of, queue, states
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


@dataclass(frozen=True)
class Order:
    number: int


Items = list[BatchItem[Order]]
Work = Callable[[Items], Iterable[Any]]


def register(work: Work, **options: Any) -> list[list[int]]:
    """Register ``work``; give the list of the batches that it will have been called with."""
    calls: list[list[int]] = []

    @tasks_core.task_type("orders", batch=True, **options)
    def orders(items: list[BatchItem[Order]]) -> Iterable[Any]:
        calls.append([item.payload.number for item in items])
        return work(items)

    return calls


def enqueue(count: int) -> list[int]:
    return tasks_core.enqueue_many("orders", [{"number": n} for n in range(count)])


def run() -> None:
    """Run what is due, isolated tasks each in a message of its own, as the dispatcher sends them."""
    ids = queue()
    alone = set(Task.objects.filter(pk__in=ids, isolated=True).values_list("pk", flat=True))
    messages = [[i for i in ids if i not in alone], *([i] for i in ids if i in alone)]
    for message in messages:
        if message:
            execute("orders", message, worker="w1")


def outcomes() -> list[tuple[str, Any]]:
    return list(Task.objects.order_by("pk").values_list("state", "result"))


def test_one_call_gets_all_tasks_of_a_message_and_says_what_became_of_each() -> None:
    calls = register(lambda items: [{"n": item.payload.number} for item in items])
    enqueue(5)
    run()
    assert calls == [[0, 1, 2, 3, 4]]
    assert outcomes() == [("SUCCEEDED", {"n": n}) for n in range(5)]


def test_each_task_has_its_own_outcome() -> None:
    def work(items: Items) -> list[Any]:
        return [None, PermanentError("no"), Snooze(60), RetryAfter(90, "busy"), ValueError("odd")]

    register(work, retry=Fixed(initial=30, max_attempts=5))
    ids = enqueue(5)
    now = clock.now()
    with clock.frozen(now):
        run()
    assert [state for state, _ in outcomes()] == [
        "SUCCEEDED",
        "DEAD",
        "SCHEDULED",
        "RETRYING",
        "RETRYING",
    ]
    waits = Task.objects.filter(pk__in=ids[2:]).order_by("pk").values_list("run_after", flat=True)
    assert [(wait - now).total_seconds() for wait in waits] == [60, 90, 30]
    assert DeadLetter.objects.get().task_id == ids[1]
    assert Task.objects.get(pk=ids[2]).attempts_returned == 1


def test_an_error_of_the_whole_call_is_charged_to_nobody_and_found_when_each_runs_alone() -> None:
    def work(items: Items) -> list[None]:
        for item in items:
            if item.payload.number == 3:
                raise ValueError("three")
        return [None] * len(items)

    calls = register(work, retry=Fixed(max_attempts=1))
    ids = enqueue(5)
    run()
    assert states() == {"SCHEDULED": 5}
    assert set(Task.objects.values_list("attempts_returned", flat=True)) == {1}
    released = TaskEvent.objects.get(task_id=ids[0], kind="released")
    assert released.data == {
        "reason": "its batch failed: ValueError: three",
        "returned": True,
        "isolated": True,
    }
    assert not [found for chunk in rebuild() for found in chunk.differences]
    run()
    assert calls == [[0, 1, 2, 3, 4], [0], [1], [2], [3], [4]]
    assert states() == {"SUCCEEDED": 4, "DEAD": 1}
    assert DeadLetter.objects.get().task_id == ids[3]


def test_outcomes_that_were_given_before_the_error_stand() -> None:
    def work(items: Items) -> Iterator[None]:
        yield None
        yield None
        raise ValueError("in the middle")

    register(work)
    enqueue(4)
    run()
    assert [state for state, _ in outcomes()] == [
        "SUCCEEDED",
        "SUCCEEDED",
        "SCHEDULED",
        "SCHEDULED",
    ]


def test_too_few_outcomes_are_an_error_of_the_call() -> None:
    register(lambda _: [None])
    ids = enqueue(2)
    run()
    assert states() == {"SUCCEEDED": 1, "SCHEDULED": 1}
    released = TaskEvent.objects.get(task_id=ids[1], kind="released")
    assert "gave 1 outcomes for 2 tasks" in str(released.data)


def test_a_snooze_of_the_whole_call_is_meant_for_all() -> None:
    def work(items: Items) -> list[None]:
        raise Snooze(600, "closed")

    register(work)
    ids = enqueue(3)
    run()
    assert states() == {"SCHEDULED": 3}
    assert not Task.objects.filter(isolated=True).exists()
    assert events_of(ids[0])[-1] == "snoozed"


def test_a_payload_that_no_longer_fits_waits_alone() -> None:
    calls = register(lambda items: [None] * len(items))
    ids = enqueue(3)
    Task.objects.filter(pk=ids[1]).update(payload={"number": "many"})
    run()
    assert calls == [[0, 2]]
    assert [state for state, _ in outcomes()] == ["SUCCEEDED", "SCHEDULED", "SUCCEEDED"]


def test_a_result_that_is_not_json_fails_alone() -> None:
    register(lambda _: [object(), None])
    enqueue(2)
    run()
    assert [state for state, _ in outcomes()] == ["DEAD", "SUCCEEDED"]


def test_the_time_limit_begins_anew_with_each_outcome() -> None:
    def work(items: Items) -> Iterator[None]:
        for item in items:
            deadline = time.monotonic() + (0.5 if item.payload.number < 3 else 30)
            while time.monotonic() < deadline:
                pass
            yield None

    register(work, max_runtime=1.2)
    enqueue(5)
    run()
    assert states() == {"SUCCEEDED": 3, "SCHEDULED": 2}


def test_a_stop_in_the_middle_hands_back_what_has_no_outcome_yet() -> None:
    def work(items: Items) -> Iterator[None]:
        yield None
        process.ask_to_stop()
        yield None
        raise AssertionError("not called any more")

    register(work)
    enqueue(4)
    run()
    process.resume()
    assert [state for state, _ in outcomes()] == [
        "SUCCEEDED",
        "SUCCEEDED",
        "SCHEDULED",
        "SCHEDULED",
    ]
    assert not Task.objects.filter(isolated=True).exists()


def test_a_batch_runs_in_nobodys_name_and_its_items_in_their_own() -> None:
    seen: list[int | None] = []

    def note() -> None:
        context = current_context.get()
        seen.append(context.task_id if context else None)

    def work(items: Items) -> list[None]:
        note()
        for item in items:
            with item.active():
                note()
        return [None] * len(items)

    register(work)
    ids = enqueue(2)
    run()
    assert seen == [None, *ids]


def test_the_run_time_of_a_type_is_that_of_one_task() -> None:
    def work(items: Items) -> Iterator[None]:
        for _ in items:
            time.sleep(0.01)
            yield None

    register(work)
    enqueue(20)
    run()
    process.current().measurements.share(now=clock.now())
    assert 0.009 < TaskTypeStatistics.objects.get(task_type="orders").mean_runtime < 0.05


def test_the_first_run_time_of_a_type_is_shared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_keeper, "CHECK_SECONDS", 3600.0)
    register(lambda items: [None] * len(items))
    measured = TaskTypeStatistics.objects.filter(task_type="orders")
    enqueue(1)
    run()
    wait_until(measured.exists, seconds=10)

    measurements = process.current().measurements
    enqueue(1)
    run()
    assert not measurements.has_first
    assert not measurements.is_empty


def test_a_transaction_that_the_handler_leaves_open_takes_no_outcome_with_it() -> None:
    def work(items: Items) -> list[None]:
        transaction.set_autocommit(False)
        return [None] * len(items)

    register(work)
    enqueue(2)
    run()
    connection.close()
    assert states() == {"SUCCEEDED": 2}


def test_a_batch_handler_takes_one_list_of_items() -> None:
    with pytest.raises(ValueError, match="a plain function of one parameter"):

        @tasks_core.task_type("bad", batch=True)
        def two(items: list[BatchItem[Order]], context: Any) -> None: ...

    with pytest.raises(ValueError, match="a plain function of one parameter"):

        @tasks_core.task_type("bad", batch=True)
        async def waits(items: list[BatchItem[Order]]) -> None: ...

    with pytest.raises(ValueError, match=r"annotate items as list\[BatchItem\[...\]\]"):

        @tasks_core.task_type("bad", batch=True)
        def single(items: Order) -> None: ...

    with pytest.raises(ValueError, match="max_runtime_hard needs a handler of one task"):

        @tasks_core.task_type("bad", batch=True, max_runtime_hard=9)
        def hard(items: list[BatchItem[Order]]) -> None: ...


def test_what_a_batch_hides_is_in_no_log_line_of_it() -> None:
    seen: list[str] = []

    def work(items: Items) -> Iterator[None]:
        logs.hide("s3cr3t-of-one")
        for _ in items:
            seen.append(logs.redacted_text("it is s3cr3t-of-one"))
            yield None

    register(work)
    enqueue(2)
    run()
    assert seen == ["it is ••••••"] * 2
    assert logs.redacted_text("it is s3cr3t-of-one") == "it is s3cr3t-of-one"
