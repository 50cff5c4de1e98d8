"""Execute a message: claim its tasks, run their handlers, hand over the outcomes."""

import asyncio
import logging
import math
import time
from datetime import datetime, timedelta

from django.db import Error

from tasks_core import clock, conf, database
from tasks_core.context import TaskContext
from tasks_core.database import session_state
from tasks_core.database.answer_limit import answers_within
from tasks_core.database.sessions import Sessions
from tasks_core.engine import decision
from tasks_core.engine.bigint import LARGEST_BIGINT
from tasks_core.engine.outcome import Outcome
from tasks_core.engine.retry import RetryRule
from tasks_core.registry import TaskType, get_task_type
from tasks_core.retry_policies import rule_for
from tasks_core.signals import attempts_begun
from tasks_core.sql.claim import ClaimedTask
from tasks_core.sql.dispatch import postpone
from tasks_core.sql.finish import FinishedAttempt
from tasks_core.sql.lease import renew
from tasks_core.worker import forked_copies, vain_messages
from tasks_core.worker import process as worker_process
from tasks_core.worker.attempt import after, attempt, attempt_async
from tasks_core.worker.backlog import PATIENCE_SECONDS, Backlog
from tasks_core.worker.batch_attempt import Member, attempt_batch, of_error
from tasks_core.worker.claim import claim_patiently, claimed_meanwhile
from tasks_core.worker.inflight import InFlight
from tasks_core.worker.process import WorkerProcess
from tasks_core.worker.release import ended_now, release
from tasks_core.worker.surroundings import Surroundings

logger = logging.getLogger(__name__)

STOPPING = "the worker is shutting down"

AGAIN_SECONDS = 1.0
"""How long a task waits that a process could not run: whatever is in the way may go away by then."""


def execute(task_type: str, ids: list[int], *, worker: str) -> int:
    """Run those of ``ids`` that are still to be run; return how many were claimed.

    ``async def`` handlers are only started here: the next message need not wait for them.
    """
    forked_copies.begin_message()
    execution = Execution(get_task_type(task_type), worker_process.current(), worker)
    count = execution.run(_possible(ids))
    session_state.know_all()
    return count


def _possible(ids: object) -> list[int]:
    """Return what can be an id: whoever reaches the broker may write anything into a message."""
    if not isinstance(ids, list):
        return []
    return [i for i in ids if type(i) is int and 0 < i <= LARGEST_BIGINT]


