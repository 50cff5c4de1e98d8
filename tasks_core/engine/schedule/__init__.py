"""When a schedule is due, and what becomes of each tick: pure rules, no clock, no database."""

from tasks_core.engine.schedule.bounds import Bounded
from tasks_core.engine.schedule.cron import Cron
from tasks_core.engine.schedule.describe import describe
from tasks_core.engine.schedule.dst import DstPolicy, FoldPolicy, GapPolicy
from tasks_core.engine.schedule.errors import (
    InvalidCron,
    InvalidExclusions,
    InvalidInterval,
    InvalidSchedule,
    InvalidZone,
)
from tasks_core.engine.schedule.exclusions import Excluding, Exclusions
from tasks_core.engine.schedule.expression import CronExpression
from tasks_core.engine.schedule.interval import Interval, parse_interval
from tasks_core.engine.schedule.jitter import jitter_delay
from tasks_core.engine.schedule.latest import latest_ticks
from tasks_core.engine.schedule.misfire import MisfirePolicy, MisfireRule, settle
from tasks_core.engine.schedule.once import Once
from tasks_core.engine.schedule.outcome import FINAL, TickOutcome
from tasks_core.engine.schedule.overlap import (
    OverlapDecision,
    OverlapPolicy,
    Running,
    on_overlap,
)
from tasks_core.engine.schedule.tick import Recurrence, Tick
from tasks_core.engine.schedule.zones import zone_named

__all__ = [
    "FINAL",
    "Bounded",
    "Cron",
    "CronExpression",
    "DstPolicy",
    "Excluding",
    "Exclusions",
    "FoldPolicy",
    "GapPolicy",
    "Interval",
    "InvalidCron",
    "InvalidExclusions",
    "InvalidInterval",
    "InvalidSchedule",
    "InvalidZone",
    "MisfirePolicy",
    "MisfireRule",
    "Once",
    "OverlapDecision",
    "OverlapPolicy",
    "Recurrence",
    "Running",
    "Tick",
    "TickOutcome",
    "describe",
    "jitter_delay",
    "latest_ticks",
    "on_overlap",
    "parse_interval",
    "settle",
    "zone_named",
]
