"""Workers, beats and their leader."""

from collections.abc import Iterator

from django.db.models.functions import Now
from prometheus_client.core import Metric

from tasks_core import clock
from tasks_core.events.queues import queue_names
from tasks_core.lanes import expand, lane_name
from tasks_core.metrics.families import gauge, gauges
from tasks_core.metrics.labels import priority_label
from tasks_core.models import Leadership, Worker
from tasks_core.priority import Priority


def collect() -> Iterator[Metric]:
    """Yield who is alive, what is served, and who leads."""
    alive = list(Worker.objects.alive(clock.now()).only("role", "queues"))
    workers = [worker for worker in alive if worker.role == Worker.Role.WORKER]
    yield gauge("active_workers", "Workers heard of lately", len(workers))
    yield gauge("active_beats", "Beats heard of lately", len(alive) - len(workers))
    yield gauges(
        "queue_active_workers",
        "Workers that consume a queue of a registered task type",
        ("queue", "priority"),
        _consumers(workers),
    )
    yield from _leader()


def _consumers(workers: list[Worker]) -> dict[tuple[str, ...], float]:
    consumed = [set(expand(worker.queues)) for worker in workers]
    return {
        (queue, priority_label(priority)): sum(
            lane_name(queue, priority) in lanes for lanes in consumed
        )
        for queue in queue_names()
        for priority in Priority
    }


def _leader() -> Iterator[Metric]:
    # By the clock of the database, which the lease goes by.
    held = Leadership.objects.filter(name="schedules").values_list("fence", "expires_at", Now())
    fence, is_led = next(((fence, until > now) for fence, until, now in held), (0, False))
    yield gauge("leader_present", "Whether a beat leads", is_led)
    yield gauge("leader_fence", "Rises by one whenever another beat takes the lead", fence)
