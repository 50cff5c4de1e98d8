"""Unique tasks: what makes a duplicate, how long, and what the second caller gets."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

import tasks_core
from tasks_core import clock
from tasks_core.client.unique import Unique
from tasks_core.engine.states import State
from tasks_core.exceptions import DuplicateTask, InvalidOption
from tasks_core.models import Task
from tests.support.life import bring_to, events_of, plain_type, queue, running, state_of, take
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = Unique(key="k")


@pytest.fixture(autouse=True)
def known_types() -> None:
    plain_type()
    plain_type("other")


def _enqueue(payload: dict[str, Any] | None = None, **options: Any) -> int:
    return tasks_core.enqueue("plain", payload or {}, **options).pk


def test_same_payload_is_a_duplicate_whatever_the_order_of_its_fields() -> None:
    first = _enqueue({"a": 1, "b": 2}, unique=Unique())

    assert _enqueue({"b": 2, "a": 1}, unique=Unique()) == first
    assert _enqueue({"a": 1, "b": 3}, unique=Unique()) != first


def test_some_fields_may_make_the_key() -> None:
    rule = Unique(fields=["order"])
    first = _enqueue({"order": 7, "note": "x"}, unique=rule)

    assert _enqueue({"order": 7, "note": "y"}, unique=rule) == first
    assert _enqueue({"order": 8, "note": "x"}, unique=rule) != first


def test_key_counts_within_its_type() -> None:
    first = _enqueue(unique=KEY)

    assert tasks_core.enqueue("other", {}, unique=KEY).pk != first


@pytest.mark.parametrize(
    ("until", "frees"),
    [
        ("started", {State.RUNNING, State.RETRYING, State.SUCCEEDED, State.DEAD}),
        ("finished", {State.SUCCEEDED, State.DEAD}),
        ("forever", set()),
    ],
)
@pytest.mark.parametrize("state", sorted(State), ids=str)
def test_key_is_free_again_when_the_rule_says(until: Any, frees: set[State], state: State) -> None:
    rule = Unique(key="k", until=until)
    first = bring_to(state, unique=rule)
    if until != "forever":
        frees = frees | {State.CANCELLED, State.EXPIRED}

    assert (_enqueue(unique=rule) != first) == (state in frees)


def test_key_holds_within_its_window_only() -> None:
    rule = Unique(key="k", window=3_600, until="forever")
    with clock.frozen(NOON):
        first = _enqueue(unique=rule)
    with clock.frozen(NOON + timedelta(minutes=59)):
        assert _enqueue(unique=rule) == first
    with clock.frozen(NOON + timedelta(hours=1)):
        assert _enqueue(unique=rule) != first


@pytest.mark.parametrize("state", [State.SCHEDULED, State.QUEUED, State.RETRYING], ids=str)
def test_second_caller_may_replace_the_payload_of_a_task_that_waits(state: State) -> None:
    rule = Unique(key="k", on_conflict="replace")
    task_id = bring_to(state, unique=rule)

    assert _enqueue({"newest": True}, unique=rule) == task_id

    task = Task.objects.get(pk=task_id)
    assert (task.payload, task.state) == ({"newest": True}, state)
    assert events_of(task_id)[-1] == "replaced"


@pytest.mark.parametrize("state", [State.SCHEDULED, State.QUEUED, State.RETRYING], ids=str)
def test_second_caller_may_put_a_task_off(state: State) -> None:
    rule = Unique(key="k", on_conflict="debounce")
    task_id = bring_to(state, unique=rule)
    later = clock.now() + timedelta(hours=2)

    assert _enqueue({"newest": True}, unique=rule, run_after=later) == task_id

    task = Task.objects.get(pk=task_id)
    assert (task.payload, task.run_after, task.queued_at is None or state is not State.QUEUED) == (
        {"newest": True},
        later,
        True,
    )
    assert task.state == (State.SCHEDULED if state is State.QUEUED else state)
    assert events_of(task_id)[-1] == ("released" if state is State.QUEUED else "rescheduled")
    assert queue() == []


@pytest.mark.parametrize("on_conflict", ["replace", "debounce"])
@pytest.mark.parametrize("state", [State.SCHEDULED, State.QUEUED, State.RETRYING], ids=str)
def test_other_payload_begins_without_the_notes_of_the_first(
    on_conflict: Any, state: State
) -> None:
    rule = Unique(key="k", on_conflict=on_conflict)
    task_id = bring_to(state, unique=rule)
    Task.objects.filter(pk=task_id).update(checkpoint={"row": 500}, progress={"done": 500})

    _enqueue({"file": "b.csv"}, unique=rule)

    task = Task.objects.get(pk=task_id)
    assert (task.payload, task.checkpoint, task.progress) == ({"file": "b.csv"}, None, None)


DEBOUNCED = Unique(key="k", on_conflict="debounce")


def _at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(60, 30, 60), (60, None, 70), (None, 30, 60), (None, None, None)],
)
def test_expiry_moves_along_with_the_time_of_a_task_that_is_put_off(
    first: int | None, second: int | None, expected: int | None
) -> None:
    """Minutes from noon; the second call, ten minutes later, says anew when it expires, or moves it."""
    with clock.frozen(NOON):
        expires_at = first and _at(first)
        task_id = _enqueue(unique=DEBOUNCED, run_after=_at(20), expires_at=expires_at)
    with clock.frozen(_at(10)):
        expires_at = second and _at(30 + second)
        _enqueue(unique=DEBOUNCED, run_after=_at(30), expires_at=expires_at)

    assert Task.objects.get(pk=task_id).expires_at == (expected and _at(expected))


def test_task_that_waits_past_its_expiry_is_not_expired_by_being_put_off() -> None:
    with clock.frozen(NOON):
        task_id = _enqueue(unique=DEBOUNCED, run_after=_at(1), expires_at=_at(30))
        Task.objects.filter(pk=task_id).update(state=State.RETRYING, run_after=_at(60))
    with clock.frozen(_at(10)):
        _enqueue(unique=DEBOUNCED, run_after=_at(12))

    task = Task.objects.get(pk=task_id)
    assert (task.run_after, task.expires_at) == (_at(12), _at(30))


def test_task_is_not_put_off_for_longer_than_its_rule_allows() -> None:
    rule = Unique(key="k", on_conflict="debounce", max_wait=timedelta(minutes=5))
    times = []
    for minute in range(8):
        with clock.frozen(_at(minute)):
            expires_at = _at(minute + 3)
            task_id = _enqueue(unique=rule, run_after=_at(minute + 2), expires_at=expires_at)
            times.append(Task.objects.get(pk=task_id))

    assert [task.run_after for task in times] == [_at(m) for m in (2, 3, 4, 5, 5, 5, 5, 5)]
    assert times[-1].expires_at == _at(6)
    assert len({task.pk for task in times}) == 1


def test_first_call_is_bound_as_well() -> None:
    with clock.frozen(NOON):
        task_id = _enqueue(
            unique=Unique(key="k", on_conflict="debounce", max_wait=60), run_after=_at(10)
        )

    assert Task.objects.get(pk=task_id).run_after == _at(1)


def test_queued_task_whose_time_has_come_takes_the_payload_and_stays_queued() -> None:
    rule = Unique(key="k", on_conflict="debounce", max_wait=60)
    with clock.frozen(NOON):
        task_id = bring_to(State.QUEUED, unique=rule)
    with clock.frozen(_at(0.5)):
        _enqueue(unique=rule, run_after=_at(5))
        assert state_of(task_id) is State.SCHEDULED
        assert Task.objects.get(pk=task_id).run_after == _at(1)
    with clock.frozen(_at(1)):
        assert queue() == [task_id]
        _enqueue({"newest": True}, unique=rule, run_after=_at(5))

    assert state_of(task_id) is State.QUEUED
    assert Task.objects.get(pk=task_id).payload == {"newest": True}
    assert events_of(task_id)[-1] == "replaced"


def test_bound_does_not_bring_a_task_out_of_the_pause_after_a_failure() -> None:
    rule = Unique(key="k", on_conflict="debounce", max_wait=60)
    task_id = bring_to(State.RETRYING, unique=rule)
    Task.objects.filter(pk=task_id).update(enqueued_at=_at(-90), run_after=_at(30))
    with clock.frozen(NOON):
        _enqueue(unique=rule, run_after=_at(60))

    assert Task.objects.get(pk=task_id).run_after == _at(30)


def test_message_of_a_task_that_was_put_off_does_not_run_it() -> None:
    rule = Unique(key="k", on_conflict="debounce")
    task_id = bring_to(State.QUEUED, unique=rule)
    _enqueue(unique=rule, run_after=clock.now() + timedelta(hours=2))

    assert take([task_id]) == []


@pytest.mark.parametrize("on_conflict", ["replace", "debounce"])
def test_running_task_is_neither_changed_nor_put_off(on_conflict: Any) -> None:
    rule = Unique(key="k", on_conflict=on_conflict)
    task = running(unique=rule)
    before = events_of(task.id)

    assert _enqueue({"newest": True}, unique=rule) == task.id

    assert Task.objects.get(pk=task.id).payload == {}
    assert (state_of(task.id), events_of(task.id)) == (State.RUNNING, before)


def test_second_caller_may_be_told() -> None:
    rule = Unique(key="k", on_conflict="reject")
    first = _enqueue(unique=rule)

    with pytest.raises(DuplicateTask, match=rf"task {first} \(SCHEDULED\) has the same key"):
        _enqueue(unique=rule)
    assert Task.objects.count() == 1


def test_fifty_callers_who_want_to_be_told_make_one_task() -> None:
    rule = Unique(key="k", on_conflict="reject")

    def enqueue(_: int) -> str:
        try:
            _enqueue(unique=rule)
        except DuplicateTask:
            return "told"
        return "made"

    answers = at_once(50, enqueue)

    assert sorted(set(answers)) == ["made", "told"]
    assert answers.count("made") == Task.objects.count() == 1


def test_many_debouncing_callers_leave_one_task_with_the_payload_of_one_of_them() -> None:
    rule = Unique(key="k", on_conflict="debounce")
    at = clock.now() + timedelta(hours=1)

    ids = at_once(20, lambda n: _enqueue({"n": n}, unique=rule, run_after=at))

    assert len(set(ids)) == Task.objects.count() == 1
    assert Task.objects.get().payload["n"] in range(20)


class Login(BaseModel):
    user: str
    code: SecretStr


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Unique(key="k", fields=["a"]), "give key or fields, not both"),
        (lambda: Unique(key=""), "key must not be empty"),
        (lambda: Unique(until="never"), "until must be one of started, finished, forever"),  # type: ignore[arg-type]
        (lambda: Unique(on_conflict="fight"), "on_conflict must be one of return, replace"),  # type: ignore[arg-type]
        (lambda: Unique(window=0), "window must be positive seconds, not 0"),
        (lambda: Unique(max_wait=5), "max_wait goes with on_conflict='debounce' only"),
        (lambda: Unique(on_conflict="debounce", max_wait=0), "max_wait must be longer than 0 s"),
        (lambda: Unique(on_conflict="debounce", max_wait=-1), "max_wait must not be negative"),
        (lambda: Unique(on_conflict="debounce", max_wait="5"), "max_wait must be a timedelta"),  # type: ignore[arg-type]
        (lambda: _enqueue({"a": 1}, unique=Unique(fields=["b"])), "payload has no field 'b'"),
        (lambda: _enqueue(unique=KEY, idempotency_key="x"), "give idempotency_key or unique"),
    ],
)
def test_rule_that_makes_no_sense_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        make()
    assert not Task.objects.exists()


def test_secret_cannot_be_part_of_a_key() -> None:
    @tasks_core.task_type("login")
    def login(payload: Login) -> None: ...

    with pytest.raises(InvalidOption, match="'code' is a secret and cannot be part of a key"):
        tasks_core.enqueue(
            "login", {"user": "ada", "code": "1"}, unique=Unique(fields=["user", "code"])
        )
    with pytest.raises(InvalidOption, match="holds a secret and cannot be the key; give key or"):
        tasks_core.enqueue("login", {"user": "ada", "code": "1"}, unique=Unique())
    rule = Unique(fields=["user"])
    first = tasks_core.enqueue("login", {"user": "ada", "code": "1"}, unique=rule)
    assert tasks_core.enqueue("login", {"user": "ada", "code": "2"}, unique=rule).pk == first.pk
