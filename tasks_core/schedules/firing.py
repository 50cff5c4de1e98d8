"""Settle the ticks that are due: each gets its outcome, and those that run their task, in one transaction."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from tasks_core import clock, conf
from tasks_core.broker.nudge import nudge_on_commit
from tasks_core.client.control import cancel_many, terminate_many
from tasks_core.database import fetch
from tasks_core.database.brief_transaction import brief_transaction
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.engine.schedule import (
    OverlapPolicy,
    Running,
    TickOutcome,
    on_overlap,
    settle,
)
from tasks_core.engine.schedule.bounds import JUST
from tasks_core.leadership import Leadership
from tasks_core.models import Occurrence, Schedule
from tasks_core.models.occurrence import OccurrenceQuerySet
from tasks_core.schedules.recurrence import misfire_rule_of
from tasks_core.sql import ledger
from tasks_core.sql.end import lock_free
from tasks_core.sql.ledger import Decision

logger = logging.getLogger(__name__)

SCHEDULES = 2_000
"""Most schedules in one transaction."""

TICKS = 20_000
"""Most ticks in one transaction."""

STOPPING = frozenset({OverlapPolicy.CANCEL_OTHER, OverlapPolicy.TERMINATE_OTHER})

LOCKED_SECONDS = 0.5
"""How soon a schedule is looked at again whose unfinished task is to be stopped and has its row locked."""

HELD = """
SELECT EXISTS (SELECT FROM tasks_core_occurrence WHERE outcome = 'buffered')
    OR EXISTS (SELECT FROM tasks_core_backfill WHERE finished_at IS NULL AND cancelled_at IS NULL)
