"""The ledger and the backfills: read, filtered, paged by key; what is to come can be cancelled."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import tasks_core
from tasks_core import clock
from tasks_core.admin.schedules.backfill import share_done
from tasks_core.admin.schedules.occurrence_order import LATEST_FIRST
from tasks_core.models import Backfill, Occurrence, Schedule, Task
from tests.admin import rows
from tests.tasks_core.schedules.ticking import MINUTE, beat

URL = "/admin/tasks_core/occurrence/"
BACKFILLS = "/admin/tasks_core/backfill/"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Queries = Callable[[], CaptureQueriesContext]


@pytest.fixture
def minutely(db: None) -> Schedule:
    """Give a schedule with three ticks that are settled, and more to come."""
    with clock.frozen(NOON):
        schedule = rows.schedule("minutely", cron="* * * * *", timezone="Asia/Tokyo")
    for minutes in (1, 2, 3):
        beat(NOON + minutes * MINUTE)
    return schedule


def shown(client: Client, query: str = "") -> list[Occurrence]:
    with clock.frozen(NOON + 3 * MINUTE):
        found: list[Occurrence] = client.get(URL + query).context["cl"].result_list
    return found


def minutes(found: list[Occurrence]) -> list[int]:
    return [(row.due - NOON) // MINUTE for row in found]


def test_the_latest_come_first_and_the_next_when_looking_ahead(
    viewer: Client, minutely: Schedule
) -> None:
    assert minutes(shown(viewer)) == [3, 2, 1]
    assert minutes(shown(viewer, "?when=upcoming"))[:3] == [4, 5, 6]
    assert minutes(shown(viewer, "?when=all"))[:1] == [
        Occurrence.objects.count()  # they are a minute apart
    ]


def test_ticks_are_filtered_by_outcome_kind_schedule_backfill_and_time(
    viewer: Client, minutely: Schedule
) -> None:
    with clock.frozen(NOON + 2.5 * MINUTE):
        other = rows.schedule("other")
        tasks_core.trigger_now("other")
    assert minutes(shown(viewer, f"?schedule={minutely.pk}")) == [3, 2, 1]
    assert minutes(shown(viewer, f"?schedule={other.pk}")) == [2]
    assert minutes(shown(viewer, "?kind__exact=manual")) == [2]
    assert minutes(shown(viewer, "?outcome__exact=fired")) == [3, 2, 2, 1]
    assert shown(viewer, "?outcome__exact=coalesced") == []
    assert minutes(shown(viewer, f"?outcome__exact=upcoming&schedule={minutely.pk}"))[0] == 4
    assert len(shown(viewer, "?when=hour")) == 4
    plan = Backfill.objects.create(schedule=other, start=NOON, end=NOON, created_at=NOON)
    assert shown(viewer, f"?backfill={plan.pk}") == []
    Occurrence.objects.filter(due=NOON + MINUTE).update(backfill=plan)
    assert minutes(shown(viewer, f"?backfill={plan.pk}")) == [1]


@pytest.mark.parametrize(
    "query", ["?schedule=x", "?schedule=" + "9" * 30, "?backfill=-1", "?when=never", "?before=7"]
)
def test_nonsense_in_the_address_is_no_error(
    viewer: Client, minutely: Schedule, query: str
) -> None:
    assert minutes(shown(viewer, query)) == [3, 2, 1]


def test_ticks_are_found_by_schedule_task_and_id(viewer: Client, minutely: Schedule) -> None:
    with clock.frozen(NOON + 2.5 * MINUTE):
        rows.schedule("other")
        task = tasks_core.trigger_now("other")
    row = Occurrence.objects.get(due=NOON + MINUTE)
    assert minutes(shown(viewer, "?q=MINUTE")) == [3, 2, 1]
    assert [one.task_id for one in shown(viewer, f"?q=%23{task.pk}")] == [task.pk]
    assert row.pk in [one.pk for one in shown(viewer, f"?q={row.pk}")]
    assert shown(viewer, "?q=nothing-like-this") == []


def test_paging_shows_every_tick_once_in_both_directions_and_counts_nothing(
    viewer: Client, minutely: Schedule, queries: Queries
) -> None:
    later = NOON + 120 * MINUTE
    with clock.frozen(NOON):
        rows.schedule("twin", cron="* * * * *")  # due at the same instants
    with clock.frozen(later):
        pages, query = [], ""
        while True:
            with queries() as captured:
                listing = viewer.get(URL + query).context["cl"]
            statements = [one["sql"] for one in captured.captured_queries]
            assert not [sql for sql in statements if re.search(r"count\(", sql, re.IGNORECASE)]
            pages.append([row.pk for row in listing.result_list])
            if not listing.older_link:
                break
            query = listing.older_link
        expected = Occurrence.objects.filter(due__lte=later).order_by("-due", "-pk")
        assert [key for page in pages for key in page] == list(
            expected.values_list("pk", flat=True)
        )
        back = [row.pk for row in viewer.get(URL + listing.newer_link).context["cl"].result_list]
    assert back == pages[-2]


def test_a_page_far_back_is_found_by_the_index(minutely: Schedule) -> None:
    place = (NOON + 2 * MINUTE, 10**9)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    ticks = Occurrence.objects.filter(LATEST_FIRST.below(place)).order_by("-due", "-pk")[:50]
    plan = ticks.explain()
    assert "Index Scan Backward using tasks_core_occurrence_due" in plan
    assert "Index Cond" in plan


def test_a_page_costs_the_same_whatever_it_shows(
    viewer: Client, minutely: Schedule, queries: Queries
) -> None:
    shown(viewer)
    with queries() as few:
        shown(viewer)
    with clock.frozen(NOON):
        for number in range(10):
            rows.schedule(f"other-{number}", cron="* * * * *")
    with queries() as many:
        assert len(shown(viewer)) == 33
    assert len(many) == len(few) <= 12


def test_the_page_of_a_tick_has_both_clocks_and_its_task(
    viewer: Client, minutely: Schedule
) -> None:
    row = Occurrence.objects.get(due=NOON + MINUTE)
    page = rows.text(viewer.get(f"{URL}{row.pk}/change/"))
    assert "Mon 2026-03-02 21:01:00" in page
    assert "2026-03-02 12:01:00.000 UTC" in page
    assert f"/admin/tasks_core/task/{row.task_id}/change/" in page
    assert f"/admin/tasks_core/schedule/{minutely.pk}/change/" in page


def test_a_tick_to_come_is_cancelled_and_a_settled_one_is_not(
    operator: Client, minutely: Schedule
) -> None:
    settled = Occurrence.objects.get(due=NOON + MINUTE)
    ahead = Occurrence.objects.get(due=NOON + 4 * MINUTE)
    page = rows.text(operator.get(f"{URL}{settled.pk}/change/"))
    assert f"{URL}{settled.pk}/cancel/" not in page
    operator.post(f"{URL}{settled.pk}/cancel/", {"reason": "x"})
    operator.post(f"{URL}{ahead.pk}/cancel/", {"reason": "moving house"})
    ahead.refresh_from_db()
    assert (ahead.outcome, ahead.reason) == ("cancelled", "moving house (operator)")
    settled.refresh_from_db()
    assert settled.outcome == "fired"
    beat(NOON + 5 * MINUTE)
    assert Task.objects.filter(schedule_id=minutely.pk).count() == 4


def test_viewers_can_cancel_neither_ticks_nor_backfills(viewer: Client, minutely: Schedule) -> None:
    ahead = Occurrence.objects.get(due=NOON + 4 * MINUTE)
    plan = Backfill.objects.create(schedule=minutely, start=NOON, end=NOON, created_at=NOON)
    for url in (f"{URL}{ahead.pk}/cancel/", f"{BACKFILLS}{plan.pk}/cancel/"):
        assert viewer.get(url).status_code == 403
        assert viewer.post(url, {"reason": "x"}).status_code == 403
    plan.refresh_from_db()
    assert plan.cancelled_at is None


@pytest.mark.parametrize(
    ("order", "position", "share"),
    [("oldest", None, 0.0), ("oldest", 15, 0.25), ("newest", 15, 0.75), ("newest", 60, 0.0)],
)
def test_progress_goes_by_the_part_of_the_range_that_was_looked_at(
    order: str, position: int | None, share: float
) -> None:
    at = None if position is None else NOON + position * MINUTE
    plan = Backfill(order=order, position=at, start=NOON, end=NOON + timedelta(hours=1))
    assert share_done(plan) == share


def test_a_backfill_shows_its_progress_and_is_cancelled(
    operator: Client, minutely: Schedule
) -> None:
    plan = Backfill.objects.create(
        schedule=minutely,
        start=NOON - timedelta(hours=1),
        end=NOON,
        position=NOON - timedelta(minutes=15),
        looked_at=45,
        enqueued=1_234,
        concurrency=7,
        created_by="ann",
        created_at=NOON,
    )
    page = rows.text(operator.get(BACKFILLS))
    for words in ("At work", "75 %", "1,234 enqueued of 45 looked at", "7 at a time", "ann"):
        assert words in page
    one = rows.text(operator.get(f"{BACKFILLS}{plan.pk}/change/"))
    assert f"{URL}?backfill={plan.pk}" in one
    assert "Mon 2026-03-02 20:00:00" in one
    operator.post(f"{BACKFILLS}{plan.pk}/cancel/")
    assert rows.messages(operator) == ["1 cancelled."]
    plan.refresh_from_db()
    assert plan.cancelled_at is not None
    assert "Cancelled" in rows.text(operator.get(BACKFILLS))
    operator.post(f"{BACKFILLS}{plan.pk}/cancel/")
    assert rows.messages(operator)[-1] == "1 had ended already."


def test_the_list_of_backfills_costs_the_same_whatever_it_shows(
    operator: Client, minutely: Schedule, queries: Queries
) -> None:
    def start() -> None:
        Backfill.objects.create(schedule=minutely, start=NOON, end=NOON, created_at=NOON)

    start()
    operator.get(BACKFILLS)
    with queries() as one:
        operator.get(BACKFILLS)
    for _ in range(10):
        start()
    with queries() as many:
        operator.get(BACKFILLS)
    assert len(many) == len(one) <= 10
