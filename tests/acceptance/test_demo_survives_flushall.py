"""The demo with a broker that forgets everything."""

from pathlib import Path

import pytest

from tests.acceptance.demo_run import EVENTS, DemoRun
from tests.acceptance.demo_totals import expected, totals

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300), pytest.mark.endurance]


def test_a_flushed_broker_loses_nothing(demo_folder: Path) -> None:
    with DemoRun(demo_folder) as run:
        run.wait_delivered(40)
        run.flush_broker()
        run.wait_delivered(40)
        run.flush_broker()
        assert totals(run.finish()) == expected(EVENTS)
