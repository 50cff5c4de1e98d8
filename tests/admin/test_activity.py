"""The first page tells what happened lately, type by type."""

from datetime import datetime, timedelta

import pytest
import redis
from django.db.models import F
from django.test import Client

from tasks_core import clock
from tasks_core.admin.dashboard import activity
from tasks_core.admin.dashboard.activity import Table, activity_table
from tasks_core.metrics.buckets import MILLISECONDS
from tasks_core.models import MetricRollup
from tests.admin import rows

pytestmark = pytest.mark.usefixtures("db", "broker")


def _count(measure: str, count: int, *, at: datetime, bucket: int = -1, kind: str = "a.b") -> None:
    minute = at.replace(second=0, microsecond=0)
    key = {"minute": minute, "task_type": kind, "measure": measure, "bucket": bucket}
    _, is_new = MetricRollup.objects.get_or_create(**key, defaults={"count": count, "amount": 0})
    if not is_new:
        MetricRollup.objects.filter(**key).update(count=F("count") + count)


def _shown(client: Client, span: str = "") -> Table:
    table = client.get("/admin/", {"span": span} if span else {}).context["activity"]
    assert isinstance(table, Table)
    return table


def test_the_last_hour_is_added_up_and_the_day_on_request(
    viewer: Client, broker: "redis.Redis"
) -> None:
    now = clock.now()
    _count("completed", 3, at=now, bucket=2)
    _count("completed", 4, at=now - timedelta(minutes=30), bucket=4)
    _count("completed", 50, at=now - timedelta(hours=3), bucket=2)
    _count("failed", 2, at=now, bucket=2)
    _count("dead_lettered", 1, at=now)
    [row] = _shown(viewer).rows or []
    assert (row.task_type, row.completed, row.failed, row.dead) == ("a.b", "7", "2", "1")
    assert row.is_failing
    [row] = _shown(viewer, "day").rows or []
    assert row.completed == "57"
    assert row.peak == "50"
    assert _shown(viewer, "century").span == "hour"


def test_the_95th_percentile_lies_in_the_right_bucket(viewer: Client) -> None:
    now = clock.now()
    _count("started", 90, at=now, bucket=MILLISECONDS.index(10.0))
    _count("started", 10, at=now, bucket=MILLISECONDS.index(1_000.0))
    [row] = _shown(viewer).rows or []
    assert row.wait == "750 ms"  # the middle of 500 to 1,000
    assert row.duration == "-"


def test_the_busiest_types_are_shown_and_the_others_counted(viewer: Client) -> None:
    for n in range(activity.SHOWN + 3):
        _count("started", n + 1, at=clock.now(), kind=f"kind.n{n}")
    table = _shown(viewer)
    assert [row.task_type for row in table.rows or []][:2] == ["kind.n12", "kind.n11"]
    assert table.others == 3
    assert "3 other types" in rows.text(viewer.get("/admin/"))


def test_the_curve_has_a_point_for_each_minute_and_its_peak_at_the_top() -> None:
    now = clock.now()
    _count("completed", 8, at=now)
    _count("completed", 4, at=now - timedelta(minutes=59))
    [row] = activity_table("hour", now).rows or []
    points = [tuple(map(float, point.split(","))) for point in row.line.split()]
    assert len(points) == 60
    assert points[-1] == (120.0, 1.0)
    assert points[0] == (0.0, 12.0)
    assert points[1][1] == 23.0


def test_a_sum_that_takes_too_long_is_given_up(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks_core.metrics import activity as figures

    monkeypatch.setattr(figures, "SUMS", "SELECT pg_sleep(30), %(since)s, %(measures)s, 1")
    monkeypatch.setattr(activity, "SECONDS", 0.1)
    assert "took too long" in rows.text(viewer.get("/admin/"))


def test_whoever_may_not_see_tasks_does_not_see_it(newcomer: Client) -> None:
    assert "What happened" not in rows.text(newcomer.get("/admin/"))
