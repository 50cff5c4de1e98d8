"""The arguments that say when a schedule is due, and what its tasks are like."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta

from tasks_core.engine.schedule import FoldPolicy, GapPolicy, MisfirePolicy, OverlapPolicy
from tasks_core.management.arguments.duration import duration
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.json_input import SOURCES, json_input
from tasks_core.management.arguments.numbers import positive
from tasks_core.management.arguments.priority import NAMES, priority

EXAMPLE = '\'{"dates": ["2026-12-25"], "crons": ["* * * * sat,sun"]}\''


def add_time_arguments(parser: ArgumentParser) -> None:
    """Add what decides when ticks are due."""
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument(
        "--cron", metavar="EXPR", help="Five fields, or six with the seconds first; or @daily."
    )
    when.add_argument(
        "--every",
        type=_interval,
        metavar="TIME",
        help="An interval: 90s, 15m, 2h, '1 h 30 min'.",
    )
    parser.add_argument(
        "--timezone",
        default="UTC",
        metavar="ZONE",
        help="IANA name of the clock that --cron goes by, such as Europe/Berlin. Default: UTC.",
    )
    parser.add_argument(
        "--start-at", type=instant, metavar="TIME", help="The first instant, included."
    )
    parser.add_argument(
        "--end-at", type=instant, metavar="TIME", help="The last instant, included."
    )
    parser.add_argument(
        "--max-runs", type=positive, metavar="N", help="At most so many ticks make a task."
    )
    parser.add_argument(
        "--jitter",
        type=duration,
        default=timedelta(0),
        metavar="TIME",
        help="Put off each tick by less than this, always the same: seconds, or 90s, 15m, 2h.",
    )
    parser.add_argument(
        "--gap",
        choices=[policy.value for policy in GapPolicy],
        default=GapPolicy.SHIFT.value,
        help="What to do with times that clocks leave out. Default: shift.",
    )
    parser.add_argument(
        "--fold",
        choices=[policy.value for policy in FoldPolicy],
        default=FoldPolicy.FIRST.value,
        help="Which to run of times that clocks show twice. Default: first.",
    )
    parser.add_argument(
        "--exclusions",
        type=json_input,
        metavar="JSON",
        help=f"Days and times to leave out, such as {EXAMPLE}: {SOURCES}.",
    )


def add_policy_arguments(parser: ArgumentParser) -> None:
    """Add what becomes of ticks that meet an obstacle."""
    parser.add_argument(
        "--misfire",
        choices=[policy.value for policy in MisfirePolicy],
        default=MisfirePolicy.RUN_ONCE.value,
        help="What to do with ticks that nobody fired in time. Default: run_once.",
    )
    parser.add_argument(
        "--misfire-grace",
        type=duration,
        default=timedelta(minutes=1),
        metavar="TIME",
        help="A tick no later than this is on time. Default: 1m.",
    )
    parser.add_argument(
        "--misfire-max-age",
        type=duration,
        metavar="TIME",
        help="Skip missed ticks later than this.",
    )
    parser.add_argument(
        "--misfire-max-count",
        type=positive,
        metavar="N",
        help="Run at most so many missed ticks, the latest.",
    )
    parser.add_argument(
        "--overlap",
        choices=[policy.value for policy in OverlapPolicy],
        default=OverlapPolicy.ALLOW.value,
        help="What to do while an earlier tick's task has not ended. Default: allow.",
    )


def add_task_arguments(parser: ArgumentParser) -> None:
    """Add what the tasks are like."""
    parser.add_argument(
        "--payload",
        type=json_input,
        default={},
        metavar="JSON",
        help=f"{SOURCES}. Default: {{}}.",
    )
    parser.add_argument(
        "--priority", type=priority, metavar="NAME", help=f"One of {', '.join(NAMES)}."
    )
    parser.add_argument("--queue", metavar="NAME", help="Instead of the queue of its type.")
    parser.add_argument(
        "--retry-policy", metavar="NAME", help="A retry policy, instead of that of its type."
    )
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="A tag; can be repeated."
    )
    parser.add_argument(
        "--expires-after",
        type=duration,
        metavar="TIME",
        help="No attempt begins so long after the tick was due.",
    )


def _interval(text: str) -> timedelta | str:
    """Return the length of time, or else the words: the engine says what is wrong with those.

    Raises:
        ArgumentTypeError: it has fractions of a second.
    """
    try:
        period = duration(text)
    except ArgumentTypeError:
        return text
    if period.microseconds:
        raise ArgumentTypeError(f"{text!r} must be a whole number of seconds")
    return period