class Execution:
    """One message in the hands of this process.

    Whatever is raised where (a soft time limit between two handlers, no memory, no thread), each task that
    was claimed comes to an outcome, or is left to recovery: the one under way is charged, and those that
    have not begun are given back.
    """

    def __init__(self, registered: TaskType, process: WorkerProcess, worker: str) -> None:
        self._registered = registered
        self._process = process
        self._worker = worker
        self._in_hand: list[InFlight] = []

    def run(self, ids: list[int]) -> int:
        """Claim tasks and see to it that each comes to an end; return how many were claimed."""
        if self._registered.is_async and not self._wait_for_places(seconds=PATIENCE_SECONDS):
            self._put_off(ids)
            return 0
        with self._process.room.message():
            try:
                self._claim(ids)
                count = len(self._in_hand)
                self._begin()
            except BaseException as error:
                self._account_for(self._in_hand, error)
                raise
        return count

    def _claim(self, ids: list[int]) -> None:
        process, registered = self._process, self._registered
        asked_at = clock.now()
        tasks = self._take_in_hand(ids)
        if tasks:
            vain_messages.note_begun()
        if left := set(ids).difference(task.id for task in tasks):
            process.passed_over.add(registered.name, left, at=asked_at, is_all=not tasks)
            process.keeper.wake()
        process.inflight.add(self._in_hand)
        process.measurements.claimed(tasks)
        process.keeper.wake()
        if attempts_begun.has_listeners():
            attempts_begun.send_robust(sender=None, tasks=tasks)

    def _take_in_hand(self, ids: list[int]) -> list[ClaimedTask]:
        tried_at: list[datetime] = []
        try:
            claimed = claim_patiently(
                ids,
                task_type=self._registered.name,
                worker=self._worker,
                company=len(self._process.inflight),
                tried_at=tried_at,
            )
            return self._hold(*claimed)
        except Error:
            raise
        except BaseException:  # a soft time limit, say, between the claim and its answer
            self._hold(*claimed_meanwhile(ids, worker=self._worker, tried_at=tried_at))
            raise

    def _hold(self, tasks: list[ClaimedTask], lease_until: datetime) -> list[ClaimedTask]:
        registered = self._registered
        self._in_hand = [
            InFlight(task, registered, TaskContext(task, registered, max_attempts=0), lease_until)
            for task in tasks
        ]
        return tasks

    def _begin(self) -> None:
        entries = self._in_hand
        if any(entry.task.isolated for entry in entries):
            self._begin_alone(entries)
        else:
            self._begin_with(entries)

    def _begin_alone(self, entries: list[InFlight]) -> None:
        """Run an isolated task in an empty process. It comes in a message of its own."""
        others = [entry for entry in entries if not entry.task.isolated]
        [first, *more] = [entry for entry in entries if entry.task.isolated]
        if others:
            more.insert(0, first)
        self._give_back(more, reason="it runs alone")
        if others:
            self._begin_with(others)
            return
        began = time.monotonic()
        with self._process.room.alone(first) as is_alone:
            if not is_alone:
                # It comes back after as long as it has held up whatever came to this process.
                seconds = max(AGAIN_SECONDS, time.monotonic() - began)
                self._give_back([first], reason="its process is not empty", seconds=seconds)
                return
            self._begin_with([first])
            if self._registered.is_async:
                self._process.room.wait_for(first)

    def _begin_with(self, entries: list[InFlight]) -> None:
        if self._registered.is_async:
            self._start_all(entries)
        elif self._registered.is_batch:
            self._run_together(entries)
        else:
            self._run_all(entries)

    def _run_all(self, entries: list[InFlight]) -> None:
        process, registered = self._process, self._registered
        sessions = Sessions()
        with (
            Surroundings(registered.name) as surroundings,
            process.waiting(Backlog(entries)) as backlog,
        ):
            now = clock.now()
            while (entry := backlog.next()) is not None:
                if sessions.replace_dead():
                    now = clock.now()
                if not self._may_begin(entry, now):
                    now = clock.now()
                    continue
                rule = self._rule(entry)
                outcome = attempt(registered, entry.task, entry.context, rule)
                surroundings.put_back()
                sessions.replace_unsound(
                    f"the handler of task {entry.task.id}", entry.context.log_fields
                )
                # One begins when the one before it has ended, which saves a reading of the clock.
                now = self._hand_over(entry, outcome, now)
                if process.outcomes.is_overdue:
                    process.outcomes.flush()
                    now = clock.now()
        process.outcomes.flush()

    def _run_together(self, entries: list[InFlight]) -> None:
        process = self._process
        sessions = Sessions()
        sessions.replace_dead()
        ours = [entry for entry in entries if self._may_begin(entry, clock.now())]
        members = [Member(entry.task, entry.context, self._rule(entry)) for entry in ours]
        given = attempt_batch(self._registered, members)
        started_at, last = clock.now(), time.monotonic()
        with Surroundings(self._registered.name) as surroundings:
            for entry in ours:
                if worker_process.is_stopping():
                    given.close()
                    outcome = decision.released(now=clock.now(), reason=STOPPING)
                else:
                    outcome = next(given)
                surroundings.put_back()
                sessions.replace_unsound(
                    f"the handler of task {entry.task.id}", entry.context.log_fields
                )
                took, last = time.monotonic() - last, time.monotonic()
                self._hand_over(entry, outcome, started_at, took=took)
                if process.outcomes.is_overdue:
                    process.outcomes.flush()
        process.outcomes.flush()

    def _start_all(self, entries: list[InFlight]) -> None:
        process = self._process
        with process.waiting(Backlog(entries)) as backlog:
            while places := self._wait_for_places(backlog):
                ours = [
                    entry for entry in backlog.take(places) if self._may_begin(entry, clock.now())
                ]
                coroutines = [self._run_one(entry, self._rule(entry)) for entry in ours]
                process.loop.start(self._registered.name, coroutines)
                # From here on they account for themselves.
                started = {entry.key for entry in ours}
                self._in_hand = [entry for entry in self._in_hand if entry.key not in started]
            self._give_back(backlog.rest(), reason=STOPPING)

    async def _run_one(self, entry: InFlight, rule: RetryRule) -> None:
        started_at = clock.now()
        # It was a moment ago, and this thread cannot ask: what the process has slept through meanwhile is
        # left to recovery.
        if entry.is_decided or entry.lost_at is not None or entry.lease_until <= started_at:
            self._leave(entry)
            return
        try:
            try:
                outcome = await attempt_async(self._registered, entry.task, entry.context, rule)
            except asyncio.CancelledError:
                outcome = decision.released(now=clock.now(), reason=STOPPING)
            self._hand_over(entry, outcome, started_at)
        except BaseException as error:  # noqa: BLE001 nobody waits for it, and it would end the loop
            self._account_for([entry], error)

    def _put_off(self, ids: list[int]) -> None:
        """Leave tasks to others that are not claimed yet: this process must go on to its next message."""
        if worker_process.is_stopping():
            return  # recovery finds them
        reason = "as many of its type as may run in one process go on"
        logger.info("%d tasks of %r are put off: %s", len(ids), self._registered.name, reason)
        with answers_within():
            database.retried(
                postpone, ids, seconds=PATIENCE_SECONDS, reason=reason, now=clock.now()
            )

    def _wait_for_places(self, backlog: Backlog | None = None, *, seconds: float = math.inf) -> int:
        """Wait until more handlers of this type may start, and give how many.

        0 if the worker stops, if nothing is left in ``backlog``, or if it takes longer than ``seconds``.
        """
        loop, registered = self._process.loop, self._registered
        until = time.monotonic() + seconds
        while (
            (backlog is None or backlog)
            and time.monotonic() < until
            and not worker_process.is_stopping()
        ):
            places = loop.wait_for_places(registered.name, registered.max_concurrency, seconds=0.5)
            if places:
                return places
        return 0

    def _may_begin(self, entry: InFlight, now: datetime) -> bool:
        """Tell whether the handler may be called now; if not, see to it that the task goes elsewhere.

        A process that was frozen wakes up with leases that are over, and nobody has told it yet.
        """
        if entry.lost_at is not None or (entry.lease_until <= now and not _renewed(entry)):
            self._leave(entry)
            return False
        if worker_process.is_stopping():
            self._give_back([entry], reason=STOPPING)
            return False
        expires_at = entry.task.expires_at
        if expires_at is not None and expires_at <= now:
            self._hand_over(entry, decision.expired(), now)
            return False
        return True

    def _leave(self, entry: InFlight) -> None:
        """Forget a task that was cancelled or taken over, or will be."""
        self._process.inflight.decide(entry)
        self._process.inflight.discard([entry.key])

    def _give_back(self, entries: list[InFlight], *, reason: str, seconds: float = 0.0) -> None:
        process = self._process
        release(entries, process.inflight, process.outcomes, reason=reason, seconds=seconds)

    def _rule(self, entry: InFlight) -> RetryRule:
        task = entry.task
        rule = rule_for(self._registered, retry=task.retry, retry_policy_id=task.retry_policy_id)
        entry.context.max_attempts = rule.max_attempts
        return rule

    def _hand_over(
        self,
        entry: InFlight,
        outcome: Outcome,
        started_at: datetime,
        *,
        took: float | None = None,
    ) -> datetime:
        """Hand over an outcome and return when it ended; ``took`` is what a task of a batch took of it, in
        seconds.
        """
        process, name, ended_at = self._process, self._registered.name, clock.now()
        if not process.inflight.decide(entry):
            return ended_at  # the keeper has spoken for it
        finished = FinishedAttempt(
            task_id=entry.task.id,
            attempt=entry.task.attempt,
            outcome=outcome,
            started_at=started_at,
            ended_at=ended_at,
            due_at=entry.task.run_after,
        )
        ran = entry.context.running_for() if took is None else took
        if ran:
            process.measurements.ran(name, ran)
        process.outcomes.add((name, entry, finished))
        return ended_at

    def _account_for(self, entries: list[InFlight], error: BaseException) -> None:
        """See to the tasks that ``error`` has left without an outcome."""
        inflight, outcomes = self._process.inflight, self._process.outcomes
        logger.warning("%d tasks of a message are cut short", len(entries), exc_info=error)
        begun = [entry for entry in entries if entry.has_begun and not entry.is_decided]
        for entry in begun:
            try:
                outcome = self._charged(entry, error, company=len(begun) - 1)
            except BaseException:  # what raised may be in the way of its description as well
                logger.exception("task %d is left to recovery", entry.task.id)
                inflight.decide(entry)
                continue
            if inflight.decide(entry):
                outcomes.add((self._registered.name, entry, ended_now(entry, outcome)))
        cut_short = [
            entry.key for entry in entries if entry.is_decided and not entry.is_handed_over
        ]
        inflight.discard(cut_short)  # their leases end, and recovery sees to them
        reason = f"its message was cut short by {type(error).__name__}"
        self._give_back(entries, reason=reason, seconds=AGAIN_SECONDS)
        outcomes.flush()

    def _charged(self, entry: InFlight, error: BaseException, *, company: int) -> Outcome:
        rule = self._rule(entry)
        if self._registered.is_batch:
            member = Member(entry.task, entry.context, rule)
            return of_error(error, self._registered, member, company=company)[0]
        return after(error, self._registered, entry.task, rule)


def _renewed(entry: InFlight) -> bool:
    lease_until = clock.now() + timedelta(seconds=conf.current().lease_seconds)
    try:
        with answers_within():
            is_renewed = bool(database.retried(renew, [entry.key], lease_until=lease_until))
    except Error as error:
        logger.warning(
            "task %d is left to recovery: %s",
            entry.task.id,
            error,
            extra=entry.context.log_fields(),
        )
        return False
    if is_renewed:
        entry.lease_until = lease_until
    return is_renewed
