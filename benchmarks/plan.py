"""What to measure, in which order, and how many tasks at first."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from benchmarks.arguments import Arguments
from benchmarks.peers.registry import PEERS, Entry
from benchmarks.results import Results
from benchmarks.works.interface import Size, Work
from benchmarks.works.registry import WORKS

#: So much longer than the shortest run a run is planned, because rates vary.
MARGIN = 1.25
FEWEST_TASKS = 20


@dataclass(frozen=True)
class Cell:
    """One measurement to make."""

    work: Work
    entry: Entry
    run: int

    def __str__(self) -> str:
        return f"{self.work.name} · {self.entry.name} · run {self.run}"


def cells(arguments: Arguments) -> Iterator[Cell]:
    """Repetitions go round all works and peers, so that a slow hour of the machine hits all
    alike.
    """
    for run in range(1, arguments.runs + 1):
        for work in arguments.works:
            for peer in arguments.peers:
                yield Cell(WORKS[work], PEERS[peer], run)


def first_count(cell: Cell, size: Size, results: Results) -> int:
    """Tasks for a run that is just long enough, by earlier runs if there are any."""
    known = results.median(cell.work.name, cell.entry.name, "per_s")
    rate = known or cell.work.rate(cell.entry.drain_rate)
    return max(FEWEST_TASKS, ceil(rate * size.shortest_run * MARGIN))


def longer(count: int, span: float, size: Size) -> int:
    """Tasks for a run that is long enough, after `count` took only `span` seconds."""
    return ceil(count * MARGIN * size.shortest_run / max(span, size.shortest_run / 20))
