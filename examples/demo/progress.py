"""The live display: how many messages are in which state, as the database says."""

import time
from collections.abc import Callable, Mapping

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from examples.demo import tables
from examples.demo.counts import STATES, progress
from examples.demo.feeder import Feeder

LOOK_SECONDS = 0.4
STALLED_SECONDS = 60.0
UNFINISHED = ("waiting", "sending", "retrying")
Counts = Mapping[str, Mapping[str, int]]


class Stalled(Exception):
    """Nothing has moved for a while, and not all is done."""


def watch(console: Console, run: str, feeder: Feeder, events: int) -> float:
    """Show the states until all events are announced and all messages have ended.

    Returns:
        the seconds that it took.

    Raises:
        Stalled: nothing has changed for a minute.
    """
    began = time.monotonic()
    with Live(console=console, refresh_per_second=4, transient=True) as live:

        def show(counts: Counts) -> None:
            seconds = time.monotonic() - began
            live.update(_picture(counts, len(feeder.announced), events, seconds))

        _look_until_done(run, feeder, show)
    return time.monotonic() - began


def _look_until_done(run: str, feeder: Feeder, show: Callable[[Counts], None]) -> None:
    before: object = None
    changed_at = time.monotonic()
    while True:
        # Asked first: what is announced after that is not in the counts yet.
        is_fed = not feeder.is_alive()
        counts = progress(run)
        show(counts)
        if feeder.failure is not None:
            raise feeder.failure
        if is_fed and not _unfinished(counts):
            return
        now = (len(feeder.announced), counts)
        if now != before:
            before, changed_at = now, time.monotonic()
        elif time.monotonic() - changed_at > STALLED_SECONDS:
            raise Stalled(
                f"{_unfinished(counts):,} messages have not moved for {STALLED_SECONDS:g} s"
            )
        time.sleep(LOOK_SECONDS)


def _unfinished(counts: Counts) -> int:
    return sum(states[state] for states in counts.values() for state in UNFINISHED)


def _picture(counts: Counts, fed: int, events: int, seconds: float) -> RenderableType:
    total = sum(sum(states.values()) for states in counts.values())
    ended = total - _unfinished(counts)
    bars = Table.grid(padding=(0, 2))
    bars.add_row("Events announced", ProgressBar(events, fed, width=32), f"{fed:,} of {events:,}")
    bars.add_row(
        "Messages ended", ProgressBar(max(total, 1), ended, width=32), f"{ended:,} of {total:,}"
    )
    table = tables.frame("", *(state.capitalize() for state in STATES))
    for category, label in tables.LABELS.items():
        states = counts.get(category, {})
        table.add_row(label, *(tables.number(states.get(state, 0)) for state in STATES))
    return Group(Text(f"\nSending a day of payments · {seconds:.0f} s\n", "bold"), bars, "", table)
