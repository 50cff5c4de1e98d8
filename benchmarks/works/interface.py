"""What a work is: something to measure, and how its figures are shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.arena import Arena, Contender
from benchmarks.peers.registry import OURS
from benchmarks.servers import Pair

Figures = dict[str, float]


@dataclass(frozen=True)
class Size:
    """How much to do. Times are in seconds."""

    shortest_run: float
    live_tasks: int
    scheduled_tasks: int
    scheduled_span: float
    later_tasks: int
    later_budget: float
    crowd_rows: int
    tasks_before: int
    flood_tasks: int
    flood_hold: float
    idle_span: float
    schedules: int
    idle_schedules: int
    webhooks: int
    hanging: int
    mails: int
    rendered: int


FULL = Size(
    shortest_run=5.0,
    live_tasks=2_000,
    scheduled_tasks=2_000,
    scheduled_span=20.0,
    later_tasks=1_000_000,
    later_budget=30.0,
    crowd_rows=10_000_000,
    tasks_before=300_000,
    flood_tasks=1_000_000,
    flood_hold=15.0,
    idle_span=30.0,
    schedules=10_000,
    idle_schedules=100_000,
    webhooks=20_000,
    hanging=300,
    mails=10_000,
    rendered=10_000,
)
QUICK = Size(
    shortest_run=0.5,
    live_tasks=200,
    scheduled_tasks=100,
    scheduled_span=2.0,
    later_tasks=5_000,
    later_budget=3.0,
    crowd_rows=20_000,
    tasks_before=5_000,
    flood_tasks=5_000,
    flood_hold=2.0,
    idle_span=3.0,
    schedules=200,
    idle_schedules=1_000,
    webhooks=1_000,
    hanging=100,
    mails=500,
    rendered=1_000,
)


@dataclass(frozen=True)
class Column:
    """One column of the work's table: the figure's key, the heading and the number of decimals."""

    key: str
    heading: str
    decimals: int = 0


class Run(Protocol):
    """Measure once. `count` is the number of tasks for works whose length depends on it."""

    def __call__(self, arena: Arena, size: Size, count: int) -> Figures: ...


def empty_template(contender: Contender, pair: Pair, rows: int) -> str:
    """The database with nothing but the peer's schema."""
    return contender.template


@dataclass(frozen=True)
class Work:
    """One row of the plan. A figure `span_s` below the shortest run makes the campaign measure
    again, with more tasks.
    """

    name: str
    title: str
    explanation: str
    columns: tuple[Column, ...]
    run: Run
    #: Whether this work makes sense for a peer.
    suits: Callable[[Contender], bool]
    #: Tasks a second to expect, to choose the number of tasks; the peer's drain rate is the
    #: argument.
    rate: Callable[[float], float] = lambda drain_rate: drain_rate
    #: The database to copy, given the number of rows of `Size.crowd_rows`; the peer's empty one by
    #: default.
    template: Callable[[Contender, Pair, int], str] = empty_template


def everyone(contender: Contender) -> bool:
    """For works that every peer can do that runs tasks of any kind."""
    return "noop" in contender.description["handlers"]


def who_can(handler: str) -> Callable[[Contender], bool]:
    """For works with messages."""
    return lambda contender: handler in contender.description["handlers"]


def ours_only(contender: Contender) -> bool:
    """For works that are about our own promises."""
    return contender.entry == OURS


def who_schedules(contender: Contender) -> bool:
    """For works with tasks for later."""
    return everyone(contender) and contender.description["schedules"]


def who_has_bulk(contender: Contender) -> bool:
    """For works about bulk calls."""
    return everyone(contender) and contender.description["bulk"]


def checked(arena: Arena, ids: Sequence[int]) -> Figures:
    """How many of `ids` are missing from the ledger, and how many executions are too many."""
    tally = arena.ledger.tally(ids)
    return {
        "expected": tally.expected,
        "missing": tally.missing,
        "duplicates": tally.duplicates,
    }


def rounded(figures: Mapping[str, float]) -> Figures:
    """Six significant digits are more than any measurement has."""
    return {name: float(f"{value:.6g}") for name, value in figures.items()}
