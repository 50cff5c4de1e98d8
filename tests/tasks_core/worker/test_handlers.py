"""What a handler may do, and what becomes of its task."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

import tasks_core
from tasks_core import Fixed, PermanentError, RetryAfter, Snooze, TaskContext, clock
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine.states import WAITING, State
from tasks_core.events.rebuilding import rebuild
from tasks_core.models import DeadLetter, RetryPolicy, Task, TaskEvent
from tasks_core.sql.claim import claim
from tasks_core.sql.end import cancel
from tasks_core.testing import run_due
from tasks_core.worker import process
from tasks_core.worker.executor import execute
from tests.support.life import LEASE, events_of, queue, state_of, states
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


@dataclass(frozen=True)
class Order:
    number: int


class BrokenText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("even this fails")


def _handler(work: Callable[[TaskContext], Any], **options: Any) -> None:
    @tasks_core.task_type("work", **options)
    def handler(payload: dict[str, Any], context: TaskContext) -> Any:
        return work(context)


def _raising(error: BaseException) -> Callable[[TaskContext], Any]:
    def work(_: TaskContext) -> Any:
        raise error

    return work


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def _run(count: int = 1, **options: Any) -> list[Task]:
    ids = [tasks_core.enqueue("work", {}, **options).pk for _ in range(count)]
    execute("work", queue(), worker="w1")
    return list(Task.objects.filter(pk__in=ids).order_by("pk"))


def test_result_is_stored() -> None:
    _handler(lambda _: {"sent": [1, 2], "to": "ü"})

    (task,) = _run()

    assert (task.state, task.result) == (State.SUCCEEDED, {"sent": [1, 2], "to": "ü"})
    assert task.finished_at
    assert task.lease_until is None
    assert events_of(task.pk) == ["scheduled", "queued", "started", "completed"]


def test_payload_is_given_as_its_schema() -> None:
    given: list[Order] = []

    @tasks_core.task_type("typed")
    def typed(payload: Order) -> None:
        given.append(payload)

    tasks_core.enqueue("typed", {"number": "7"})
    run_due()

    assert given == [Order(7)]


def test_context_tells_the_facts_of_the_attempt() -> None:
    seen: list[TaskContext] = []

    def work(context: TaskContext) -> None:
        seen.append(context)
        assert 59 < (context.remaining() or 0) <= 60
        if not context.is_last_attempt:
            raise RuntimeError("again")

    _handler(work, max_runtime=60, retry=Fixed(initial=0, max_attempts=2))
    expires_at = clock.now() + timedelta(hours=1)
    task = tasks_core.enqueue("work", {}, correlation_id="order-7", expires_at=expires_at)

    run_due()

    first, second = seen
    assert [c.attempt for c in seen] == [c.attempts_used for c in seen] == [1, 2]
    assert first.task_id == second.task_id == task.pk
    assert (first.task_type, first.max_attempts) == ("work", 2)
    assert (first.correlation_id, first.expires_at) == ("order-7", expires_at)
    assert first.run_after == task.run_after
    assert not first.cancelled


def test_tasks_that_a_handler_makes_inherit_its_correlation_id() -> None:
    @tasks_core.task_type("child")
    def child(payload: dict[str, Any]) -> None: ...

    _handler(lambda _: tasks_core.enqueue("child", {}).pk)
    _run(correlation_id="order-7")

    assert Task.objects.get(task_type="child").correlation_id == "order-7"
    assert tasks_core.enqueue("child", {}).correlation_id == ""


def test_failure_is_retried_by_the_policy_and_ends_in_a_dead_letter() -> None:
    _handler(_raising(ValueError("broken")), retry=Fixed(initial=30, max_attempts=2))

    (task,) = _run()
    assert task.state == State.RETRYING
    assert task.error == "ValueError: broken"
    assert task.last_attempted_at
    assert task.run_after - task.last_attempted_at >= timedelta(seconds=30)

    with clock.frozen(task.run_after):
        run_due()
    task.refresh_from_db()
    assert (task.state, task.attempts) == (State.DEAD, 2)
    assert events_of(task.pk)[-4:] == ["queued", "started", "failed", "dead_lettered"]
    assert DeadLetter.objects.get(task=task).reason == "all 2 attempts are used up"


def test_permanent_error_is_not_retried() -> None:
    _handler(_raising(PermanentError("no such address")), retry=Fixed(max_attempts=9))

    (task,) = _run()

    assert (task.state, task.attempts) == (State.DEAD, 1)
    assert task.error == "PermanentError: no such address"


def test_type_may_name_errors_that_are_never_retried() -> None:
    _handler(_raising(KeyError("x")), final_errors=(LookupError,))

    assert _run()[0].state == State.DEAD


def test_retry_after_puts_the_next_attempt_off() -> None:
    _handler(_raising(RetryAfter(500, "busy")), retry=Fixed(initial=1, max_attempts=2))

    (task,) = _run()

    assert task.last_attempted_at
    assert task.run_after - task.last_attempted_at >= timedelta(seconds=500)
    assert (task.state, task.attempts_used) == (State.RETRYING, 1)


@pytest.mark.parametrize("error", [RetryAfter(1e18), Snooze(1e18)], ids=["retry", "snooze"])
def test_wait_beyond_the_calendar_is_cut(error: Exception) -> None:
    _handler(_raising(error))

    (task,) = _run()

    assert task.run_after < clock.now() + timedelta(days=367)


def test_snooze_uses_no_attempt_however_often() -> None:
    _handler(_raising(Snooze(0, "not yet")), retry=Fixed(max_attempts=1))
    task = tasks_core.enqueue("work", {})

    for _ in range(4):
        execute("work", queue(), worker="w1")

    task.refresh_from_db()
    assert (task.state, task.attempts, task.attempts_used) == (State.SCHEDULED, 4, 0)
    assert events_of(task.pk).count("snoozed") == 4


@pytest.mark.parametrize(
    "error",
    [
        BrokenText(),
        SystemExit(1),
        KeyboardInterrupt(),
        GeneratorExit(),
        asyncio.CancelledError(),
        BaseException("base"),
        RecursionError("deep"),
        MemoryError(),
        ExceptionGroup("several", [ValueError("a"), KeyError("b")]),
        ValueError("nul \x00 and half a \ud800 pair"),
        ValueError("x" * 100_000),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_handler_raises_is_a_failure_and_the_next_task_runs(
    error: BaseException,
) -> None:
    calls: list[int] = []

    def work(context: TaskContext) -> None:
        calls.append(context.task_id)
        if len(calls) == 1:
            raise error

    _handler(work, retry=Fixed(initial=60))

    first, second = _run(2)

    assert (first.state, second.state) == (State.RETRYING, State.SUCCEEDED)
    assert type(error).__name__ in first.error
    assert len(process.current().inflight) == 0


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (object(), "not JSON"),
        ({1, 2}, "not JSON"),
        (float("nan"), "not JSON"),
        ("x\x00", "NUL"),
        ("\ud800", "surrogate"),
        ("x" * 70_000, "more than the 65,536 allowed"),
        ("ü" * 40_000, "more than the 65,536 allowed"),
        (_nested(101), "nested deeper than 100 levels"),
        (_nested(500), "nested deeper than 100 levels"),
        (_nested(100_000), "maximum recursion depth"),
    ],
    ids=[
        *("object", "set", "nan", "nul", "surrogate", "long", "long in bytes"),
        *("deep", "deeper", "too deep to be written"),
    ],
)
def test_result_that_cannot_be_stored_is_a_dead_letter_that_says_why(
    result: Any, reason: str
) -> None:
    calls: list[int] = []

    def work(context: TaskContext) -> Any:
        calls.append(context.task_id)
        return result if len(calls) == 1 else "fine"

    _handler(work)

    first, second = _run(2)

    assert (first.state, first.result) == (State.DEAD, None)
    assert reason in first.error
    assert (second.state, second.result) == (State.SUCCEEDED, "fine")


@pytest.mark.parametrize(("attempts", "tries"), [(1, 3), (2, 4), (9, 5)])
def test_payload_that_no_longer_fits_gets_a_few_tries_and_then_a_dead_letter(
    attempts: int, tries: int
) -> None:
    @tasks_core.task_type("typed", retry=Fixed(initial=1, max_attempts=attempts))
    def typed(payload: Order) -> None: ...

    task = tasks_core.enqueue("typed", {"number": 7})
    Task.objects.filter(pk=task.pk).update(payload={"amount": 7})

    began = now = clock.now()
    while state_of(task.pk) in WAITING:
        now += timedelta(seconds=61)
        with clock.frozen(now):
            assert run_due() == 1

    task.refresh_from_db()
    assert (task.state, task.attempts) == (State.DEAD, tries)
    assert now - began >= timedelta(minutes=tries)
    assert "payload.number: " in task.error
    assert not [found for chunk in rebuild() for found in chunk.differences]


def test_payload_that_only_the_old_workers_cannot_read_waits_for_the_new_ones() -> None:
    given: list[Order] = []

    @tasks_core.task_type("typed", retry=Fixed(initial=1, max_attempts=1))
    def typed(payload: Order) -> None:
        given.append(payload)

    task = tasks_core.enqueue("typed", {"number": 7})
    Task.objects.filter(pk=task.pk).update(payload={"amount": 7})
    run_due()
    released = TaskEvent.objects.get(task=task, kind="released")
    assert "a worker cannot read its payload: payload.number: " in str(released.data)
    Task.objects.filter(pk=task.pk).update(payload={"number": 7})
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        run_due()

    task.refresh_from_db()
    assert (task.state, task.attempts_used, given) == (State.SUCCEEDED, 1, [Order(7)])


def test_invalid_payload_that_a_handler_enqueues_is_an_error_of_its_own() -> None:
    @tasks_core.task_type("typed")
    def typed(payload: Order) -> None: ...

    _handler(lambda _: tasks_core.enqueue("typed", {}))

    assert _run()[0].state == State.DEAD


def test_handler_that_runs_too_long_is_interrupted() -> None:
    def work(_: TaskContext) -> None:
        time.sleep(20)

    _handler(work, max_runtime=0.1, retry=Fixed(initial=60))
    started = time.monotonic()

    (task,) = _run()

    assert time.monotonic() - started < 10
    assert task.state == State.RETRYING
    assert "longer than max_runtime (0.1 s)" in task.error


@pytest.mark.parametrize(
    "leave_open",
    [
        lambda: transaction.atomic().__enter__(),
        lambda: transaction.set_autocommit(False),
        lambda: connection.cursor().execute("BEGIN"),
        lambda: connection.cursor().execute("BEGIN; SELECT 1/0"),
    ],
    ids=["atomic", "autocommit", "raw", "failed"],
)
def test_transaction_that_a_handler_leaves_open_takes_nothing_with_it(
    leave_open: Callable[[], Any],
) -> None:
    calls: list[int] = []

    def work(context: TaskContext) -> None:
        calls.append(context.task_id)
        if len(calls) == 1:
            leave_open()
            RetryPolicy.objects.create(name="left open")

    _handler(work, retry=Fixed(initial=60))

    _run(3)
    again = _run()

    assert Task.objects.filter(state=State.SUCCEEDED).count() >= 3
    assert not Task.objects.filter(state=State.RUNNING).exists()
    assert again[0].state == State.SUCCEEDED
    assert not RetryPolicy.objects.exists()
    assert not connection.in_atomic_block


def test_handler_may_close_the_connection() -> None:
    _handler(lambda _: connection.close())

    assert {task.state for task in _run(3)} == {State.SUCCEEDED}


def test_handler_whose_transaction_fails_leaves_the_others_alone() -> None:
    def work(_: TaskContext) -> None:
        with transaction.atomic():
            RetryPolicy.objects.create(name="same")

    _handler(work, retry=Fixed(initial=60))

    assert sorted(task.state for task in _run(3)) == [
        State.RETRYING,
        State.RETRYING,
        State.SUCCEEDED,
    ]


def test_cancelled_task_that_has_not_begun_is_skipped_and_forgotten() -> None:
    calls: list[int] = []

    def work(context: TaskContext) -> None:
        calls.append(context.task_id)
        if len(calls) == 1:
            others = set(Task.objects.values_list("pk", flat=True)) - {context.task_id}
            cancel(list(others), reason="test", now=clock.now())
            entries = process.current().inflight.all()
            waiting = [entry for entry in entries if entry.task.id != context.task_id]
            wait_until(lambda: all(entry.is_lost for entry in waiting))

    _handler(work)

    tasks = _run(3)

    assert [task.state for task in tasks] == ["SUCCEEDED", "CANCELLED", "CANCELLED"]
    assert calls == [tasks[0].pk]
    assert len(process.current().inflight) == 0


def test_worker_that_was_frozen_past_its_lease_begins_nothing_that_others_took_over() -> None:
    calls: list[int] = []
    frozen_for = timedelta(0)

    def work(context: TaskContext) -> None:
        nonlocal frozen_for
        calls.append(context.task_id)
        frozen_for = timedelta(minutes=5)
        assert recover_attempts() == 3
        others = claim(
            queue(), task_type="work", worker="w2", lease_until=clock.now() + LEASE, now=clock.now()
        )
        assert len(others) == 3

    _handler(work)
    with clock.frozen(lambda: datetime.now(UTC) + frozen_for):
        tasks = _run(3)

    assert calls == [tasks[0].pk]
    assert {(task.state, task.worker, task.attempts) for task in tasks} == {("RUNNING", "w2", 2)}
    assert len(process.current().inflight) == 0


def test_running_handler_learns_that_it_was_cancelled_and_its_result_is_dropped() -> None:
    def work(context: TaskContext) -> str:
        tasks_core.cancel(context.task_id, reason="changed my mind")
        wait_until(lambda: context.cancelled)
        return "too late"

    _handler(work)

    (task,) = _run()

    assert (task.state, task.result, task.error) == (State.CANCELLED, None, "changed my mind")
    assert events_of(task.pk)[-1] == "cancelled"


def test_rule_that_can_no_longer_be_read_does_not_stop_the_batch() -> None:
    _handler(lambda _: None)
    ids = [tasks_core.enqueue("work", {}).pk for _ in range(3)]
    Task.objects.filter(pk=ids[0]).update(retry={"strategy": "from the next release"})

    execute("work", queue(), worker="w1")

    assert states() == {State.SUCCEEDED: 3}


def test_policy_change_applies_to_the_next_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_core.retry_policies.CACHE_SECONDS", 0.0)
    policy = RetryPolicy.objects.create(
        name="p", strategy="fixed", initial=10, max_attempts=9, jitter="none"
    )
    _handler(_raising(ValueError("broken")))
    (task,) = _run(retry="p")
    RetryPolicy.objects.filter(pk=policy.pk).update(initial=99, max_attempts=2)

    with clock.frozen(task.run_after):
        run_due()

    task.refresh_from_db()
    assert task.state == State.DEAD


def test_rule_of_the_task_goes_before_that_of_its_type() -> None:
    _handler(_raising(ValueError("broken")), retry=Fixed(max_attempts=9))

    assert _run(retry=Fixed(max_attempts=1))[0].state == State.DEAD


def test_events_of_a_batch_come_in_order_for_each_task() -> None:
    _handler(_raising(ValueError("broken")), retry=Fixed(initial=60))

    for task in _run(5):
        rows = TaskEvent.objects.filter(task=task).order_by("id")
        assert [row.kind for row in rows] == [
            "scheduled", "queued", "started", "failed", "retrying",
        ]  # fmt: skip
        assert [row.at for row in rows] == sorted(row.at for row in rows)
