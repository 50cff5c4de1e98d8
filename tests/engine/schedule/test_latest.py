"""The last ticks before an instant."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tasks_core.engine.schedule import Cron, CronExpression, Tick, latest_ticks, zone_named

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
EXPRESSIONS = ["*/7 * * * *", "30 2 * * *", "0 9 * * mon-fri", "0 0 29 2 *"]


def _recurrence(expression: str) -> Cron:
    return Cron(CronExpression.parse(expression), zone_named("Europe/Berlin"))


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("count", [1, 2, 200])
@pytest.mark.parametrize("span", [timedelta(0), timedelta(minutes=3), timedelta(days=400)])
def test_they_are_the_end_of_all_ticks_of_the_range(
    expression: str, count: int, span: timedelta
) -> None:
    recurrence = _recurrence(expression)
    after = NOON - span

    found = latest_ticks(recurrence, after=after, until=NOON, count=count)

    assert found == list(recurrence.ticks(after, NOON))[-count:]


def test_both_ends_are_as_those_of_a_recurrence() -> None:
    recurrence = _recurrence("0 * * * *")
    found = latest_ticks(recurrence, after=NOON - timedelta(hours=2), until=NOON, count=9)

    assert [tick.due for tick in found] == [NOON - timedelta(hours=1), NOON]


def test_a_range_of_years_is_not_gone_through_for_a_few() -> None:
    looked_at: list[timedelta] = []

    class Watched(Cron):
        def ticks(self, after: datetime, until: datetime | None = None) -> Iterator[Tick]:
            assert until is not None
            looked_at.append(until - after)
            return super().ticks(after, until)

    recurrence = Watched(CronExpression.parse("* * * * * *"), zone_named("UTC"))
    assert len(latest_ticks(recurrence, after=LONG_AGO, until=NOON, count=200)) == 200
    assert max(looked_at) < timedelta(minutes=5)
