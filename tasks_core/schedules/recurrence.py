"""From the row of a schedule to its rule of time."""

from collections.abc import Callable

from tasks_core.engine.instants import InvalidInstant, checked_instant, read_instant
from tasks_core.engine.schedule import (
    Bounded,
    Cron,
    CronExpression,
    DstPolicy,
    Excluding,
    Exclusions,
    FoldPolicy,
    GapPolicy,
    Interval,
    InvalidSchedule,
    MisfirePolicy,
    MisfireRule,
    Once,
    Recurrence,
    parse_interval,
    zone_named,
)
from tasks_core.models import Schedule
from tasks_core.schedules.solar import Solar


def recurrence_of(schedule: Schedule) -> Recurrence:
    """Return the ticks of a schedule: its expression within its bounds, exclusions marked.

    Raises:
        InvalidSchedule: a part of it cannot be understood; the message names it.
    """
    bounded = Bounded(_KINDS[schedule.kind](schedule), schedule.start_at, schedule.end_at)
    exclusions = Exclusions.from_json(schedule.exclusions or {})
    return Excluding(bounded, exclusions) if exclusions else bounded


def misfire_rule_of(schedule: Schedule) -> MisfireRule:
    """Return what becomes of the ticks that a schedule has missed.

    Raises:
        ValueError: its limits contradict each other.
    """
    return MisfireRule(
        policy=MisfirePolicy(schedule.misfire_policy),
        grace=schedule.misfire_grace,
        max_age=schedule.misfire_max_age,
        max_count=schedule.misfire_max_count,
    )


def _cron(schedule: Schedule) -> Recurrence:
    expression = CronExpression.parse(schedule.expression, both_days=schedule.matches_both_days)
    dst = DstPolicy(gap=GapPolicy(schedule.gap_policy), fold=FoldPolicy(schedule.fold_policy))
    return Cron(expression, zone_named(schedule.timezone), dst)


def _interval(schedule: Schedule) -> Recurrence:
    return Interval(
        parse_interval(schedule.expression), schedule.anchor, zone_named(schedule.timezone)
    )


def _once(schedule: Schedule) -> Recurrence:
    try:
        at = read_instant(schedule.expression)
    except ValueError:
        raise InvalidSchedule(
            "expression", schedule.expression, "is no instant, write 2026-12-24T18:00:00+00:00"
        ) from None
    zone = zone_named(schedule.timezone)
    at = at if at.tzinfo is not None else at.replace(tzinfo=zone)
    try:
        checked_instant(at)
    except InvalidInstant as problem:
        raise InvalidSchedule("expression", schedule.expression, str(problem)) from None
    return Once(at, zone)


def _solar(schedule: Schedule) -> Recurrence:
    return Solar.parse(schedule.expression, zone_named(schedule.timezone))


_KINDS: dict[str, Callable[[Schedule], Recurrence]] = {
    Schedule.Kind.CRON: _cron,
    Schedule.Kind.INTERVAL: _interval,
    Schedule.Kind.ONCE: _once,
    Schedule.Kind.SOLAR: _solar,
}
