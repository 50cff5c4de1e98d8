"""Every transition, racing against one that comes first: the second changes nothing at all.

The first holds the row in an open transaction while the second runs on another connection; then the
first commits. What happens to be skipped and what waits for the lock must come to the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest
from django.db import transaction

from tasks_core import clock
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt
from tasks_core.engine.outcome import Outcome
from tasks_core.engine.retry import Fixed
from tasks_core.engine.states import TRANSITIONS, State
from tasks_core.models import DeadLetter, Task
from tasks_core.outcomes.record import record
from tasks_core.signals import attempts_recorded
from tasks_core.sql.claim import ClaimedTask
from tasks_core.sql.dispatch import hold, postpone
from tasks_core.sql.end import cancel, expire
from tasks_core.sql.finish import FinishedAttempt
from tasks_core.sql.lease import renew
from tasks_core.sql.recover import requeue
from tests.support.life import (
    FAILURE,
    LEASE,
    PLAIN,
    bring_to,
    ended,
    events_of,
    failed,
    plain_type,
    queue,
    queued,
    running,
    state_of,
    take,
    write,
)
from tests.support.threads import Rival

pytestmark = pytest.mark.usefixtures("transactional_db")

LATER = timedelta(hours=1)


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@dataclass(frozen=True)
class Contest:
    """A task in the state that a transition leaves, and the transition, not made yet."""

    task_id: int
    make: Callable[[], object]


def _soon() -> datetime:
    return clock.now() + timedelta(minutes=1)


def _dispatch(state: State) -> Contest:
    task_id = bring_to(state)
    return Contest(task_id, lambda: queue(now=clock.now() + LATER))


def _claim() -> Contest:
    task_id = queued()
    return Contest(task_id, lambda: take([task_id], worker="second"))


def _requeue() -> Contest:
    task_id = queued()
    return Contest(task_id, lambda: requeue([task_id], now=clock.now()))


def _hold() -> Contest:
    task_id = queued()
    queued_at = Task.objects.get(pk=task_id).queued_at
    assert queued_at
    return Contest(
        task_id, lambda: hold([task_id], queued_at=queued_at, reason="test", now=clock.now())
    )


def _postpone() -> Contest:
    task_id = queued()
    return Contest(task_id, lambda: postpone([task_id], seconds=9, reason="test", now=clock.now()))


def _outcome(outcome: Callable[[ClaimedTask], Outcome]) -> Contest:
    task = running(expires_at=_soon())
    return Contest(task.id, lambda: write(task, outcome(task)))


def _after_failure(limit: int, *, expires: bool = False) -> Contest:
    def outcome(task: ClaimedTask) -> Outcome:
        attempt = Attempt(
            used=1,
            first_started_at=task.started_at,
            expires_at=task.expires_at if expires else None,
        )
        rule = Fixed(initial=3_600, max_attempts=limit)
        return decision.after_failure(rule, FAILURE, attempt, now=clock.now(), rng=Random(0))

    return _outcome(outcome)


def _cancel(state: State) -> Contest:
    task_id = bring_to(state, expires_at=_soon() + LATER)
    return Contest(task_id, lambda: cancel([task_id], reason="second", now=clock.now()))


def _expire(state: State) -> Contest:
    task_id = bring_to(state, expires_at=_soon() + LATER)
    return Contest(task_id, lambda: expire([task_id], now=clock.now() + 3 * LATER))


def _now() -> datetime:
    return clock.now()


CONTESTS: dict[tuple[str, State], Callable[[], Contest]] = {
    ("dispatch", State.SCHEDULED): lambda: _dispatch(State.SCHEDULED),
    ("dispatch", State.RETRYING): lambda: _dispatch(State.RETRYING),
    ("claim", State.QUEUED): _claim,
    ("requeue", State.QUEUED): _requeue,
    ("hold", State.QUEUED): _hold,
    ("succeed", State.RUNNING): lambda: _outcome(lambda _: decision.succeeded({"a": 1})),
    ("retry", State.RUNNING): lambda: _after_failure(5),
    ("snooze", State.RUNNING): lambda: _outcome(
        lambda _: decision.snoozed(now=_now(), seconds=9, reason="")
    ),
    ("yield", State.RUNNING): lambda: _outcome(lambda _: decision.yielded(now=_now())),
    ("release", State.RUNNING): lambda: _outcome(
        lambda _: decision.released(now=_now(), reason="")
    ),
    ("lose", State.RUNNING): lambda: _outcome(lambda _: decision.lost_in_company(now=_now())),
    ("die", State.RUNNING): lambda: _after_failure(1),
    ("expire", State.RUNNING): lambda: _after_failure(5, expires=True),
    **{
        ("cancel", state): (lambda state=state: _cancel(state))  # type: ignore[misc]
        for state in TRANSITIONS["cancel"].sources
    },
    **{
        ("expire", state): (lambda state=state: _expire(state))  # type: ignore[misc]
        for state in TRANSITIONS["expire"].sources - {State.RUNNING}
    },
}


def test_every_transition_has_its_contest() -> None:
    arrows = {(t.name, source) for t in TRANSITIONS.values() for source in t.sources}

    assert set(CONTESTS) == arrows  # enqueue leaves no state; its race is that of the unique keys


def _names(contest: tuple[str, State]) -> str:
    return f"{contest[0]}-{contest[1]}"


def _nothing(changed: object) -> bool:
    return not changed


@pytest.mark.parametrize("contest", sorted(CONTESTS), ids=_names)
def test_transition_that_comes_second_changes_nothing(contest: tuple[str, State]) -> None:
    second = CONTESTS[contest]()
    rival_state, rival = _rival_of(contest, second.task_id)
    before = events_of(second.task_id)

    with transaction.atomic():
        assert rival()
        after_rival = Task.objects.get(pk=second.task_id)
        events = events_of(second.task_id)
        thread = Rival(second.make)
        thread.wait_until_held_up_or_done()

    assert _nothing(thread.result())
    assert state_of(second.task_id) is rival_state
    assert events_of(second.task_id) == events != before
    assert _columns(Task.objects.get(pk=second.task_id)) == _columns(after_rival)
    assert not DeadLetter.objects.exists()


def _columns(task: Task) -> dict[str, object]:
    return {field.attname: getattr(task, field.attname) for field in Task._meta.concrete_fields}


def _rival_of(contest: tuple[str, State], task_id: int) -> tuple[State, Callable[[], object]]:
    """Return a transition that leaves the same state, and where it leads."""
    name, source = contest
    if name != "cancel":
        return State.CANCELLED, lambda: cancel([task_id], reason="first", now=clock.now())
    if source is State.RUNNING:
        task = _owned(task_id)
        return State.SUCCEEDED, lambda: write(task, decision.succeeded(None))
    return State.EXPIRED, lambda: expire([task_id], now=clock.now() + 3 * LATER)


def _owned(task_id: int) -> ClaimedTask:
    """Return the running task as its owner holds it."""
    row = Task.objects.get(pk=task_id)
    assert row.started_at
    assert row.queued_at
    return ClaimedTask(
        id=task_id,
        attempt=row.attempts,
        attempts_returned=0,
        payload={},
        queue_name=row.queue_name,
        priority=row.priority,
        run_after=row.run_after,
        expires_at=None,
        queued_at=row.queued_at,
        started_at=row.started_at,
        retry_policy_id=None,
        retry=None,
        idempotency_key=None,
        correlation_id="",
        checkpoint=None,
    )


def test_two_workers_with_the_same_message_share_its_tasks() -> None:
    ids = [queued() for _ in range(20)]

    with transaction.atomic():
        mine = take(ids, worker="first")
        thread = Rival(lambda: take(ids, worker="second"))
        thread.wait_until_held_up_or_done()

    assert [task.id for task in mine] == ids
    assert thread.result() == []


def test_lease_that_is_renewed_at_the_last_moment_is_not_taken_away() -> None:
    task = running()
    with clock.frozen(clock.now() + 2 * LEASE), transaction.atomic():
        assert renew([(task.id, task.attempt)], lease_until=clock.now() + LEASE)
        thread = Rival(recover_attempts)
        thread.wait_until_held_up_or_done()

        assert thread.result() == 0
    assert state_of(task.id) is State.RUNNING


def test_finish_that_comes_while_recovery_takes_the_task_away_changes_nothing() -> None:
    task = running()
    with clock.frozen(clock.now() + 2 * LEASE):
        with transaction.atomic():
            assert recover_attempts() == 1
            thread = Rival(lambda: write(task, decision.succeeded({"too": "late"})))
            thread.wait_until_held_up_or_done()

        assert thread.result() is False
    assert state_of(task.id) is State.RETRYING
    assert Task.objects.get(pk=task.id).result is None


def test_late_outcome_is_left_out_though_it_comes_together_with_that_of_the_next_attempt() -> None:
    late = running()
    assert write(late, failed(late))
    Task.objects.update(run_after=clock.now())
    queue()
    [second] = take([late.id])
    before = events_of(late.id)
    told: list[int] = []

    def note(attempts: list[FinishedAttempt], **_: object) -> None:
        told.extend(attempt.attempt for attempt in attempts)

    attempts_recorded.connect(note)
    try:
        both = [ended(late, failed(late)), ended(second, decision.succeeded(None))]
        assert record([(PLAIN, one) for one in both]).ids == {late.id}
    finally:
        attempts_recorded.disconnect(note)
    assert events_of(late.id) == [*before, "completed"]
    assert told == [2]


def test_two_recoveries_at_once_count_a_lost_attempt_once() -> None:
    task = running()
    with clock.frozen(clock.now() + 2 * LEASE):
        with transaction.atomic():
            assert recover_attempts() == 1
            thread = Rival(recover_attempts)
            thread.wait_until_held_up_or_done()
        assert thread.result() == 0

    assert events_of(task.id).count("failed") == 1
