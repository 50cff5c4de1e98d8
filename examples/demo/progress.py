"""The live display: how many messages are in which state, as the database says."""

import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from examples.demo import tables
from examples.demo.counts import STATES, UNFINISHED, progress
from examples.demo.feeder import Feeder
from examples.demo.kinds import LABELS
from examples.payments.gateway import CODE

LOOK_SECONDS = 0.4
STALLED_SECONDS = 60.0
TITLES = {"suppressed": "Sup-\npressed", "expired": "Ex-\npired"}
Counts = dict[str, dict[str, int]]


class Stalled(Exception):
    """Nothing has moved for a while, and not all is done."""


def watch(console: Console, run: str, feeder: Feeder, events: int) -> float:
    """Show the states until all that was asked for has ended, or is held.

    Returns:
        the seconds that it took.

    Raises:
        Stalled: nothing has changed for a minute.
    """
    began = time.monotonic()
    with Live(console=console, refresh_per_second=4, transient=True) as live:

        def show(counts: Counts) -> None:
            seconds = time.monotonic() - began
            live.update(_picture(counts, feeder, events, seconds))

        _look_until_done(run, feeder, show)
    return time.monotonic() - began


def _look_until_done(run: str, feeder: Feeder, show: Callable[[Counts], None]) -> None:
    before: object = None
    changed_at = time.monotonic()
    while True:
        # Asked first: what is announced after that is not in the counts yet.
        is_fed = not feeder.is_alive()
        counts = _counted(run, feeder)
        show(counts)
        if feeder.failure is not None:
            raise feeder.failure
        if is_fed and not _missing(counts, feeder):
            return
        now = (len(feeder.announced), counts)
        if now != before:
            before, changed_at = now, time.monotonic()
        elif time.monotonic() - changed_at > STALLED_SECONDS:
            missing = _missing(counts, feeder)
            raise Stalled(f"{missing:,} messages have not moved for {STALLED_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)


def _counted(run: str, feeder: Feeder) -> Counts:
    """Count what is stored, and the codes that were too late for that."""
    counts = progress(run)
    counts.setdefault(CODE, dict.fromkeys(STATES, 0))["expired"] += feeder.too_late
    return counts


def _ended(states: dict[str, int]) -> int:
    return sum(count for state, count in states.items() if state not in UNFINISHED)


def _missing(counts: Counts, feeder: Feeder) -> int:
    """Count what was asked for and has not ended: it may not be stored yet, as in a broadcast."""
    missing = sum(
        max(0, asked - _ended(counts.get(kind, {}))) for kind, asked in feeder.asked.items()
    )
    return missing or sum(states[state] for states in counts.values() for state in UNFINISHED)


def _picture(counts: Counts, feeder: Feeder, events: int, seconds: float) -> RenderableType:
    total, fed = sum(feeder.asked.values()), len(feeder.announced)
    ended = sum(_ended(states) for states in counts.values())
    bars = Table.grid(padding=(0, 2))
    bars.add_row("Events announced", ProgressBar(events, fed, width=32), f"{fed:,} of {events:,}")
    bars.add_row(
        "Messages ended", ProgressBar(max(total, 1), ended, width=32), f"{ended:,} of {total:,}"
    )
    table = tables.frame("", *(TITLES.get(state, state.capitalize()) for state in STATES))
    for kind, label in LABELS.items():
        states = counts.get(kind, {})
        table.add_row(label, *(tables.number(states.get(state, 0)) for state in STATES))
    return Group(Text(f"\nSending a day of payments · {seconds:.0f} s\n", "bold"), bars, "", table)
