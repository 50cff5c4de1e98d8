"""How late due tasks are, and what waits in the broker."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from tasks_core import clock
from tasks_core.broker.publish import waiting_messages
from tasks_core.due_lanes.due_watch import DueWatch
from tasks_core.events.queues import queue_names
from tasks_core.lanes import lane_name
from tasks_core.metrics.families import gauges
from tasks_core.metrics.labels import priority_label, queue_labels
from tasks_core.priority import Priority

BROKER_SECONDS = 1.0
"""How long a scrape waits for the broker."""

watch = DueWatch()
"""What is shown again and again, here and on the dashboard, may tell later of a task put in front."""


def collect_lateness() -> Iterator[Metric]:
    """Yield, for each queue and priority, how late the oldest due task is; 0 if none is due.

    One probe of an index for each lane that has waiting tasks, however many these are, and one look at those
    that were handed to the broker, which are few.
    """
    now = clock.now()
    lanes = watch.look(now)
    labels = queue_labels(sorted({lane.queue_name for lane in lanes}))
    ages: dict[tuple[str, ...], float] = {
        (queue, priority_label(priority)): 0.0 for queue in queue_names() for priority in Priority
    }
    for lane in lanes:
        key = labels.of(lane.queue_name), priority_label(lane.priority)
        age = (now - lane.first_run_after).total_seconds()
        ages[key] = max(ages.get(key, 0.0), age)
    yield gauges(
        "task_oldest_due_age_seconds",
        "For how long the oldest due task has waited to begin, in the database or in the broker",
        ("queue", "priority"),
        ages,
    )


def collect_backlog() -> Iterator[Metric]:
    """Yield how many messages wait for a worker in each lane of the registered queues.

    Raises:
        BrokerUnavailable: the broker cannot be asked.
    """
    lanes = {lane_name(q, p): (q, priority_label(p)) for q in queue_names() for p in Priority}
    waiting = waiting_messages(list(lanes), timeout=BROKER_SECONDS)
    yield gauges(
        "broker_backlog_messages",
        "Messages (batches of tasks) that wait in the broker for a worker",
        ("queue", "priority"),
        {lanes[lane]: count for lane, count in waiting.items()},
    )
