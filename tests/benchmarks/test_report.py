"""Results, goals and tables."""

from pathlib import Path

import pytest

from benchmarks.books import BOOKS
from benchmarks.goals import TASK_GOALS, Goal, ours, ratio
from benchmarks.machine import Machine
from benchmarks.report import report
from benchmarks.results import Measurement, Results
from benchmarks.tables import spread, work_table
from benchmarks.works.registry import WORKS

MACHINE = Machine("chip", 2, 24, "Linux 6", "3.11.7", "18.1", "9.1")


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "results.json")


def keep(results: Results, peer: str, run: int, code: str = "a", **figures: float) -> None:
    at = f"2026-01-01T00:00:{run:02}"
    results.keep(Measurement("noop", peer, run, code, at, figures, "as it is", {}), MACHINE)


def test_finished_measurements_survive_a_restart(results: Results, tmp_path: Path) -> None:
    keep(results, "celery", 1, per_s=1000.0)
    again = Results(tmp_path / "results.json")
    assert again.has("noop", "celery", 1, "a")
    assert not again.has("noop", "celery", 2, "a")
    assert again.median("noop", "celery", "per_s") == 1000.0


def test_a_measurement_of_other_code_is_made_again(results: Results) -> None:
    keep(results, "celery", 1, code="a", per_s=1000.0)
    assert not results.has("noop", "celery", 1, "b")


def test_runs_of_older_code_are_not_mixed_with_newer_ones(results: Results) -> None:
    keep(results, "celery", 1, code="a", per_s=1.0)
    keep(results, "celery", 2, code="b", per_s=1000.0)
    assert results.median("noop", "celery", "per_s") == 1000.0


def test_median_and_range_are_shown(results: Results) -> None:
    assert spread([3.0, 1.0, 2.0], 1) == "2.0 (1.0 to 3.0)"
    assert spread([2.0, 2.0], 0) == "2"
    assert spread([], 0) == "-"


def test_the_best_peer_comes_first_and_broker_only_peers_apart(results: Results) -> None:
    keep(results, "pgqueuer", 1, per_s=6000.0, expected=10, missing=1, duplicates=0)
    keep(results, "bellringer", 1, per_s=20000.0, expected=10, missing=0, duplicates=0)
    keep(results, "celery", 1, per_s=1000.0)
    durable = work_table(results, WORKS["noop"], durable=True)
    assert durable is not None
    first, second = durable.splitlines()[2:]
    assert first.startswith("| bellringer | 1 | 20,000 |")
    assert second.endswith("| 1 / 0 of 10 |")


def test_the_least_late_comes_first_however_many_later_tasks_it_held(results: Results) -> None:
    for peer, late in (("huey", 500.0), ("celery", 2.0)):
        figures = {"later": late, "p50_ms": late}
        kept = Measurement("scheduled-later", peer, 1, "a", "2026", figures, "", {})
        results.keep(kept, MACHINE)
    rows = work_table(results, WORKS["scheduled-later"], durable=False)
    assert rows is not None
    assert rows.splitlines()[2].startswith("| celery |")


@pytest.mark.parametrize(
    ("rate", "verdict"), [(12000.0, True), (11999.0, False)], ids=["at the limit", "below"]
)
def test_a_goal_is_met_from_its_limit_on(results: Results, rate: float, verdict: bool) -> None:
    keep(results, "bellringer", 1, per_s=rate)
    keep(results, "celery", 1, per_s=1000.0)
    assert TASK_GOALS[0].met(results) is verdict


def test_a_goal_whose_base_was_not_measured_is_left_open(results: Results) -> None:
    keep(results, "bellringer", 1, per_s=1.0)
    goal = Goal("x", ratio(ours("noop", "per_s"), ours("live", "p50_ms")), "≥", 1)
    assert goal.met(results) is None


def test_the_report_holds_goals_machine_and_settings(results: Results) -> None:
    keep(results, "celery", 1, per_s=1000.0)
    tasks, _ = BOOKS
    text = report(results, tasks)
    assert "2 cores (chip), 24 GB" in text
    assert "| no-op drain, times bare Celery | ≥ 12 | - | not measured |" in text
    assert "| celery |  | as it is |" in text


def test_a_report_says_when_its_own_works_were_measured(results: Results) -> None:
    keep(results, "celery", 1, per_s=1000.0)
    _, messages = BOOKS
    assert "Nothing has been measured yet." in report(results, messages)
    figures = {"per_s": 2000.0}
    kept = Measurement("webhooks", "bellringer", 1, "a", "2027", figures, "", {})
    results.keep(kept, MACHINE)
    assert "from 2027 to 2027 on" in report(results, messages)
    assert "no-op" not in report(results, messages)


def test_every_work_is_in_one_report() -> None:
    assert [work for book in BOOKS for work in book.works] == list(WORKS)
