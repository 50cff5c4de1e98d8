"""What holds for every schedule, whatever its expression, zone and policies."""

from datetime import datetime, timedelta
from itertools import islice, pairwise

from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_core.engine.schedule import (
    Bounded,
    Cron,
    CronExpression,
    Excluding,
    Exclusions,
    Interval,
    Recurrence,
    Tick,
    describe,
    jitter_delay,
)
from tests.engine.schedule.strategies import crons, expressions, instants

intervals = st.builds(
    Interval, st.timedeltas(timedelta(minutes=5), timedelta(days=400)), anchor=instants
)
recurrences: st.SearchStrategy[Recurrence] = st.one_of(crons, intervals)
MOST = 300


def some(recurrence: Recurrence, after: datetime, until: datetime | None = None) -> list[Tick]:
    return list(islice(recurrence.ticks(after, until), MOST))


@given(recurrence=recurrences, after=instants)
@settings(deadline=None)
def test_ticks_are_later_and_later(recurrence: Recurrence, after: datetime) -> None:
    ticks = some(recurrence, after)
    assert len(ticks) == MOST
    assert ticks[0].due > after
    assert all(earlier.due < later.due for earlier, later in pairwise(ticks))
    assert all(tick.local.astimezone(tick.due.tzinfo) == tick.due for tick in ticks)


@given(recurrence=recurrences, after=instants, data=st.data())
@settings(deadline=None)
def test_windows_that_adjoin_have_the_ticks_of_the_whole(
    recurrence: Recurrence, after: datetime, data: st.DataObject
) -> None:
    whole = some(recurrence, after)
    end = whole[-1].due
    cut = after + data.draw(st.timedeltas(timedelta(0), end - after))
    parts = [*some(recurrence, after, cut), *some(recurrence, cut, end)]
    assert parts == whole


@given(cron=crons, after=instants)
@settings(deadline=None)
def test_a_tick_shows_what_the_expression_names_unless_it_was_shifted(
    cron: Cron, after: datetime
) -> None:
    for tick in some(cron, after):
        assert cron.expression.covers(tick.wall)
        if not tick.is_shifted:
            assert tick.local.replace(tzinfo=None, fold=0) == tick.wall


@given(expression=expressions)
@settings(deadline=None)
def test_whatever_is_accepted_is_described_and_is_known_to_the_library(
    expression: CronExpression,
) -> None:
    assert describe(expression).startswith(("At ", "Every "))
    CronSim(" ".join(expression.fields), datetime(2026, 1, 1))  # noqa: DTZ001
    assert CronExpression.parse(" ".join(expression.fields)).fields == expression.fields


@given(cron=crons, excluded=expressions, after=instants)
@settings(deadline=None)
def test_exclusion_marks_and_removes_nothing(
    cron: Cron, excluded: CronExpression, after: datetime
) -> None:
    plain = some(cron, after)
    marked = some(Excluding(cron, Exclusions(crons=(excluded,))), after)
    assert [tick.due for tick in marked] == [tick.due for tick in plain]
    for before, tick in zip(plain, marked, strict=True):
        is_excluded = excluded.covers(tick.local.replace(tzinfo=None))
        assert tick.withheld == (before.withheld or ("excluded" if is_excluded else None))


@given(recurrence=recurrences, after=instants, data=st.data())
@settings(deadline=None)
def test_bounds_cut_and_change_nothing_else(
    recurrence: Recurrence, after: datetime, data: st.DataObject
) -> None:
    whole = some(recurrence, after)
    start, end = sorted(tick.due for tick in data.draw(st.tuples(*[st.sampled_from(whole)] * 2)))
    bounded = some(Bounded(recurrence, start, end), after)
    assert bounded == [tick for tick in whole if start <= tick.due <= end]


@given(key=st.text(), due=instants, maximum=st.timedeltas(timedelta(0), timedelta(days=1)))
def test_jitter_stays_below_its_maximum(key: str, due: datetime, maximum: timedelta) -> None:
    delay = jitter_delay(key, due, maximum)
    assert timedelta(0) <= delay <= maximum
    assert delay < maximum or not maximum
    assert delay == jitter_delay(key, due.astimezone(), maximum)
