"""A state machine that does anything in any order to real rows, and looks at the invariants after each step.

Rows, statements, dispatcher, recovery and messages are the real ones; only time is made up. Workers are
played: they claim messages and hold the attempts in hand until a step ends, loses or repeats them.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import redis
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

import tasks_core
from tasks_core import Fixed, clock
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.duties.expiry import expire_tasks
from tasks_core.duties.recovery import recover_attempts, recover_messages
from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt
from tasks_core.engine.outcome import Outcome
from tasks_core.engine.states import FINAL, TRANSITIONS, EventKind, State
from tasks_core.events.rebuilding import rebuild
from tasks_core.exceptions import InvalidTransition
from tasks_core.models import DeadLetter, Task, TaskEvent
from tasks_core.outcomes.record import record
from tasks_core.sql.claim import ClaimedTask
from tasks_core.sql.lease import renew
from tasks_core.sql.recover import advance_lane
from tests.support.life import FAILURE, LEASE, PLAIN, ended, plain_type, take
from tests.support.messages import Sent, next_message

LANES = [f"default.{name}" for name in ("critical", "high", "normal", "low")]
RULE = Fixed(initial=20, max_attempts=3)
START = datetime(2026, 1, 1, tzinfo=UTC)

TARGETS = {t.event: t.target for t in TRANSITIONS.values()}
SOURCES = {
    kind: frozenset[State]().union(*(t.sources for t in TRANSITIONS.values() if t.event is kind))
    for kind in EventKind
}
REMARKS = {EventKind.FAILED, EventKind.RESCHEDULED, EventKind.REPLAYED, EventKind.DISCARDED}
"""Events that record something else than a transition."""


@dataclass
class Known:
    """What the test has seen of a task, to compare with what comes later."""

    state: State = State.SCHEDULED
    attempts: int = 0
    events: int = 0
    owners: list[int] = field(default_factory=list)


class LifeOfTasks(RuleBasedStateMachine):
    messages = Bundle("messages")
    attempts = Bundle("attempts")

    client: "redis.Redis"

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.known: dict[int, Known] = {}
        self.ended_by_worker: dict[int, int] = {}
        self.seen_messages: list[Sent] = []
        self.seen_attempts: list[ClaimedTask] = []
        self.dispatchers = [Dispatcher(), Dispatcher()]
        self._clock = clock.frozen(lambda: self.now)
        self._clock.__enter__()
        for lane in LANES:
            while next_message(self.client, lane):
                pass

    def teardown(self) -> None:
        try:
            self._everything_ends()
        finally:
            self._clock.__exit__(None, None, None)
            with connection.cursor() as cursor:
                cursor.execute(
                    "TRUNCATE tasks_core_task, tasks_core_taskevent, tasks_core_deadletter, "
                    "tasks_core_lane CASCADE"
                )

    # -- callers ------------------------------------------------------------------------------------

    @rule(
        count=st.integers(1, 4),
        priority=st.integers(0, 3),
        delay=st.sampled_from([0, 0, 0, 30]),
        lives=st.none() | st.integers(60, 200),
        who=st.sampled_from([0, 1, None]),
    )
    def enqueue(
        self, count: int, priority: int, delay: int, lives: int | None, who: int | None
    ) -> None:
        ids = tasks_core.enqueue_many(
            PLAIN,
            [{}] * count,
            priority=priority,
            retry=RULE,
            run_after=self.now + timedelta(seconds=delay),
            expires_at=None if lives is None else self.now + timedelta(seconds=lives),
        )
        self.known.update((task_id, Known()) for task_id in ids)
        if who is not None:
            self.dispatch(who)

    @rule(key=st.sampled_from("abc"))
    def enqueue_with_a_key(self, key: str) -> None:
        task = tasks_core.enqueue(PLAIN, {}, idempotency_key=key, retry=RULE)
        self.known.setdefault(task.pk, Known())

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.known:
            task_id = data.draw(st.sampled_from(sorted(self.known)))
            tasks_core.cancel(task_id, reason="test")

    @rule(data=st.data())
    def run_now(self, data: st.DataObject) -> None:
        if self.known:
            task_id = data.draw(st.sampled_from(sorted(self.known)))
            was = self.known[task_id].state
            try:
                tasks_core.run_now(task_id)
            except InvalidTransition:
                assert was not in (State.SCHEDULED, State.RETRYING)

    @rule(data=st.data())
    def replay_a_dead_letter(self, data: st.DataObject) -> None:
        letters = list(DeadLetter.objects.unresolved().order_by("pk").values_list("pk", flat=True))
        if letters:
            task = tasks_core.replay(data.draw(st.sampled_from(letters)))
            self.known[task.pk] = Known()

    # -- beat ---------------------------------------------------------------------------------------

    @rule(who=st.integers(0, 1))
    def dispatch(self, who: int) -> None:
        self.dispatchers[who].dispatch()

    @rule()
    def recover(self) -> None:
        recover_attempts()
        recover_messages()

    @rule()
    def expire(self) -> None:
        expire_tasks()

    @rule(seconds=st.sampled_from([1, 11, 31, 61]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # -- broker -------------------------------------------------------------------------------------

    @rule(target=messages)
    def receive_and_keep(self) -> object:
        """A message arrives late: it may be claimed any time from now on, any number of times."""
        return multiple(*self._received())

    @rule()
    def lose(self) -> None:
        self._received()

    def _received(self) -> list[Sent]:
        for lane in LANES:
            message = next_message(self.client, lane)
            if message is not None:
                self.seen_messages.append(message)
                return [message]
        return []

    @rule(target=messages, data=st.data())
    def invent(self, data: st.DataObject) -> object:
        ids = data.draw(st.lists(st.sampled_from([*sorted(self.known), 10**9]), max_size=5))
        return Sent(PLAIN, ids, "")

    @rule()
    def flush_the_broker(self) -> None:
        for lane in LANES:
            while next_message(self.client, lane):
                pass

    # -- workers ------------------------------------------------------------------------------------

    @rule(target=attempts, worker=st.sampled_from(["w1", "w2"]))
    def receive_and_claim(self, worker: str) -> object:
        return multiple(
            *(t for message in self._received() for t in self._claimed(message, worker))
        )

    @rule(target=attempts, message=messages, worker=st.sampled_from(["w1", "w2"]))
    def claim_a_kept_message(self, message: Sent, worker: str) -> object:
        return multiple(*self._claimed(message, worker))

    def _claimed(self, message: Sent, worker: str) -> list[ClaimedTask]:
        claimable = set(
            Task.objects.filter(pk__in=message.ids, state=State.QUEUED)
            .exclude(expires_at__lte=self.now)
            .values_list("pk", flat=True)
        )
        tasks = take(message.ids, worker=worker)
        assert {task.id for task in tasks} == claimable
        for task in tasks:
            advance_lane(task.queue_name, task.priority, claimed_until=task.queued_at)
        self.seen_attempts += tasks
        return tasks

    @rule(task=attempts)
    def renew_the_lease(self, task: ClaimedTask) -> None:
        owned = renew([(task.id, task.attempt)], lease_until=self.now + LEASE)
        assert bool(owned) == self._is_owned(task)

    @rule(task=attempts, how=st.sampled_from(["succeed", "fail", "fatal", "snooze", "release"]))
    def finish(self, task: ClaimedTask, how: str) -> None:
        """Finish; the attempt stays in hand, so that it may be finished a second time."""
        was_owned = self._is_owned(task)
        written = record([(PLAIN, ended(task, self._outcome(task, how)))])
        assert bool(written.ids) == was_owned
        if written.ids and Task.objects.get(pk=task.id).state == State.SUCCEEDED:
            assert task.id not in self.ended_by_worker
            self.ended_by_worker[task.id] = task.attempt

    @rule(task=attempts)
    def freeze(self, task: ClaimedTask) -> None:
        """The process stands still until others have its tasks; it may wake up any time after that."""
        self.now += LEASE + timedelta(seconds=1)
        recover_attempts()
        self.now += timedelta(seconds=RULE.initial)
        self.dispatch(0)

    @rule(task=consumes(attempts))
    def crash(self, task: ClaimedTask) -> None:
        """The process is gone: nobody renews or finishes."""

    def _is_owned(self, task: ClaimedTask) -> bool:
        return Task.objects.filter(pk=task.id, state=State.RUNNING, attempts=task.attempt).exists()

    def _outcome(self, task: ClaimedTask, how: str) -> Outcome:
        attempt = Attempt(
            used=task.attempts_used,
            first_started_at=task.started_at,
            expires_at=task.expires_at,
        )
        match how:
            case "succeed":
                return decision.succeeded({"attempt": task.attempt})
            case "fail":
                return decision.after_failure(RULE, FAILURE, attempt, now=self.now, rng=Random(0))
            case "fatal":
                return decision.final_failure(FAILURE, attempt, reason="permanent")
            case "snooze":
                return decision.snoozed(now=self.now, seconds=5, reason="")
            case _:
                return decision.released(now=self.now, reason="stopping")

    # -- what must always be true -------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        assert not Task.objects.exists()

    @invariant()
    def rows_and_events_tell_one_story(self) -> None:
        events: dict[int, list[TaskEvent]] = {task_id: [] for task_id in self.known}
        for event in TaskEvent.objects.order_by("id"):
            events[event.task_id].append(event)
        dead = set(DeadLetter.objects.values_list("task_id", flat=True))
        rows = list(Task.objects.order_by("pk"))
        assert {row.pk for row in rows} == set(self.known)
        for row in rows:
            self._row_is_sound(row, in_letters=row.pk in dead)
            self._events_lead_to_it(row, events[row.pk])
            self._nothing_goes_back(row, len(events[row.pk]))

    def _row_is_sound(self, row: Task, *, in_letters: bool) -> None:
        state = State(row.state)
        assert (state is State.RUNNING) == (row.lease_until is not None)
        assert (state in FINAL) == (row.finished_at is not None)
        assert (state is State.DEAD) == in_letters
        assert 0 <= row.attempts_used <= min(row.attempts, RULE.max_attempts)
        assert row.attempts_returned >= 0
        assert (row.started_at is not None) == (row.attempts > 0)
        if state is State.SUCCEEDED:
            assert row.result == {"attempt": self.ended_by_worker[row.pk]}
        else:
            assert row.pk not in self.ended_by_worker

    def _events_lead_to_it(self, row: Task, events: list[TaskEvent]) -> None:
        state: State | None = None
        running = 0
        for event in events:
            kind = EventKind(event.kind)
            if kind in REMARKS:
                continue
            if state is None:
                assert kind is EventKind.SCHEDULED
            else:
                assert state in SOURCES[kind], f"{kind} left {state}"
            state = TARGETS[kind]
            if kind is EventKind.STARTED:
                running += 1
                assert event.attempt == running, "attempts are numbered one by one"
        assert state is State(row.state)
        assert running == row.attempts
        finals = [e.kind for e in events if TARGETS.get(EventKind(e.kind)) in FINAL]
        assert len(finals) == (1 if row.is_finished else 0)

    def _nothing_goes_back(self, row: Task, events: int) -> None:
        before = self.known[row.pk]
        assert row.attempts >= before.attempts
        assert events >= before.events
        if before.state in FINAL:
            assert (State(row.state), row.attempts) == (before.state, before.attempts)
        self.known[row.pk] = Known(State(row.state), row.attempts, events)

    # -- the end ------------------------------------------------------------------------------------

    def _everything_ends(self) -> None:
        """With beat at work, and workers that do what they can, every task comes to its final state."""
        for _ in range(200):
            if not Task.objects.unfinished().exists():
                break
            recover_attempts()
            recover_messages()
            expire_tasks()
            self.dispatchers[0].dispatch()
            self.now += timedelta(seconds=12)
            while messages := self._received():
                for task in self._claimed(messages[0], "last"):
                    self._older_attempts_change_nothing(task)
                    is_hopeless = list(self.known).index(task.id) % 2 == 0
                    self.finish(task, "fail" if is_hopeless else "succeed")
            self.rows_and_events_tell_one_story()
        assert not Task.objects.unfinished().exists()
        self._what_comes_too_late_changes_nothing()

    def _older_attempts_change_nothing(self, task: ClaimedTask) -> None:
        for older in self.seen_attempts:
            if older.id == task.id and older.attempt < task.attempt:
                self.renew_the_lease(older)
                self.finish(older, "fail")

    def _what_comes_too_late_changes_nothing(self) -> None:
        before = list(TaskEvent.objects.values_list("id", flat=True))
        for message in self.seen_messages:
            assert self._claimed(message, "late") == []
        for task in self.seen_attempts:
            self.finish(task, "succeed")
            self.renew_the_lease(task)
        assert tasks_core.cancel_many(sorted(self.known), reason="late") == []
        self.now += timedelta(days=1)
        assert recover_attempts() == recover_messages() == expire_tasks() == 0
        assert self.dispatchers[1].dispatch().dispatched == 0
        assert list(TaskEvent.objects.values_list("id", flat=True)) == before
        self.rows_and_events_tell_one_story()
        assert [found for chunk in rebuild() for found in chunk.differences] == []


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.timeout(300)
def test_any_order_of_events_keeps_the_invariants(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_core.duties.dispatcher.FILL_SECONDS", 0.0)  # goes by the real clock
    plain_type()
    LifeOfTasks.client = broker
    run_state_machine_as_test(
        LifeOfTasks,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