"""

NEEDED = (
    "name",
    "overlap_policy",
    "misfire_policy",
    "misfire_grace",
    "misfire_max_age",
    "misfire_max_count",
    "max_runs",
    "runs",
    "paused_at",
    "pause_reason",
    "resume_at",
)
"""What of a schedule decides; its payload and the like go from row to row in the database."""

failing = RowBackoff(
    "schedule {} cannot be fired",
    "Its ticks wait in the ledger: mend what raises (a receiver of tasks_unsuccessful, its definition), "
    "or pause it.",
)

_locked_until: dict[int, float] = {}

RUNS = frozenset({TickOutcome.FIRED, TickOutcome.CAUGHT_UP})


@dataclass(slots=True)
class Due:
    """One schedule with its due ticks, and what is known of its others.

    Attributes:
        occurrences: (id, fire_at) in order.
        later: how many more are due than these.
        later_active: how many of those do not fall into a pause.
        at_work: its unfinished tasks.
        buffered: ids of the occurrences that wait for these.
    """

    schedule: Schedule
    occurrences: list[tuple[int, datetime]] = field(default_factory=list)
    later: int = 0
    later_active: int = 0
    at_work: list[int] = field(default_factory=list)
    buffered: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Settlement:
    """What one round writes."""

    decisions: list[Decision] = field(default_factory=list)
    cancel: list[int] = field(default_factory=list)
    terminate: list[int] = field(default_factory=list)


def fire(leadership: Leadership | None = None, *, limit: int = SCHEDULES) -> int:
    """Settle ticks that are due, a batch of schedules at a time; return how many.

    Schedules whose ledger does not reach up to now wait for the generator: what becomes of a missed tick
    depends on those after it. Call again while it is not 0. With ``leadership`` nothing is done once its
    fence is no longer ours.
    """
    now = clock.now()
    with brief_transaction():
        if leadership is not None and not leadership.holds():
            return 0
        due = (
            Schedule.objects.existing()
            .filter(next_fire_at__lte=now, generated_until__gt=now)
            .exclude(pk__in=[*failing.ids(), *_waiting_for_locks()])
            .only(*NEEDED)
            .order_by("next_fire_at")
            .select_for_update(skip_locked=True)
        )
        schedules = failing.read(due, limit=limit)
        return failing.serve(schedules, lambda some: _fire(some, now), key=lambda one: one.pk)


def _fire(schedules: Sequence[Schedule], now: datetime) -> int:
    dues = _without_locked(_dues(schedules, now))
    settlement = Settlement()
    for due in dues:
        _decide(due, settlement, now)
    _end_pauses([due.schedule for due in dues if not due.later], now)
    _stop(settlement)
    settled = ledger.settle(settlement.decisions, now=now)
    ledger.set_next([schedule.pk for schedule in schedules])
    if any(task_id is not None for task_id in settled.values()):
        nudge_on_commit()
    return len(settled)


def _dues(schedules: Sequence[Schedule], now: datetime) -> list[Due]:
    """Load the due ticks of as many of ``schedules`` as one transaction should hold."""
    ids = [schedule.pk for schedule in schedules]
    overdue = Occurrence.objects.overdue(now)
    counts = overdue.filter(schedule_id__in=ids).count_by_schedule()
    dues: dict[int, Due] = {}
    room = TICKS
    for schedule in schedules:
        count = counts.get(schedule.pk, 0)
        if dues and count > room:
            break  # another round
        dues[schedule.pk] = Due(schedule, later=max(count - room, 0))
        room -= count
    rows = overdue.filter(schedule_id__in=list(dues)).order_by("fire_at", "id")
    for schedule_id, pk, fire_at in rows.values_list("schedule_id", "id", "fire_at")[:TICKS]:
        dues[schedule_id].occurrences.append((pk, fire_at))
    for due in dues.values():
        due.later_active = _later_active(due, overdue) if due.later else 0
    _load_others(dues)
    return list(dues.values())


def _without_locked(dues: list[Due]) -> list[Due]:
    """Leave those for a moment whose unfinished tasks are to be stopped, and are locked by somebody else.

    Whoever waited for that row, perhaps for a handler that writes its own progress, would keep all the other
    schedules waiting as well.
    """
    stopping = {
        d.schedule.pk: d for d in dues if d.schedule.overlap_policy in STOPPING and d.at_work
    }
    free = lock_free([task for due in stopping.values() for task in due.at_work])
    locked = {pk for pk, due in stopping.items() if not free.issuperset(due.at_work)}
    _locked_until.update(dict.fromkeys(locked, time.monotonic() + LOCKED_SECONDS))
    return [due for due in dues if due.schedule.pk not in locked]


def _waiting_for_locks() -> list[int]:
    now = time.monotonic()
    for pk in [pk for pk, until in _locked_until.items() if until <= now]:
        del _locked_until[pk]
    return list(_locked_until)


def _later_active(due: Due, overdue: OccurrenceQuerySet) -> int:
    """Count the ticks of later rounds that may run: none that falls into a pause stands for another."""
    schedule = due.schedule
    if schedule.paused_at is None:
        return due.later
    in_pause = Q(fire_at__gte=schedule.paused_at)
    if schedule.resume_at is not None:
        in_pause &= Q(fire_at__lt=schedule.resume_at)
    active = overdue.filter(~in_pause, schedule_id=schedule.pk).count()
    return active - sum(not schedule.is_paused_at(at) for _, at in due.occurrences)


def _load_others(dues: dict[int, Due]) -> None:
    minding = [pk for pk, due in dues.items() if due.schedule.overlap_policy != OverlapPolicy.ALLOW]
    if not minding:
        return
    for schedule_id, tasks in ledger.at_work(minding).items():
        dues[schedule_id].at_work = tasks
    waiting = Occurrence.objects.buffered().filter(schedule_id__in=minding).order_by("due")
    for schedule_id, pk in waiting.values_list("schedule_id", "id"):
        dues[schedule_id].buffered.append(pk)


def _end_pauses(schedules: list[Schedule], now: datetime) -> None:
    """A pause with an end is over once a tick comes after it."""
    over = [s.pk for s in schedules if s.resume_at is not None and s.resume_at <= now]
    if over:
        Schedule.objects.filter(pk__in=over, resume_at__lte=now).update(
            paused_at=None, resume_at=None, pause_reason="", paused_by=""
        )


def _decide(due: Due, settlement: Settlement, now: datetime) -> None:
    schedule = due.schedule
    paused = [pk for pk, at in due.occurrences if schedule.is_paused_at(at)]
    settlement.decisions += [
        Decision(pk, TickOutcome.PAUSED, reason=schedule.pause_reason) for pk in paused
    ]
    active = [(pk, at) for pk, at in due.occurrences if not schedule.is_paused_at(at)]
    if not active:
        return
    outcomes = settle(_ascending(active), now, misfire_rule_of(schedule), later=due.later_active)
    runs = schedule.runs
    for (pk, at), outcome in zip(active, outcomes, strict=True):
        if outcome not in RUNS:
            settlement.decisions.append(Decision(pk, outcome, reason=_lateness(at, now)))
        elif schedule.max_runs is not None and runs >= schedule.max_runs:
            settlement.decisions.append(_beyond_runs(pk, schedule))
        else:
            runs += _run(due, pk, outcome, settlement, now)


def _run(due: Due, pk: int, outcome: TickOutcome, settlement: Settlement, now: datetime) -> bool:
    """Let a tick run, or do what the overlap policy says; tell whether it makes a task now."""
    policy = OverlapPolicy(due.schedule.overlap_policy)
    decision = on_overlap(policy, running=len(due.at_work), buffered=len(due.buffered))
    if decision.drops_buffered:
        reason = "a later tick took its place"
        settlement.decisions = [d for d in settlement.decisions if d.id not in due.buffered]
        settlement.decisions += [
            Decision(other, TickOutcome.SKIPPED_OVERLAP, reason=reason) for other in due.buffered
        ]
        due.buffered = []
    fire_at = None
    if decision.running == Running.CANCEL:
        settlement.cancel += [task for task in due.at_work if task > 0]
        fire_at = now + timedelta(seconds=conf.current().cancel_grace_seconds)
    if decision.running == Running.TERMINATE:
        settlement.terminate += [task for task in due.at_work if task > 0]
        due.at_work = []
    if decision.outcome == TickOutcome.FIRED:
        due.at_work.append(-pk)  # its task has no id yet
        settlement.decisions.append(Decision(pk, outcome, makes_task=True))
        return True
    outcome, reason = (
        decision.outcome,
        f"{len(due.at_work)} unfinished, {len(due.buffered)} waiting",
    )
    if outcome == TickOutcome.BUFFERED:
        if len(due.buffered) >= (most := conf.current().buffered_ticks_limit):
            outcome, reason = TickOutcome.SKIPPED_OVERLAP, f"{most} wait already, as many as may"
        else:
            due.buffered.append(pk)
    settlement.decisions.append(Decision(pk, outcome, reason=reason, fire_at=fire_at))
    return False


def _stop(settlement: Settlement) -> None:
    reason = "a later tick of its schedule took its place"
    if settlement.cancel:
        cancel_many(settlement.cancel, reason=reason)
    if settlement.terminate:
        terminate_many(settlement.terminate, reason=reason)


def _ascending(occurrences: list[tuple[int, datetime]]) -> list[datetime]:
    """Return their times; jitter may have put two on the same instant, which the rules do not know."""
    times: list[datetime] = []
    for _, at in occurrences:
        times.append(max(at, times[-1] + JUST) if times else at)
    return times


def _beyond_runs(pk: int, schedule: Schedule) -> Decision:
    return Decision(pk, TickOutcome.CANCELLED, reason=f"max_runs ({schedule.max_runs}) reached")


def _lateness(at: datetime, now: datetime) -> str:
    return f"{(now - at).total_seconds():.0f} s late"


def is_anything_held() -> bool:
    """Tell whether a tick waits for another's end, or a backfill is at work."""
    return bool(fetch(HELD, {})[0][0])


