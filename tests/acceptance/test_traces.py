"""Traces of real processes, exported to a collector: one trace from the caller to the receiver."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from pytest_django import Settings

import tasks_core
from notifications.api import notify, publish_template, register_endpoint
from tasks_core.models import Task
from tests.acceptance.processes import Processes, stop
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.collector import Collector, running_collector
from tests.support.first_step import ahead_of_time
from tests.support.receiver import Reply, running_receiver
from tests.support.spans import Spans, recorded_spans, span_id, trace_of
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ALLOWED = {
    "BELLRINGER_OUTGOING_HTTPS_ONLY": "false",
    "BELLRINGER_OUTGOING_ALLOWED_NETWORKS": "127.0.0.0/8",
}
Start = Callable[..., Processes]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@pytest.fixture
def start(
    process_environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> Iterator[Start]:
    """Give a function that makes processes with an environment of their own."""
    made: list[Processes] = []

    def processes(**environment: str) -> Processes:
        made.append(Processes({**process_environment, **ALLOWED, **environment}, tmp_path))
        return made[-1]

    yield processes
    for one in made:
        one.end_all()


@pytest.fixture
def loopback(settings: Settings) -> None:
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "OUTGOING_HTTPS_ONLY": False,
        "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.0/8"],
        "PUBLISH_ON_COMMIT": False,
    }


@pytest.fixture
def callers() -> Iterator[Spans]:
    """Give the spans of this process, which plays the caller."""
    with recorded_spans() as recorded:
        yield recorded


@pytest.mark.usefixtures("loopback")
def test_notification_is_one_trace_through_all_processes(
    start: Start, collector: Collector, callers: Spans
) -> None:
    processes = start(**collector.environment, OTEL_BSP_SCHEDULE_DELAY="200")
    processes.start_beat()
    processes.start_worker()
    publish_template("paid", channel="webhook", text='{"id": {{ id }} }', sample={"id": "x"})
    with running_receiver() as receiver:
        endpoint = register_endpoint("merchant", receiver.url, secret=SECRET)
        with ahead_of_time() as soon:
            notify("paid", to=endpoint, context={"id": "xyzzy-4711"}, run_after=soon)
        wait_until(lambda: receiver.received, seconds=60, what="the webhook is called")
    steps = [f"notification.{step}" for step in ("schedule", "deliver.webhook")]
    wanted = {f"{what} {name}" for what in ("dispatch", "attempt") for name in steps}
    # They come from beat, from the worker's children and from whoever enqueues, each in its own time.
    wait_until(
        lambda: {span.name for span in collector.spans()} >= {*wanted, "delivery webhook"},
        what="all spans are there",
    )

    root = callers.one("enqueue notification.schedule")
    exported = collector.spans()
    assert {span.trace for span in exported} == {f"{trace_of(root):032x}"}
    assert {span.service for span in exported} == {"bellringer"}
    above = f"{span_id(root):016x}"
    for name in steps:
        if name != "notification.schedule":
            enqueue = collector.one(f"enqueue {name}")
            assert enqueue.parent == above
            above = enqueue.id
        dispatch, attempt = collector.one(f"dispatch {name}"), collector.one(f"attempt {name}")
        assert dispatch.parent == attempt.parent == above
        assert attempt.links == (dispatch.id,)
        above = attempt.id
    assert collector.one("delivery webhook").parent == above
    assert not [span for span in exported if "xyzzy" in span.text or receiver.url in span.text]


def test_spans_of_a_worker_that_stops_are_exported(start: Start, collector: Collector) -> None:
    processes = start(**collector.environment, OTEL_BSP_SCHEDULE_DELAY="3600000")
    beat = processes.start_beat()
    worker = processes.start_worker()
    with recorded_spans():
        ids = tasks_core.enqueue_many("project.work", [{}] * 20)
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60)
    assert collector.spans() == []

    assert stop(worker) == 0
    assert len(collector.spans("attempt project.work")) == len(ids)
    stop(beat)
    assert collector.spans("dispatch project.work")


def test_collector_that_hangs_delays_neither_tasks_nor_the_stop(
    start: Start, collector: Collector
) -> None:
    release = threading.Event()
    collector.receiver.replies.extend([Reply(hold=release)] * 100)
    processes = start(**collector.environment, OTEL_BSP_SCHEDULE_DELAY="100")
    processes.start_beat()
    worker = processes.start_worker()
    began = time.monotonic()
    tasks_core.enqueue_many("project.work", [{}] * 100)
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=20)
    wait_until(lambda: collector.receiver.received, what="the collector is asked")

    before_stop = time.monotonic()
    assert before_stop - began < 20
    assert stop(worker) == 0
    took = time.monotonic() - before_stop
    release.set()
    assert took < 10
    assert Task.objects.exclude(state="SUCCEEDED").count() == 0


def test_without_an_endpoint_nothing_is_recorded(start: Start) -> None:
    processes = start()
    processes.start_beat()
    processes.start_worker()
    tasks_core.enqueue("project.work", {})
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60)

    assert Task.objects.get().traceparent is None
