"""What operators and callers do to tasks that exist."""

from collections.abc import Callable
from datetime import timedelta

import pytest

import tasks_core
from tasks_core import Fixed, PermanentError, Snooze, TaskContext, clock
from tasks_core.engine.states import FINAL, UNFINISHED, WAITING, State
from tasks_core.exceptions import (
    DeadLetterNotFound,
    InvalidPayload,
    InvalidTransition,
    ReplayRefused,
    TaskNotFound,
    UnknownTaskType,
)
from tasks_core.models import DeadLetter, Task, TaskEvent
from tasks_core.testing import run_due
from tasks_core.worker.executor import execute
from tests.support.life import bring_to, events_of, plain_type, queue, state_of
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@pytest.mark.parametrize("state", sorted(UNFINISHED), ids=str)
def test_unfinished_task_is_cancelled_with_its_reason(state: State) -> None:
    task_id = bring_to(state)

    assert tasks_core.cancel(task_id, reason="paid already") is True

    task = tasks_core.get(task_id)
    assert (task.state, task.error) == (State.CANCELLED, "paid already")
    assert task.finished_at
    assert TaskEvent.objects.get(task_id=task_id, kind="cancelled").data == {
        "reason": "paid already"
    }


@pytest.mark.parametrize("state", sorted(FINAL), ids=str)
def test_finished_task_is_not_cancelled(state: State) -> None:
    task_id = bring_to(state)
    before = events_of(task_id)

    assert tasks_core.cancel(task_id, reason="too late") is False
    assert (state_of(task_id), events_of(task_id)) == (state, before)


def test_many_are_cancelled_and_those_that_were_are_returned() -> None:
    open_one, done = bring_to(State.SCHEDULED), bring_to(State.SUCCEEDED)

    assert tasks_core.cancel_many([open_one, done, 10**9], reason="x") == [open_one]


def test_unknown_task_cannot_be_cancelled_or_read() -> None:
    for act in (lambda: tasks_core.cancel(10**9, reason="x"), lambda: tasks_core.get(10**9)):
        with pytest.raises(TaskNotFound, match="there is no task 1000000000"):
            act()


@pytest.mark.parametrize("state", sorted(WAITING), ids=str)
def test_waiting_task_is_brought_forward(state: State) -> None:
    task_id = bring_to(state, run_after=None)
    Task.objects.filter(pk=task_id).update(run_after=clock.now() + timedelta(days=1))

    tasks_core.run_now(task_id)

    assert task_id in queue()
    assert "rescheduled" in events_of(task_id)


@pytest.mark.parametrize("state", sorted(set(State) - WAITING), ids=str)
def test_task_that_does_not_wait_cannot_be_brought_forward(state: State) -> None:
    task_id = bring_to(state)
    before = events_of(task_id)

    with pytest.raises(InvalidTransition, match=f"task {task_id} is {state}; only a task that is"):
        tasks_core.run_now(task_id)
    assert events_of(task_id) == before


@pytest.mark.parametrize("state", sorted(FINAL), ids=str)
def test_finished_task_is_enqueued_again_as_a_new_one(state: State) -> None:
    task_id = bring_to(
        state,
        idempotency_key="k",
        tags=["a"],
        correlation_id="c",
        priority=tasks_core.HIGH,
        queue_name="mail",
    )

    again = tasks_core.enqueue_again(task_id)

    assert again.pk != task_id
    assert again.replay_of_id == task_id
    assert (again.state, again.idempotency_key) == (State.SCHEDULED, None)
    assert (again.tags, again.correlation_id) == (["a"], "c")
    assert (again.priority, again.queue_name) == (tasks_core.HIGH, "mail")
    assert state_of(task_id) is state


@pytest.mark.parametrize("state", sorted(UNFINISHED), ids=str)
def test_unfinished_task_is_not_enqueued_again(state: State) -> None:
    task_id = bring_to(state)

    with pytest.raises(InvalidTransition, match=f"is {state}; only a finished task"):
        tasks_core.enqueue_again(task_id)
    assert Task.objects.count() == 1


def _dead_letter() -> DeadLetter:
    return DeadLetter.objects.get(task_id=bring_to(State.DEAD))


def test_dead_letter_is_replayed_and_linked_both_ways() -> None:
    letter = _dead_letter()

    task = tasks_core.replay(letter.pk, note="the address is right now")

    letter.refresh_from_db()
    assert (letter.resolution, letter.note) == ("replayed", "the address is right now")
    assert letter.resolved_at
    assert letter.replayed_as_id == task.pk
    assert task.replay_of_id == letter.task_id
    event = TaskEvent.objects.get(task_id=letter.task_id, kind="replayed")
    assert event.data == {
        "replayed_as": task.pk,
        "edited": False,
        "note": "the address is right now",
    }


def test_replayed_task_runs_with_an_edited_payload_and_a_fresh_policy() -> None:
    @tasks_core.task_type("send", retry=Fixed(max_attempts=1))
    def send(payload: dict[str, str]) -> str:
        if payload["to"] == "nobody":
            raise PermanentError("no such address")
        return payload["to"]

    tasks_core.enqueue("send", {"to": "nobody"})
    run_due()
    task = tasks_core.replay(DeadLetter.objects.get().pk, payload={"to": "ada"})
    run_due()

    task.refresh_from_db()
    assert (task.state, task.result, task.attempts) == (State.SUCCEEDED, "ada", 1)


