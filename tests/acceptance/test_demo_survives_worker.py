"""The demo with a killed worker: all its processes at once."""

from pathlib import Path

import pytest

from tests.acceptance.demo_run import EVENTS, DemoRun, kill
from tests.acceptance.demo_totals import expected, totals

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


def test_a_killed_worker_loses_nothing(demo_folder: Path) -> None:
    with DemoRun(demo_folder) as run:
        run.wait_delivered(40)
        worker = run.platform("worker")
        kill(worker, *worker.children())
        assert run.platform("worker").pid != worker.pid
        assert totals(run.finish()) == expected(EVENTS)
