"""Which measurements are made, and how long they are."""

from pathlib import Path

import pytest

from benchmarks.arguments import parse
from benchmarks.peers.registry import PEERS
from benchmarks.plan import Cell, cells, first_count, longer
from benchmarks.quantiles import quantile
from benchmarks.results import Results
from benchmarks.works.interface import FULL
from benchmarks.works.registry import WORKS


def test_repetitions_go_round_all_works_and_peers() -> None:
    arguments = parse(
        ["--work", "noop", "--work", "live", "--peer", "celery", "--peer", "huey", "--runs", "2"]
    )
    order = [(cell.run, cell.work.name, cell.entry.name) for cell in cells(arguments)]
    assert order == [
        (run, work, peer)
        for run in (1, 2)
        for work in ("noop", "live")
        for peer in ("celery", "huey")
    ]


def test_everything_is_measured_three_times_unless_said_otherwise() -> None:
    assert len(list(cells(parse([])))) == 3 * len(WORKS) * len(PEERS)


@pytest.mark.parametrize("mistake", ["--work nap", "--peer cron", "--runs 0"])
def test_a_mistake_is_refused_with_what_would_be_right(
    mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(mistake.split())
    said = capsys.readouterr().err
    assert "choose from" in said or "must be 1 or more" in said


def test_the_first_run_is_planned_longer_than_the_shortest(tmp_path: Path) -> None:
    cell = Cell(WORKS["noop"], PEERS["celery"], 1)
    count = first_count(cell, FULL, Results(tmp_path / "none.json"))
    assert count / PEERS["celery"].drain_rate > FULL.shortest_run


def test_a_run_that_was_too_short_is_made_again_with_more() -> None:
    assert longer(1000, span=1.0, size=FULL) == 6250


def test_quantiles_are_measured_values() -> None:
    ordered = [float(n) for n in range(100)]
    assert quantile(ordered, 0.5) == 50.0
    assert quantile(ordered, 0.99) == 99.0
    assert quantile([4.0], 0.99) == 4.0
