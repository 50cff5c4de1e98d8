"""The execution log."""

import os
from pathlib import Path

import pytest

from benchmarks import ledger
from benchmarks.ledger import FIRST_WARM_UP_ID, Execution, Ledger, Tally


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setenv(ledger.PATH_VARIABLE, str(tmp_path / "ledger"))
    monkeypatch.setattr(ledger, "_descriptor", ledger._descriptor.__wrapped__)
    return Ledger(tmp_path / "ledger")


def test_what_is_recorded_is_read_back(log: Ledger) -> None:
    ledger.record(7, 1.25, 2.5)
    assert list(log.executions()) == [Execution(7, 1.25, 2.5)]
    assert log.size() == 1


def test_records_of_forked_processes_do_not_overwrite_each_other(log: Ledger) -> None:
    children = []
    for child in range(4):
        if (pid := os.fork()) == 0:
            for i in range(500):
                ledger.record(child * 500 + i, 0.0, 0.0)
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    assert log.tally(range(2000)) == Tally(expected=2000, missing=0, duplicates=0)


def test_what_is_under_way_at_once_is_counted_at_its_peak() -> None:
    spans = [(0.0, 3.0), (1.0, 2.0), (2.0, 4.0), (2.5, 2.75), (5.0, 6.0)]
    assert ledger.most_at_once(Execution(i, *span) for i, span in enumerate(spans)) == 3
    assert ledger.most_at_once([]) == 0


def test_the_tally_tells_missing_and_repeated_and_unknown_ids(log: Ledger) -> None:
    for i in (0, 1, 1, 99):
        ledger.record(i, 0.0, 0.0)
    assert log.tally(range(3)) == Tally(expected=3, missing=1, duplicates=2)


def test_warm_up_is_no_part_of_the_figures(log: Ledger) -> None:
    ledger.record(FIRST_WARM_UP_ID, 0.0, 0.0)
    ledger.record(FIRST_WARM_UP_ID, 0.0, 0.0)
    assert log.warmed_up() == 1
    assert log.tally(range(0)) == Tally(expected=0, missing=0, duplicates=0)


def test_a_record_that_is_there_in_part_is_left_for_later(log: Ledger) -> None:
    ledger.record(1, 0.0, 0.0)
    with log.path.open("ab") as file:
        file.write(b"half")
    assert [execution.task for execution in log.executions()] == [1]