def release_buffered() -> int:
    """Settle the oldest buffered tick of each schedule that has nothing unfinished; return how many.

    It runs, unless its schedule has run as often as it may.
    """
    now = clock.now()
    with brief_transaction():
        ids = ledger.releasable(now=now, apart_from=failing.ids(), limit=SCHEDULES)
        if not ids:
            return 0
        free = Schedule.objects.filter(pk__in=ids).select_for_update(skip_locked=True)
        schedules = failing.read(free, limit=SCHEDULES)
        return failing.serve(schedules, lambda some: _release(some, now), key=lambda one: one.pk)


def _release(schedules: Sequence[Schedule], now: datetime) -> int:
    decisions = [
        _beyond_runs(pk, schedule)
        if schedule.has_run_enough
        else Decision(pk, TickOutcome.FIRED, makes_task=True)
        for pk, schedule in _oldest_free(schedules, now)
    ]
    settled = ledger.settle(decisions, now=now)
    if settled:
        nudge_on_commit()
    return len(settled)


def _oldest_free(schedules: Sequence[Schedule], now: datetime) -> list[tuple[int, Schedule]]:
    """Return the oldest waiting tick of each schedule that has nothing unfinished and is not paused."""
    busy = ledger.at_work([schedule.pk for schedule in schedules])
    free = {s.pk: s for s in schedules if s.pk not in busy and not s.is_paused_at(now)}
    oldest = (
        Occurrence.objects.buffered()
        .filter(fire_at__lte=now, schedule_id__in=list(free))
        .order_by("schedule_id", "due")
        .distinct("schedule_id")
        .values_list("id", "schedule_id")
    )
    return [(pk, free[schedule_id]) for pk, schedule_id in oldest]
