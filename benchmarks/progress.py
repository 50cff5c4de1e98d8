"""What the terminal shows while it measures."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from benchmarks.results import Measurement
from benchmarks.works.interface import Work

SHOWN_COLUMNS = 4


class Progress:
    """A bar at the bottom, one line above it for each finished measurement."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("starting the servers", total=None)

    @contextmanager
    def over(self, total: int) -> Iterator[None]:
        """Show the bar for the block."""
        self._bar.update(self._task, total=total)
        with self._bar:
            yield

    def begin(self, what: str) -> None:
        """Name what is being measured now."""
        self._bar.update(self._task, description=escape(what))

    def advance(self) -> None:
        """One more is done."""
        self._bar.advance(self._task)

    def tell(self, measurement: Measurement, work: Work) -> None:
        """One line with the first figures of a measurement."""
        shown = [
            f"{column.heading} {measurement.figures[column.key]:,.{column.decimals}f}"
            for column in work.columns[:SHOWN_COLUMNS]
            if column.key in measurement.figures
        ]
        name = f"[bold]{work.name}[/] {measurement.peer} #{measurement.run}"
        self._bar.console.print(f"{name}: {escape(', '.join(shown))}{_flaws(measurement)}")

    def warn(self, text: str) -> None:
        """Say that a measurement failed."""
        self._bar.console.print(f"[red]{escape(text)}[/]")


def _flaws(measurement: Measurement) -> str:
    missing, duplicates = (measurement.figures.get(name, 0) for name in ("missing", "duplicates"))
    return (
        f" [red]missing {missing:,.0f}, duplicates {duplicates:,.0f}[/]"
        if missing or duplicates
        else ""
    )
