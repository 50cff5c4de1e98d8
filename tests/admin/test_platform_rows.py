"""Workers, lanes and statistics can be looked at."""

from datetime import timedelta

import pytest
from django.test import Client

from tasks_core import clock
from tasks_core.models import Lane, TaskTypeStatistics, Worker
from tests.admin import rows


@pytest.fixture
def worker(db: None) -> Worker:
    now = clock.now()
    return Worker.objects.create(
        name="celery@host",
        role="worker",
        hostname="host",
        pid=12345,
        queues=["orders.critical", "orders.low"],
        task_types=["order.pay"],
        concurrency=4,
        started_at=now - timedelta(hours=1),
        heartbeat_at=now,
    )


def test_a_worker_is_alive_silent_or_stopped(viewer: Client, worker: Worker) -> None:
    assert "Alive" in rows.text(viewer.get("/admin/tasks_core/worker/"))
    Worker.objects.update(heartbeat_at=clock.now() - timedelta(minutes=2))
    assert "Silent" in rows.text(viewer.get("/admin/tasks_core/worker/"))
    Worker.objects.update(stopped_at=clock.now())
    assert "Stopped" in rows.text(viewer.get("/admin/tasks_core/worker/"))


def test_a_workers_page_says_how_far_its_clock_is_off(viewer: Client, worker: Worker) -> None:
    Worker.objects.update(clock_skew=-31.04)
    page = rows.text(viewer.get(f"/admin/tasks_core/worker/{worker.pk}/change/"))
    assert "31.0 s behind that of the database" in page


def test_a_workers_page_says_what_is_wrong_with_it(viewer: Client, worker: Worker) -> None:
    url = f"/admin/tasks_core/worker/{worker.pk}/change/"
    assert "stand still" not in rows.text(viewer.get(url))
    Worker.objects.update(
        silent_processes=[4711, 4712],
        vain_processes=["process 4713 took messages 5 times"],
        failing_rows="schedule 7 (DataError)",
    )
    page = rows.text(viewer.get(url))
    assert "Processes that stand still" in page
    assert "4711; 4712" in page
    assert "process 4713 took messages 5 times" in page
    assert "schedule 7 (DataError)" in page


def test_workers_are_filtered_by_life(viewer: Client, worker: Worker) -> None:
    url = "/admin/tasks_core/worker/"
    assert len(viewer.get(f"{url}?life=alive").context["cl"].result_list) == 1
    assert len(viewer.get(f"{url}?life=gone").context["cl"].result_list) == 0


def test_a_workers_page_says_what_it_serves(viewer: Client, worker: Worker) -> None:
    page = rows.text(viewer.get(f"/admin/tasks_core/worker/{worker.pk}/change/"))
    for word in ("12345", "orders.critical", "order.pay"):
        assert word in page


def test_lanes_and_statistics_link_to_their_tasks(viewer: Client) -> None:
    lane = Lane.objects.create(queue_name="orders", priority=1, claimed_until=clock.now())
    TaskTypeStatistics.objects.create(
        task_type="order.pay", mean_runtime=0.0123, measured_at=clock.now()
    )
    assert "queue=orders&amp;priority__exact=1" in rows.text(viewer.get("/admin/tasks_core/lane/"))
    assert "High" in rows.text(viewer.get(f"/admin/tasks_core/lane/{lane.pk}/change/"))
    listing = rows.text(viewer.get("/admin/tasks_core/tasktypestatistics/"))
    assert "12 ms" in listing
    assert "type=order.pay" in listing
    one = viewer.get("/admin/tasks_core/tasktypestatistics/order.pay/change/")
    assert "12 ms" in rows.text(one)
