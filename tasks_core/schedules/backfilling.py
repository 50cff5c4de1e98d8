"""Run a past range of a schedule after all, a few at a time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction

from tasks_core import clock, database
from tasks_core.broker.nudge import nudge_on_commit
from tasks_core.client import options
from tasks_core.database.brief_transaction import brief_transaction
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.engine.schedule import Tick, TickOutcome, latest_ticks
from tasks_core.engine.schedule.bounds import JUST
from tasks_core.engine.states import UNSUCCESSFUL
from tasks_core.exceptions import InvalidOption, InvalidSchedule, InvalidTransition
from tasks_core.models import Backfill, Occurrence, Task
from tasks_core.schedules.definition import require_steerable
from tasks_core.schedules.firing import RUNS
from tasks_core.schedules.lookup import get_schedule, lock_schedule
from tasks_core.schedules.recurrence import recurrence_of
from tasks_core.sql import ledger
from tasks_core.sql.ledger import Decision, NewTick

BATCH = 200
"""Ticks that one step looks at."""

AT_ONCE = 100
"""Backfills that one call looks at."""

_last = 0

_failing = RowBackoff(
    "backfill {} cannot go on", "Mend the definition of its schedule, or cancel the backfill."
)

CALLERS_AHEAD = timedelta(seconds=5)
"""A caller whose clock is ahead of the database's by no more may call its own present instant ``end``."""

OPEN = frozenset({TickOutcome.UPCOMING, TickOutcome.BUFFERED})
LEFT_OUT = frozenset({TickOutcome.EXCLUDED, TickOutcome.SKIPPED_DST})


def backfill(
    name: str,
    start: datetime,
    end: datetime,
    *,
    order: str = "oldest",
    reprocess: str = "none",
    concurrency: int = 1,
    author: str = "",
) -> Backfill:
    """Run the ticks of a past range that have not been run; the handler gets the time of each.

    What the ledger has as skipped, missed, paused or cancelled counts as not run; what exclusions or the
    change of clocks leave out stays out.

    Args:
        name: of the schedule.
        start: aware, the first instant, included.
        end: aware, the last instant, included; it must not lie in the future.
        order: ``oldest`` or ``newest`` first.
        reprocess: which are run again: ``none``, those that ``failed``, or ``all``.
        concurrency: at most so many of its tasks are unfinished at a time.
        author: who asked for it.

    Raises:
        ScheduleNotFound: there is none of that name.
        InnerTaskType: it runs what only the platform makes.
        InvalidSchedule, InvalidOption: nothing was written; the message names what is wrong.
    """
    now = clock.now()
    start, end = _range(start, end, now)
    for field, value, choices in (
        ("order", order, Backfill.Order),
        ("reprocess", reprocess, Backfill.Reprocess),
    ):
        if value not in choices.values:
            raise InvalidOption(
                f"{field} must be one of {', '.join(choices.values)}, not {value!r}"
            )
    if type(concurrency) is not int or not 1 <= concurrency <= 10_000:
        raise InvalidOption(f"concurrency must be between 1 and 10,000, not {concurrency!r}")
    author = options.short_text("author", author[:150], 150)
    with transaction.atomic(using=database.alias()):
        # Locked: else one that is being deleted might end without this.
        schedule = lock_schedule(name)
        require_steerable(schedule)
        return Backfill.objects.create(
            schedule=schedule,
            start=start,
            end=end,
            order=order,
            reprocess=reprocess,
            concurrency=concurrency,
            created_by=author,
            created_at=now,
        )


def preview_backfill(
    name: str, start: datetime, end: datetime, *, order: str = "oldest", reprocess: str = "none"
) -> Iterator[datetime]:
    """Yield the due times that ``backfill`` would run, and write nothing.

    Raises:
        ScheduleNotFound, InvalidSchedule: as ``backfill``.
    """
    start, end = _range(start, end, clock.now())
    plan = Backfill(
        schedule=get_schedule(name), start=start, end=end, order=order, reprocess=reprocess
    )
    while ticks := _next_ticks(plan):
        plan.position = ticks[-1].due
        known = _known(plan, ticks)
        yield from (tick.due for tick in ticks if _wants(plan, tick, known.get(tick.due)))


def cancel_backfill(backfill_id: int) -> None:
    """Enqueue no more of a backfill; its tasks that exist go on.

    Raises:
        InvalidTransition: it has ended, or there is none.
    """
    active = Backfill.objects.at_work().filter(pk=backfill_id)
    if not active.update(cancelled_at=clock.now()):
        raise InvalidTransition(f"there is no backfill {backfill_id} that is still at work")


def cancel_backfills(name: str) -> list[int]:
    """Enqueue no more of any backfill of a schedule; return which were at work. Their tasks go on.

    Raises:
        ScheduleNotFound: there is none of that name.
        InvalidTransition: it has no backfill that is at work.
    """
    schedule = get_schedule(name)
    with transaction.atomic(using=database.alias()):
        found = Backfill.objects.at_work().filter(schedule=schedule).select_for_update()
        ids = sorted(found.values_list("pk", flat=True))
        Backfill.objects.at_work().filter(pk__in=ids).update(cancelled_at=clock.now())
    if not ids:
        raise InvalidTransition(f"schedule {name!r} has no backfill that is at work")
    return ids


