"""The demo with a killed process of the worker's pool."""

from pathlib import Path

import pytest

from tests.acceptance.demo_run import EVENTS, DemoRun, kill
from tests.acceptance.demo_totals import expected, totals

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300), pytest.mark.endurance]


def test_a_killed_pool_process_loses_nothing(demo_folder: Path) -> None:
    with DemoRun(demo_folder) as run:
        run.wait_delivered(40)
        worker = run.platform("worker")
        child = worker.children()[0]
        kill(child)
        assert totals(run.finish()) == expected(EVENTS)
        assert not child.is_running()
