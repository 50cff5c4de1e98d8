"""The demo that is stopped in the middle, and run again on top of what it left."""

import os
from pathlib import Path

import psutil
import pytest

from scheduler_project.launch.leftovers import MARK
from tests.acceptance.demo_run import DemoRun
from tests.acceptance.demo_totals import expected, totals

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300), pytest.mark.endurance]


def processes_of(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            variables = process.environ()
        except psutil.Error:
            continue
        if str(folder) in (variables.get(MARK), variables.get("BELLRINGER_DATA_DIR")):
            found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def test_an_interrupted_run_leaves_no_process_and_the_next_one_adds_up(demo_folder: Path) -> None:
    with DemoRun(demo_folder) as run:
        run.wait_delivered(30)
        run.interrupt()
        assert run.wait() == 130
    assert "Traceback" not in run.output
    assert processes_of(demo_folder) == []
    with DemoRun(demo_folder, events=100) as again:
        assert totals(again.finish()) == expected(100)