@pytest.mark.parametrize("key", [None, "charge-17"])
def test_replay_hands_the_handler_the_key_it_had_unless_the_payload_is_another(
    key: str | None,
) -> None:
    keys: list[str] = []

    @tasks_core.task_type("charge", retry=Fixed(max_attempts=1))
    def charge(payload: dict[str, int], context: tasks_core.TaskContext) -> None:
        keys.append(context.idempotency_key)
        raise TimeoutError("the gateway did not answer: the charge may have been taken")

    def replay(payload: dict[str, int] | None = None) -> int:
        letter = DeadLetter.objects.get(resolution="")
        task_id = tasks_core.replay(letter.pk, payload=payload).pk
        run_due()
        return task_id

    first = tasks_core.enqueue("charge", {"cents": 1}, idempotency_key=key)
    run_due()
    replay()
    replay({"cents": 1})
    edited = replay({"cents": 2})
    replay()

    assert keys[:3] == [key or f"task-{first.pk}"] * 3
    assert keys[3:] == [f"task-{edited}"] * 2
    if key:
        assert tasks_core.enqueue("charge", {"cents": 1}, idempotency_key=key).pk == first.pk


def test_dead_letter_is_replayed_once_however_many_try() -> None:
    letter = _dead_letter()

    def replay(_: int) -> str:
        try:
            return f"task {tasks_core.replay(letter.pk).pk}"
        except InvalidTransition as error:
            return str(error)

    answers = at_once(8, replay)

    assert Task.objects.filter(replay_of_id=letter.task_id).count() == 1
    assert len([answer for answer in answers if "has been replayed already" in answer]) == 7


def test_replay_with_a_payload_that_does_not_fit_leaves_the_dead_letter_open() -> None:
    letter = _dead_letter()

    with pytest.raises(InvalidPayload):
        tasks_core.replay(letter.pk, payload="no object")

    letter.refresh_from_db()
    assert letter.resolution == ""
    assert Task.objects.count() == 1


def test_replay_of_a_type_that_is_gone_says_so() -> None:
    letter = _dead_letter()
    Task.objects.filter(pk=letter.task_id).update(task_type="gone")

    with pytest.raises(UnknownTaskType, match="no task type 'gone'"):
        tasks_core.replay(letter.pk)
    letter.refresh_from_db()
    assert letter.resolution == ""


def test_dead_letter_is_discarded_with_a_note_and_only_once() -> None:
    letter = _dead_letter()

    tasks_core.discard(letter.pk, note="a test order")

    letter.refresh_from_db()
    assert (letter.resolution, letter.note) == ("discarded", "a test order")
    assert events_of(letter.task_id)[-1] == "discarded"
    with pytest.raises(InvalidTransition, match="has been discarded already"):
        tasks_core.replay(letter.pk)
    with pytest.raises(InvalidTransition, match="has been discarded already"):
        tasks_core.discard(letter.pk, note="again")


def test_unknown_dead_letter_is_no_error_of_the_database() -> None:
    with pytest.raises(DeadLetterNotFound, match="there is no dead letter 12345"):
        tasks_core.replay(12345)
    with pytest.raises(DeadLetterNotFound):
        tasks_core.discard(12345, note="")


def test_tasks_that_sleep_are_woken_and_others_left_alone(heard: Callable[[], int]) -> None:
    plain_type()
    later = clock.now() + timedelta(hours=1)
    asleep = [tasks_core.enqueue("plain", {}, run_after=later).pk for _ in range(2)]
    due = tasks_core.enqueue("plain", {}).pk
    heard()
    now = clock.now()
    assert tasks_core.wake([*asleep, due, 404]) == 2
    assert heard() == 1
    assert all(task.run_after < now + timedelta(minutes=1) for task in Task.objects.all())
    assert tasks_core.wake(asleep) == 0
    assert events_of(asleep[0]) == ["scheduled", "rescheduled"]


def test_a_task_that_is_woken_while_it_falls_asleep_does_not_sleep() -> None:
    @tasks_core.task_type("sleepy")
    def sleepy(payload: dict[str, object], context: TaskContext) -> None:
        tasks_core.wake([context.task_id])
        raise Snooze(3_600)

    task_id = tasks_core.enqueue("sleepy", {}).pk
    execute("sleepy", queue(), worker="w1")
    task = Task.objects.get(pk=task_id)
    assert task.state == "SCHEDULED"
    assert task.run_after <= clock.now()


def test_an_earlier_wake_up_call_does_not_shorten_a_later_snooze() -> None:
    calls: list[int] = []

    @tasks_core.task_type("sleepy")
    def sleepy(payload: dict[str, object], context: TaskContext) -> None:
        calls.append(context.attempt)
        if len(calls) == 1:
            tasks_core.wake([context.task_id])
        raise Snooze(3_600)

    task_id = tasks_core.enqueue("sleepy", {}).pk
    execute("sleepy", queue(), worker="w1")
    execute("sleepy", queue(), worker="w1")
    assert len(calls) == 2
    assert (Task.objects.get(pk=task_id).run_after - clock.now()).total_seconds() > 3_000


def test_a_type_may_refuse_a_replay_and_is_asked_with_the_payload() -> None:
    def refuses(payload: dict[str, str]) -> str:
        return f"there is no {payload['to']}; ask sales" if payload["to"] == "nobody" else ""

    @tasks_core.task_type("send", retry=Fixed(max_attempts=1), refuses_replay=refuses)
    def send(payload: dict[str, str]) -> None:
        raise PermanentError("no such address")

    tasks_core.enqueue("send", {"to": "nobody"})
    run_due()
    letter = DeadLetter.objects.get()

    with pytest.raises(ReplayRefused, match="there is no nobody; ask sales"):
        tasks_core.replay(letter.pk)
    with pytest.raises(ReplayRefused, match="there is no nobody; ask sales"):
        tasks_core.enqueue_again(letter.task_id)
    letter.refresh_from_db()
    assert (letter.resolution, Task.objects.count()) == ("", 1)

    task = tasks_core.replay(letter.pk, payload={"to": "ada"})
    assert task.payload == {"to": "ada"}
