"""A message whose execution ends in the middle, wherever that is: no task of it is held for ever."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import pytest

import tasks_core
from tasks_core import BatchItem, Fixed, TaskContext, clock
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine.states import State
from tasks_core.events.rebuilding import rebuild
from tasks_core.models import Task, TaskEvent
from tasks_core.sql.claim import claim
from tasks_core.worker import backlog
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.support.life import LEASE, events_of, queue, state_of, states
from tests.support.threads import in_own_connection
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

PLACES = [
    (event, place)
    for event in ("call", "return")
    for place in (
        *(
            "executor._claim",
            "inflight.add",
            "executor._begin",
            "backlog.next",
            "executor._may_begin",
        ),
        *(
            "executor._rule",
            "worker/attempt._attempt",
            "surroundings.put_back",
            "executor._hand_over",
        ),
        *(
            "inflight.decide",
            "inflight.discard",
            "outcome_buffer.add",
            "outcome_buffer.flush",
            "outcome_buffer._taken",
        ),
        *("executor._hold", "worker/claim._claim", "sql/claim.claim", "sql/claim._claimed"),
        *(
            "vain_messages.note_begun",
            "outcome_buffer._write",
            "outcome_buffer._forget",
            "outcomes/record.record",
            "finish.finish",
        ),
    )
]


ONCE = (
    "outcome_buffer",
    "outcomes/record",
    "finish",
    "worker/claim",
    "sql/claim",
    "vain_messages",
    "_hold",
)
"""Where one message comes only once."""


class SoftLimit(Exception):
    """What Celery raises in the main thread, wherever that is."""


class Cut:
    """Raises in this thread at a place of the platform, at the second time that it comes there."""

    def __init__(self, event: str, place: str) -> None:
        self._event = event
        self._module, self._name = place.split(".")
        self._left = 1 if self._module in ONCE or self._name in ONCE else 2

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != self._event or frame.f_code.co_name != self._name:
            return
        if not frame.f_code.co_filename.endswith(f"/{self._module}.py"):
            return
        self._left -= 1
        if not self._left:
            sys.setprofile(None)
            raise SoftLimit(f"{self._event} of {self._name}")


@pytest.fixture(params=PLACES, ids="-".join)
def cut(request: pytest.FixtureRequest) -> Iterator[Cut]:
    yield Cut(*request.param)
    sys.setprofile(None)


def _run(ids: list[int], cut: Cut) -> None:
    sys.setprofile(cut)
    try:
        execute("work", ids, worker="w")
    except SoftLimit:
        pass
    finally:
        sys.setprofile(None)


def _judge(ids: list[int], begun: list[int]) -> None:
    """At most one attempt is charged or left to recovery; nothing is held any more."""
    process = worker_process.current()
    wait_until(lambda: process.outcomes.flush() and not len(process.inflight), what="none is held")
    rows = Task.objects.filter(pk__in=ids)
    hurt = {row.pk for row in rows if row.state in (State.RETRYING, State.RUNNING)}
    assert len(hurt) <= 1
    assert all(task_id in begun or state_of(task_id) is State.RUNNING for task_id in hurt)
    for row in rows:
        if row.pk not in hurt:
            assert row.state == State.SUCCEEDED or row.attempts_used == 0
    assert not [found for chunk in rebuild() for found in chunk.differences]


def test_whatever_is_raised_where_no_task_is_held(cut: Cut) -> None:
    begun: list[int] = []

    @tasks_core.task_type("work", retry=Fixed(initial=60))
    def work(payload: dict[str, Any], context: TaskContext) -> None:
        begun.append(context.task_id)

    ids = tasks_core.enqueue_many("work", [{}] * 5)
    queue()
    _run(ids, cut)
    _judge(ids, begun)


def test_a_batch_handler_that_is_cut_short_charges_nobody_but_one_that_was_alone() -> None:
    @tasks_core.task_type("work", retry=Fixed(initial=60), batch=True)
    def work(items: list[BatchItem[dict[str, Any]]]) -> Iterator[None]:
        for _ in items:
            yield None

    for count, state in ((4, State.SCHEDULED), (1, State.RETRYING)):
        ids = tasks_core.enqueue_many("work", [{}] * count)
        queue()
        cut = Cut("call", "surroundings.put_back")
        cut._left = 1
        _run(ids, cut)
        wait_until(lambda: not len(worker_process.current().inflight))
        assert {state_of(task_id) for task_id in ids} == {state}
    assert not [found for chunk in rebuild() for found in chunk.differences]


def test_a_process_that_cannot_start_a_thread_claims_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    @tasks_core.task_type("work")
    async def work(payload: dict[str, Any]) -> None: ...

    ids = tasks_core.enqueue_many("work", [{}] * 2)
    queue()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            execute("work", ids, worker="w")
    assert states() == {State.QUEUED: 2}
    assert execute("work", ids, worker="w") == 2
    wait_until(lambda: states() == {State.SUCCEEDED: 2})


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "PATIENCE_SECONDS", 0.2)


def _others_wait(context: TaskContext) -> bool:
    others = Task.objects.exclude(pk=context.task_id).values_list("state", flat=True)
    return set(others) <= {State.SCHEDULED}


@pytest.mark.usefixtures("short_patience")
def test_one_slow_task_does_not_hold_the_others_of_its_message() -> None:
    begun: list[int] = []

    @tasks_core.task_type("work")
    def work(payload: dict[str, Any], context: TaskContext) -> None:
        begun.append(context.task_id)
        if payload.get("slow"):
            wait_until(lambda: _others_wait(context), what="the others are given back")

    ids = tasks_core.enqueue_many("work", [{"slow": True}, {}, {}, {}])
    queue()
    assert execute("work", ids, worker="w") == 4
    assert begun == ids[:1]
    assert states() == {State.SUCCEEDED: 1, State.SCHEDULED: 3}
    assert {row.attempts_used for row in Task.objects.filter(pk__in=ids[1:])} == {0}
    released = TaskEvent.objects.get(task_id=ids[1], kind="released")
    assert released.data == {
        "reason": "those before it in its message take long",
        "returned": True,
    }
    execute("work", queue(), worker="w")
    assert states() == {State.SUCCEEDED: 4}


@pytest.mark.usefixtures("short_patience")
def test_what_waits_for_a_place_on_the_loop_is_given_back() -> None:
    may_end = threading.Event()

    @tasks_core.task_type("work", max_concurrency=1)
    async def work(payload: dict[str, Any], context: TaskContext) -> None:
        while payload.get("slow") and not may_end.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    ids = tasks_core.enqueue_many("work", [{"slow": True}, {}, {}, {}])
    queue()
    assert execute("work", ids, worker="w") == 4
    wait_until(lambda: states() == {State.RUNNING: 1, State.SCHEDULED: 3})
    may_end.set()
    wait_until(lambda: state_of(ids[0]) is State.SUCCEEDED)


def test_a_message_without_a_place_on_the_loop_lets_the_next_one_in() -> None:
    may_end = threading.Event()

    @tasks_core.task_type("work", max_concurrency=1)
    async def work(payload: dict[str, Any]) -> None:
        while not may_end.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    first, second = tasks_core.enqueue_many("work", [{}, {}])
    queue()
    assert execute("work", [first], worker="w") == 1
    execution = threading.Thread(
        target=in_own_connection, args=[lambda: execute("work", [second], worker="w")]
    )
    execution.start()
    execution.join(10)
    is_held_up = execution.is_alive()
    may_end.set()
    execution.join(10)
    assert not is_held_up
    assert (state_of(second), events_of(second)[-1]) == (State.SCHEDULED, "released")
    assert Task.objects.get(pk=second).attempts == 0


def _expiring(register: Callable[[list[int]], None]) -> list[int]:
    begun: list[int] = []
    register(begun)
    soon = clock.now() + timedelta(seconds=60)
    ids = [
        tasks_core.enqueue("work", {"n": n}, expires_at=soon if n else None).pk for n in range(3)
    ]
    queue()

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=61 if begun else 0)

    with clock.frozen(now):
        execute("work", ids, worker="w")
    process = worker_process.current()
    wait_until(lambda: process.outcomes.flush() and not len(process.inflight))
    assert begun == ids[:1]
    return ids


def test_no_handler_begins_after_its_time_although_it_was_claimed_in_time() -> None:
    def register(begun: list[int]) -> None:
        @tasks_core.task_type("work")
        def work(payload: dict[str, Any], context: TaskContext) -> None:
            begun.append(context.task_id)

    ids = _expiring(register)
    assert [state_of(i) for i in ids] == [State.SUCCEEDED, State.EXPIRED, State.EXPIRED]
    assert events_of(ids[1]) == ["scheduled", "queued", "started", "expired"]
    assert Task.objects.get(pk=ids[1]).error == "expired before the attempt began"
    assert not [found for chunk in rebuild() for found in chunk.differences]


def test_no_handler_begins_on_the_loop_after_its_time() -> None:
    def register(begun: list[int]) -> None:
        @tasks_core.task_type("work", max_concurrency=1)
        async def work(payload: dict[str, Any], context: TaskContext) -> None:
            begun.append(context.task_id)

    ids = _expiring(register)
    assert [state_of(i) for i in ids] == [State.SUCCEEDED, State.EXPIRED, State.EXPIRED]


def test_a_lease_that_could_not_be_renewed_is_over_for_its_process() -> None:
    frozen_for = timedelta(0)
    leases: list[bool] = []

    @tasks_core.task_type("work", retry=Fixed(initial=0))
    def work(payload: dict[str, Any], context: TaskContext) -> None:
        nonlocal frozen_for
        mine = worker_process.current().inflight.all()
        frozen_for = timedelta(minutes=5)
        assert recover_attempts() == 2
        now = clock.now()
        claim(queue(), task_type="work", worker="w2", lease_until=now + LEASE, now=now)
        wait_until(lambda: all(entry.is_lost for entry in mine), what="the keeper has looked")
        leases.extend(entry.lease_until <= clock.now() for entry in mine)

    ids = tasks_core.enqueue_many("work", [{}] * 2)
    queue()
    with clock.frozen(lambda: datetime.now(UTC) + frozen_for):
        execute("work", ids, worker="w1")
    assert leases == [True, True]


class Undescribable(type):
    def __instancecheck__(cls, instance: object) -> bool:
        raise MemoryError


class Final(Exception, metaclass=Undescribable):
    """Whoever asks what is one gets no answer."""


@pytest.mark.parametrize("is_async", [False, True])
def test_an_attempt_whose_end_cannot_be_described_is_left_to_recovery(is_async: bool) -> None:
    def plain(payload: dict[str, Any]) -> None:
        raise ValueError

    async def loop(payload: dict[str, Any]) -> None:
        raise ValueError

    options: dict[str, Any] = {"final_errors": (Final,), "retry": Fixed(max_attempts=1)}
    tasks_core.task_type("bad", **options)(loop if is_async else plain)
    ids = tasks_core.enqueue_many("bad", [{}] * 3)
    with contextlib.suppress(MemoryError):
        execute("bad", queue(), worker="w1")
    inflight = worker_process.current().inflight
    wait_until(lambda: not len(inflight), what="nothing is held")
    assert set(states()) <= {State.RUNNING, State.SCHEDULED}
    with clock.frozen(clock.now() + LEASE + timedelta(seconds=1)):
        recover_attempts()
    assert State.RUNNING not in states()
    assert len(ids) == sum(states().values())
