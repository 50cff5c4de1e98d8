"""The demo with a killed beat."""

from pathlib import Path

import pytest

from tests.acceptance.demo_run import EVENTS, DemoRun, kill
from tests.acceptance.demo_totals import expected, totals

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300), pytest.mark.endurance]


def test_a_killed_beat_loses_nothing(demo_folder: Path) -> None:
    with DemoRun(demo_folder) as run:
        run.wait_delivered(40)
        beat = run.platform("beat")
        kill(beat)
        assert run.platform("beat").pid != beat.pid
        assert totals(run.finish()) == expected(EVENTS)
