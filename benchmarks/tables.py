"""Markdown tables of the results."""

from collections.abc import Iterable, Sequence
from math import inf
from statistics import median

from benchmarks.goals import Goal
from benchmarks.peers.registry import PEERS
from benchmarks.results import Measurement, Results, figures_of
from benchmarks.works.interface import Column, Work


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, text_columns: int = 1) -> str:
    """A Markdown table; all columns after the first `text_columns` are numbers."""
    rules = ["---"] * text_columns + ["---:"] * (len(headings) - text_columns)
    return "\n".join("| " + " | ".join(row) + " |" for row in (headings, rules, *rows))


def work_table(results: Results, work: Work, *, durable: bool) -> str | None:
    """The table of one work for the durable peers or for the others; None if none was measured."""
    peers = [name for name in results.peers(work.name) if PEERS[name].durable is durable]
    if not peers:
        return None
    rows = [_row(name, results.of(work.name, name), work.columns) for name in peers]
    best_first = sorted(
        zip(peers, rows, strict=True), key=lambda pair: _rank(results, work, pair[0])
    )
    headings = (
        "peer",
        "runs",
        *(column.heading for column in work.columns),
        "missing / duplicates",
    )
    return table(headings, [row for _, row in best_first])


def goals_table(results: Results, goals: Iterable[Goal]) -> str:
    """Promise, figure, verdict."""
    return table(
        ("goal", "wanted", "measured", "met"), [_goal_row(goal, results) for goal in goals]
    )


def peers_table(measured: Iterable[Measurement]) -> str:
    """Versions and settings of everybody who was measured; the latest counts."""
    latest = {measurement.peer: measurement for measurement in measured}
    rows = [
        (
            name,
            ", ".join(f"{k} {v}" for k, v in latest[name].versions.items()),
            latest[name].settings,
        )
        for name in PEERS
        if name in latest
    ]
    return table(("peer", "versions", "settings"), rows, text_columns=3)


def spread(values: Sequence[float], decimals: int) -> str:
    """Median, and in parentheses the smallest and the largest if these differ."""
    if not values:
        return "-"
    low, middle, high = (
        f"{value:,.{decimals}f}" for value in (min(values), median(values), max(values))
    )
    return middle if low == high else f"{middle} ({low} to {high})"


def _rank(results: Results, work: Work, peer: str) -> float:
    """Small for the best: rates count upwards, times downwards."""
    rated = next(c for c in work.columns if c.key.endswith(("per_s", "_ms", "percent")))
    value = results.median(work.name, peer, rated.key)
    if value is None:
        return inf
    return -value if rated.key.endswith("per_s") else value


def _row(name: str, runs: Sequence[Measurement], columns: Sequence[Column]) -> list[str]:
    cells = [spread(figures_of(runs, column.key), column.decimals) for column in columns]
    return [name, str(len(runs)), *cells, _checked(runs)]


def _checked(runs: Sequence[Measurement]) -> str:
    expected, missing, duplicates = (
        sum(figures_of(runs, name)) for name in ("expected", "missing", "duplicates")
    )
    return f"{missing:,.0f} / {duplicates:,.0f} of {expected:,.0f}" if expected else "-"


def _goal_row(goal: Goal, results: Results) -> tuple[str, str, str, str]:
    value = goal.value(results)
    measured = "-" if value is None else f"{value:,.{goal.decimals}f}"
    verdict = {None: "not measured", True: "yes", False: "**no**"}[goal.met(results)]
    return goal.text, f"{goal.sign} {goal.limit:,g}", measured, verdict
