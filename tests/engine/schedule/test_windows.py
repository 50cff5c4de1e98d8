"""A window may begin in the middle of a night when clocks are changed."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks_core.engine.schedule import Cron, CronExpression, DstPolicy, FoldPolicy, zone_named
from tests.engine.schedule.oracle import spells
from tests.engine.schedule.samples import ZONES

BERLIN = zone_named("Europe/Berlin")
BETWEEN_THE_PASSES = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45, for the first time


@pytest.mark.parametrize(
    ("text", "right"),
    [("30 2 * * *", 1.5), ("*/30 * * * *", 1.0), ("0 0,2 * * *", 1.0)],
)
def test_what_comes_a_second_time_is_still_ahead(text: str, right: float) -> None:
    cron = Cron(CronExpression.parse(text), BERLIN, DstPolicy(fold=FoldPolicy.LAST))
    tick = next(cron.ticks(BETWEEN_THE_PASSES))
    assert tick.due == datetime(2026, 10, 25, tzinfo=UTC) + timedelta(hours=right)
    assert tick.withheld is None


@pytest.mark.parametrize("zone", ZONES)
def test_a_window_may_begin_at_any_minute(zone: str) -> None:
    crons = [
        Cron(CronExpression.parse(text), zone_named(zone))
        for text in ("*/10 * * * *", "*/15 0-4 * * *", "30 1,2 * * *")
    ]
    for change in [spell.start for spell in spells(zone)[1:]]:
        start, end = change - timedelta(hours=4), change + timedelta(hours=4)
        for cron in crons:
            whole = list(cron.ticks(start, end))
            for minutes in range(0, 480, 5):
                begin = start + timedelta(minutes=minutes)
                assert list(cron.ticks(begin, end)) == [tick for tick in whole if tick.due > begin]
