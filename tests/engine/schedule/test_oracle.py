"""Two hundred expressions in thirty zones, all of 2026 and 2027, against croniter."""

from datetime import datetime, timedelta
from itertools import count, pairwise, product, takewhile

import pytest

from tasks_core.engine.schedule import (
    Cron,
    CronExpression,
    DstPolicy,
    FoldPolicy,
    GapPolicy,
    zone_named,
)
from tests.engine.schedule.oracle import (
    END,
    MARGIN,
    START,
    between,
    expected,
    oracle,
    spells,
    walls,
)
from tests.engine.schedule.samples import EXPRESSIONS, ZONES

JUST = timedelta(seconds=1)
POLICIES = [DstPolicy(gap, fold) for gap in GapPolicy for fold in FoldPolicy]
CHANGING = [zone for zone in ZONES if len(spells(zone)) > 1]

UNEVEN_FOLD = {"Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Chatham"}
"""Clocks go back by two hours, by half of one, or from 03:45; croniter misses some second times there."""

AT_NIGHT = [text for text in EXPRESSIONS if text.split()[-3:] == ["*", "*", "*"]]
FINE = [
    "* * * * *",
    "*/7 * * * *",
    "*/5 1-3 * * *",
    "30,59 * * * * *",
]


def test_there_are_two_hundred_expressions_and_thirty_zones() -> None:
    assert len(set(EXPRESSIONS)) == 200
    assert len(set(ZONES)) == 30
    assert len(CHANGING) >= 20


@pytest.mark.parametrize("part", range(8))
def test_wall_clock_times_are_those_of_the_oracle(part: int) -> None:
    first, last = ((at).replace(tzinfo=None) for at in (START - MARGIN, END + MARGIN))
    for text in EXPRESSIONS[part::8]:
        found = CronExpression.parse(text).walls(first + JUST)
        assert list(takewhile(lambda wall: wall < last, found)) == walls(text), text


def due(cron: Cron, after: datetime, until: datetime) -> list[tuple[datetime, bool]]:
    return [(tick.due, tick.withheld is None) for tick in cron.ticks(after, until)]


def covers_every_hour(text: str) -> bool:
    return text.split()[-4:-3] == ["*"]


@pytest.mark.parametrize("zone", ZONES)
def test_ticks_of_two_years(zone: str) -> None:
    for text in EXPRESSIONS:
        cron = Cron(CronExpression.parse(text), zone_named(zone))
        right = expected(
            walls(text), zone, gap="shift", fold="first", every_hour=covers_every_hour(text)
        )
        assert due(cron, START - JUST, END - JUST) == right, text


@pytest.mark.parametrize("zone", CHANGING)
def test_policies(zone: str) -> None:
    changes = [spell.start for spell in spells(zone)[1:]]
    for text, policy, change in product(AT_NIGHT, POLICIES, changes):
        start, end = change - timedelta(hours=30), change + timedelta(hours=30)
        cron = Cron(CronExpression.parse(text), zone_named(zone), policy)
        days = (at.replace(tzinfo=None) for at in (change - MARGIN, change + MARGIN))
        right = expected(
            between(walls(text), *days),
            zone,
            gap=policy.gap,
            fold=policy.fold,
            every_hour=covers_every_hour(text),
        )
        assert due(cron, start, end) == [row for row in right if start < row[0] <= end]


def answers(text: str, start: datetime, end: datetime) -> list[datetime]:
    ticks = oracle(text, start)
    return list(takewhile(lambda at: at <= end, (ticks.get_next() for _ in count())))


def went_back(zone: str) -> list[datetime]:
    return [
        later.start for earlier, later in pairwise(spells(zone)) if later.offset < earlier.offset
    ]


@pytest.mark.parametrize("zone", CHANGING)
def test_nights_are_as_the_oracle_has_them_with_its_own_idea_of_zones(zone: str) -> None:
    """Where croniter knows the zone, it shifts to the end of a gap and runs both sides of a fold.

    Except for times of the day with seconds: those it shifts to the next second that matches.
    """
    place = zone_named(zone)
    for change in [spell.start for spell in spells(zone)[1:]]:
        start, end = change - timedelta(hours=5), change + timedelta(hours=5)
        for text in (*(text for text in AT_NIGHT if len(text.split()) == 5), *FINE):
            cron = Cron(CronExpression.parse(text), place, DstPolicy(fold=FoldPolicy.BOTH))
            found = [tick.local for tick in cron.ticks(start, end)]
            right = answers(text, start.astimezone(place), end)
            ours, theirs = ([at.isoformat() for at in times] for times in (found, right))
            if zone in UNEVEN_FOLD and change in went_back(zone):
                assert set(theirs) <= set(ours), text
                assert all(at.fold for at in found if at.isoformat() not in theirs), text
            else:
                assert ours == theirs, text
