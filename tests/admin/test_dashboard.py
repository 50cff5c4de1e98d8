"""The first page says how it is going, at a fixed price."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

import tasks_core
from tasks_core import clock
from tasks_core.admin.dashboard import figures
from tasks_core.broker.publish import BrokerUnavailable
from tasks_core.broker.redis_client import key
from tasks_core.engine.states import State
from tasks_core.metrics.handler import MetricsHandler
from tasks_core.models import EventSubscription, Task, Worker
from tests.admin import rows
from tests.support import processes


def tiles(client: Client) -> dict[str, str]:
    context = client.get("/admin/").context
    return {tile.label: tile.figure for tile in [*context["health"], *context["tiles"]]}


@pytest.mark.guarantee(n=19)
def test_figures_agree_with_the_rows(viewer: Client, broker: "redis.Redis") -> None:
    rows.finished_order(1)
    rows.dead_letter(2)
    rows.retrying_task()
    for number in range(3):
        rows.order(number)
    shown = tiles(viewer)
    assert shown["Scheduled"] == "3"
    assert shown["Retrying"] == "1"
    assert shown["Succeeded"] == "1"
    assert shown["Dead"] == "1"
    assert shown["Open dead letters"] == "1"
    assert shown["Workers alive"] == "0"


def test_only_the_last_hour_of_what_has_finished_is_counted(db: None) -> None:
    task = rows.finished_order()
    Task.objects.filter(pk=task.pk).update(finished_at=clock.now() - timedelta(hours=2))
    assert figures.count_states(clock.now())[State.SUCCEEDED].value == 0


@pytest.mark.guarantee(n=19)
def test_counting_stops_at_the_cap(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "CAP", 5)
    tasks_core.enqueue_many("admin_tests.order", [{"number": n} for n in range(9)])
    counts = figures.count_states(clock.now())
    assert str(counts[State.SCHEDULED]) == "5+"
    assert str(counts[State.QUEUED]) == "0"


@pytest.mark.guarantee(n=19)
@pytest.mark.parametrize(
    ("scheduled", "retrying", "shown"),
    [
        (30, 0, ("5+", "0")),
        (30, 2, ("5+", "2")),
        (3, 2, ("3", "2")),
        (2, 6, ("2", "5+")),
        (9, 9, ("3+", "5+")),
        (0, 30, ("~", "5+")),
    ],
)
def test_tasks_that_are_tried_again_are_counted_beside_any_number_that_wait(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    scheduled: int,
    retrying: int,
    shown: tuple[str, str],
) -> None:
    monkeypatch.setattr(figures, "CAP", 5)
    payloads = [{"number": n} for n in range(scheduled + retrying)]
    ids = tasks_core.enqueue_many("admin_tests.order", payloads)
    Task.objects.filter(pk__in=ids[scheduled:]).update(state="RETRYING")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_core_task")
    counts = figures.count_states(clock.now())
    first = str(counts[State.SCHEDULED])  # an estimate may be any number
    assert (first[: len(shown[0])], str(counts[State.RETRYING])) == shown


@pytest.mark.guarantee(n=19)
def test_tasks_in_the_broker_are_late_while_no_worker_is_alive(
    viewer: Client, broker: "redis.Redis"
) -> None:
    now = clock.now()
    for number, minutes in ((1, 7), (2, 3)):
        task = rows.order(number)
        at = now - timedelta(minutes=minutes)
        Task.objects.filter(pk=task.pk).update(state="QUEUED", run_after=at, queued_at=now)
    page = viewer.get("/admin/")
    (tile,) = [one for one in page.context["tiles"] if one.label == "Oldest due task"]
    assert (tile.figure, tile.note, tile.tone) == ("7 min", "late, and no worker is alive", "bad")
    (lane,) = page.context["lanes"]
    assert (lane["name"], lane["is_late"]) == ("admin-tests.normal", True)
    assert len(viewer.get(tile.url).context["cl"].result_list) == 2
    processes.alive("celery@host")
    (tile,) = [one for one in viewer.get("/admin/").context["tiles"] if "due" in one.label]
    assert (tile.note, tile.tone) == ("late", "warning")


def test_workers_that_are_not_well_are_not_green(viewer: Client, broker: "redis.Redis") -> None:
    processes.alive("well@host")
    ill = processes.alive("ill@host", stuck_since=clock.now())
    processes.alive("beat@host", role="beat", failing_rows="schedule 7 cannot be fired")
    health = {one.label: one for one in viewer.get("/admin/").context["health"]}
    workers, beats = health["Workers alive"], health["Beats alive"]
    assert (workers.figure, workers.note, workers.tone) == (
        "2", "1 not well: see their pages", "warning"
    )  # fmt: skip
    assert beats.tone == "bad"
    listed = rows.text(viewer.get("/admin/tasks_core/worker/"))
    assert "Takes no messages" in listed
    assert "Alive, not well" in listed
    page = rows.text(viewer.get(f"/admin/tasks_core/worker/{ill.pk}/change/"))
    assert "Takes no messages" in page


def test_a_table_that_nobody_counts_into_says_until_when_it_is_true(
    viewer: Client, broker: "redis.Redis"
) -> None:
    MetricsHandler().create()
    assert "Counted until" not in rows.text(viewer.get("/admin/"))
    with clock.frozen(clock.now() - timedelta(minutes=5)):
        rows.order()
    tasks_core.pause_subscription("metrics")
    assert "the subscriber metrics is paused" in rows.text(viewer.get("/admin/"))


def test_a_table_into_which_nobody_can_count_says_so(viewer: Client, broker: "redis.Redis") -> None:
    EventSubscription.objects.all().delete()
    assert "the subscriber metrics is not there" in rows.text(viewer.get("/admin/"))
    MetricsHandler().create()
    assert "is not there" not in rows.text(viewer.get("/admin/"))


@pytest.mark.guarantee(n=19)
def test_the_oldest_due_task_and_its_lane_are_shown(viewer: Client, broker: "redis.Redis") -> None:
    late = rows.order()
    Task.objects.filter(pk=late.pk).update(run_after=clock.now() - timedelta(minutes=7))
    broker.rpush(key("admin-tests.normal"), "a", "b", "c")
    page = viewer.get("/admin/")
    assert tiles(viewer)["Oldest due task"] == "7 min"
    (lane,) = page.context["lanes"]
    assert (lane["name"], lane["messages"], lane["is_late"]) == ("admin-tests.normal", "3", True)


def test_living_workers_are_listed_and_silent_ones_are_not(
    viewer: Client, broker: "redis.Redis"
) -> None:
    now = clock.now()
    facts = {"role": "worker", "hostname": "h", "pid": 1, "started_at": now}
    Worker.objects.create(name="alive@h", heartbeat_at=now, **facts)
    Worker.objects.create(name="silent@h", heartbeat_at=now - timedelta(minutes=5), **facts)
    page = rows.text(viewer.get("/admin/"))
    assert "alive@h" in page
    assert "silent@h" not in page


def test_a_broker_that_does_not_answer_is_said_and_the_rest_is_shown(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(queues: list[str]) -> dict[str, int]:
        raise BrokerUnavailable("connection refused to redis://:hunter2@host")

    monkeypatch.setattr(figures, "waiting_messages_at_a_glance", refuse)
    rows.order()
    page = rows.text(viewer.get("/admin/"))
    assert "The broker does not answer" in page
    assert "admin-tests.normal" in page
    assert "hunter2" not in page


def test_flower_is_linked_when_its_address_is_known(
    viewer: Client, settings: Settings, broker: "redis.Redis"
) -> None:
    assert "Flower</a>" not in rows.text(viewer.get("/admin/"))
    settings.BELLRINGER = {**settings.BELLRINGER, "FLOWER_URL": "https://flower.example.com/"}
    assert 'href="https://flower.example.com/"' in rows.text(viewer.get("/admin/"))


def test_the_number_of_queries_does_not_depend_on_the_tasks(
    viewer: Client, broker: "redis.Redis", queries: Callable[[], CaptureQueriesContext]
) -> None:
    viewer.get("/admin/")
    with queries() as few:
        viewer.get("/admin/")
    tasks_core.enqueue_many("admin_tests.order", [{"number": n} for n in range(50)])
    with queries() as many:
        viewer.get("/admin/")
    assert len(many) == len(few) <= 25