def advance_backfills() -> int:
    """Enqueue what active backfills have room for; return how many ticks were looked at."""
    global _last
    active = Backfill.objects.at_work().exclude(pk__in=_failing.ids()).values_list("pk", flat=True)
    # From where the last call ended: those that wait for their tasks must not hold back the others.
    in_turn = sorted(active, key=lambda pk: (pk <= _last, pk))
    looked_at = 0
    for pk in in_turn[:AT_ONCE]:
        _last = pk
        with _failing.stepping_past(pk):
            looked_at += _advance(pk)
    return looked_at


def _advance(backfill_id: int) -> int:
    with brief_transaction():
        # The schedule's lock as well: whoever settles its ticks holds that. Neither is waited for: who
        # ends a schedule takes them the other way round.
        plan = (
            Backfill.objects.at_work()
            .select_related("schedule")
            .select_for_update(skip_locked=True)
            .filter(pk=backfill_id)
            .first()
        )
        if plan is None:
            return 0
        room = plan.concurrency - _unfinished(plan)
        if room <= 0:
            return 0
        ticks = _next_ticks(plan)
        if not ticks:
            Backfill.objects.at_work().filter(pk=plan.pk).update(finished_at=clock.now())
            return 0
        return _enqueue(plan, ticks, room)


def _enqueue(plan: Backfill, ticks: list[Tick], room: int) -> int:
    known = _known(plan, ticks)
    wanted: list[Tick] = []
    looked_at = 0
    for tick in ticks:
        if _wants(plan, tick, known.get(tick.due)):
            if len(wanted) == room:
                break
            wanted.append(tick)
        looked_at += 1
        plan.position = tick.due
    if wanted:
        _run(plan, wanted)
    Backfill.objects.filter(pk=plan.pk).update(
        position=plan.position,
        looked_at=plan.looked_at + looked_at,
        enqueued=plan.enqueued + len(wanted),
    )
    return looked_at


def _run(plan: Backfill, ticks: list[Tick]) -> None:
    now = clock.now()
    dues = [tick.due for tick in ticks]
    rows = [NewTick(plan.schedule_id, due, due, TickOutcome.UPCOMING) for due in dues]
    ledger.add_ticks(rows, now=now)
    occurrences = Occurrence.objects.filter(schedule_id=plan.schedule_id, due__in=dues)
    occurrences.update(
        outcome=TickOutcome.UPCOMING,
        kind=Occurrence.Kind.BACKFILL,
        backfill=plan,
        task_id=None,
        reason="",
    )
    ids = occurrences.order_by("due").values_list("pk", flat=True)
    ledger.settle([Decision(pk, TickOutcome.CAUGHT_UP, makes_task=True) for pk in ids], now=now)
    nudge_on_commit()


def _wants(plan: Backfill, tick: Tick, known: tuple[str, bool] | None) -> bool:
    """Tell whether a tick is to be run, given its outcome so far and whether its task failed."""
    if tick.withheld is not None:
        return False
    if known is None:
        return True
    outcome, has_failed = known
    if outcome in OPEN or outcome in LEFT_OUT:
        return False
    if outcome not in RUNS or plan.reprocess == Backfill.Reprocess.ALL:
        return True
    return has_failed and plan.reprocess == Backfill.Reprocess.FAILED


def _known(plan: Backfill, ticks: list[Tick]) -> dict[datetime, tuple[str, bool]]:
    rows = list(
        Occurrence.objects.filter(
            schedule_id=plan.schedule_id, due__in=[tick.due for tick in ticks]
        ).values_list("due", "outcome", "task_id", "backfill_id")
    )
    tasks = [task_id for _, _, task_id, _ in rows if task_id is not None]
    failed = set(
        Task.objects.filter(pk__in=tasks, state__in=sorted(UNSUCCESSFUL)).values_list(
            "pk", flat=True
        )
    )
    found = {}
    for due, outcome, task_id, backfill_id in rows:
        ran_here = backfill_id == (plan.pk or -1)
        if not ran_here or outcome in OPEN:
            found[due] = (outcome, task_id in failed)
        else:
            found[due] = (TickOutcome.UPCOMING, False)  # once is enough
    return found


def _next_ticks(plan: Backfill) -> list[Tick]:
    recurrence = recurrence_of(plan.schedule)
    if plan.order == Backfill.Order.OLDEST:
        after = plan.position or plan.start - JUST
        return list(islice(recurrence.ticks(after, plan.end), BATCH))
    until = plan.position - JUST if plan.position else plan.end
    return latest_ticks(recurrence, after=plan.start - JUST, until=until, count=BATCH)[::-1]


def _unfinished(plan: Backfill) -> int:
    tasks = Occurrence.objects.filter(backfill=plan, task_id__isnull=False).values("task_id")
    return Task.objects.unfinished().filter(schedule_id=plan.schedule_id, pk__in=tasks).count()


def _range(start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    start, end = options.instant("start", start), options.instant("end", end)
    if not start <= end <= now + CALLERS_AHEAD:
        raise InvalidSchedule(
            f"start ({start.isoformat()}) must not lie after end ({end.isoformat()}), "
            f"nor end after now ({now.isoformat()})"
        )
    return min(start, now), min(end, now)
