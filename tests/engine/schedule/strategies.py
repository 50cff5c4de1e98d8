"""Expressions, zones and policies at random, near the nights when clocks are changed."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tasks_core.engine.schedule import (
    Cron,
    CronExpression,
    DstPolicy,
    FoldPolicy,
    GapPolicy,
    InvalidCron,
    zone_named,
)
from tasks_core.engine.schedule.fields import FIELDS, Field
from tests.engine.schedule.oracle import spells
from tests.engine.schedule.samples import ZONES

SPECIAL = {"day of month": ("L", "LW"), "day of week": ("5L", "mon#2", "friL", "0#5")}


@st.composite
def items(draw: st.DrawFn, field: Field) -> str:
    """Draw one item of a field."""
    values = st.integers(field.low, field.high).map(str)
    if field.names:
        values |= st.sampled_from(field.names).map(str.lower)
    ranges = st.tuples(values, values).map("-".join)
    steps = st.tuples(values | ranges | st.just("*"), st.integers(1, field.size).map(str))
    kinds = [st.just("*"), values, ranges, steps.map("/".join)]
    if field.name in SPECIAL:
        kinds.append(st.sampled_from(SPECIAL[field.name]))
    return draw(st.one_of(kinds))


def fields(field: Field) -> st.SearchStrategy[str]:
    return st.lists(items(field), min_size=1, max_size=3).map(",".join)


six_fields = st.tuples(*(fields(field) for field in FIELDS))
five_fields = st.tuples(*(fields(field) for field in FIELDS[1:]))
texts = st.one_of(five_fields, six_fields).map(" ".join)


def _parsed(text: str) -> CronExpression | None:
    try:
        return CronExpression.parse(text)
    except InvalidCron as error:
        # All items are right, so nothing but a day that never comes can be wrong.
        assert "never comes" in str(error)  # noqa: PT017
        return None


expressions = texts.map(_parsed).filter(bool)
policies = st.builds(DstPolicy, st.sampled_from(GapPolicy), st.sampled_from(FoldPolicy))
crons = st.builds(Cron, expressions, st.sampled_from(ZONES).map(zone_named), policies)

CHANGES = sorted({spell.start for zone in ZONES for spell in spells(zone)})
instants = st.builds(
    lambda change, seconds: change + timedelta(seconds=seconds),
    st.sampled_from(CHANGES),
    st.integers(-100_000, 100_000),
) | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC)
)
