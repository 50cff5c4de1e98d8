"""From the row through the broker to the attempt, and on to the tasks that handlers enqueue."""

import asyncio
import base64
import json
from typing import Any

import pytest
import redis
from celery import current_app
from pydantic import SecretStr
from pydantic.dataclasses import dataclass

import tasks_core
from tasks_core import Fixed, Snooze, clock
from tasks_core.broker.redis_client import key
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.models import Task
from tasks_core.tracing import switch
from tasks_core.worker import process as worker_process
from tests.support.messages import lanes
from tests.support.spans import Spans, fact, links_of, parent_of, span_id, trace_of

LANE = "default.normal"


@dataclass
class Login:
    code: SecretStr


@pytest.fixture(autouse=True)
def known_types() -> None:
    @tasks_core.task_type("parent")
    def parent(payload: dict[str, Any]) -> None:
        tasks_core.enqueue("child", {})

    @tasks_core.task_type("child")
    async def child(payload: dict[str, Any]) -> None:
        await asyncio.sleep(0)

    @tasks_core.task_type("login", retry=Fixed(initial=60, max_attempts=2))
    def login(payload: Login) -> None:
        raise ValueError(f"wrong code {payload.code.get_secret_value()}")

    @tasks_core.task_type("later")
    def later(payload: dict[str, Any]) -> None:
        raise Snooze(60)


def dispatch_and_run(broker: "redis.Redis") -> None:
    """Publish what is due, and run the messages by the Celery tasks that they name."""
    Dispatcher().dispatch()
    for lane in lanes(broker):
        while raw := broker.rpop(key(lane)):
            assert isinstance(raw, bytes)
            message = json.loads(raw)
            body = json.loads(base64.b64decode(message["body"]))
            deliver(message["headers"]["task"], body[0][0], message["headers"])


def deliver(task_type: str, ids: list[int], headers: dict[str, Any]) -> None:
    """Do what a worker does on the arrival of a message, and wait until its tasks are recorded."""
    task = current_app.tasks[task_type]
    task.push_request(**headers)
    task.run(ids)
    task.pop_request()
    process = worker_process.current()
    assert process.loop.wait_until_idle(seconds=10)
    process.outcomes.flush()


def test_one_task_is_one_trace(spans: Spans, broker: "redis.Redis") -> None:
    task = tasks_core.enqueue("child", {}, run_after=None)
    dispatch_and_run(broker)

    enqueue, dispatch, attempt = (
        spans.one(f"{step} child") for step in ("enqueue", "dispatch", "attempt")
    )
    assert {trace_of(span) for span in (enqueue, dispatch, attempt)} == {trace_of(enqueue)}
    assert parent_of(dispatch) == span_id(enqueue)
    assert parent_of(attempt) == span_id(enqueue)
    assert links_of(attempt) == [span_id(dispatch)]
    assert (dispatch.kind.name, attempt.kind.name) == ("PRODUCER", "CONSUMER")
    assert fact(attempt, "messaging.message.id") == str(task.pk)
    assert fact(attempt, "bellringer.task.attempt") == 1
    assert fact(attempt, "bellringer.task.outcome") == "succeed"
    assert fact(attempt, "messaging.destination.name") == LANE
    assert attempt.status.status_code.name == "UNSET"


def test_batch_of_several_callers_is_linked_to_all(spans: Spans, broker: "redis.Redis") -> None:
    for _ in range(3):
        Task.objects.filter(pk=tasks_core.enqueue("child", {}).pk).update(state="SCHEDULED")
    broker.flushdb()  # the caller's own messages
    earlier = len(spans.all("dispatch"))
    dispatch_and_run(broker)

    [dispatch] = spans.all("dispatch")[earlier:]
    enqueued = spans.all("enqueue child")
    assert parent_of(dispatch) is None
    assert sorted(links_of(dispatch)) == sorted(span_id(span) for span in enqueued)
    assert fact(dispatch, "messaging.batch.message_count") == 3
    attempts = spans.all("attempt child")
    assert {parent_of(span) for span in attempts} == {span_id(span) for span in enqueued}
    assert [links_of(span) for span in attempts] == [[span_id(dispatch)]] * 3


def test_children_belong_to_the_trace_of_their_parent(spans: Spans, broker: "redis.Redis") -> None:
    tasks_core.enqueue("parent", {})
    dispatch_and_run(broker)
    dispatch_and_run(broker)

    parent, child = spans.one("attempt parent"), spans.one("enqueue child")
    assert parent_of(child) == span_id(parent)
    assert trace_of(spans.one("attempt child")) == trace_of(spans.one("enqueue parent"))


def test_failure_names_the_class_of_the_error_and_nothing_else(
    spans: Spans, broker: "redis.Redis"
) -> None:
    tasks_core.enqueue("login", {"code": "314159"})
    dispatch_and_run(broker)

    attempt = spans.one("attempt login")
    assert attempt.status.status_code.name == "ERROR"
    assert attempt.status.description == "builtins.ValueError"
    assert fact(attempt, "error.type") == "builtins.ValueError"
    assert fact(attempt, "bellringer.task.outcome") == "retry"
    assert "314159" not in "".join(span.to_json() for span in spans.all())


def test_snooze_is_no_error(spans: Spans, broker: "redis.Redis") -> None:
    tasks_core.enqueue("later", {})
    dispatch_and_run(broker)

    attempt = spans.one("attempt later")
    assert attempt.status.status_code.name == "UNSET"
    assert fact(attempt, "bellringer.task.outcome") == "snooze"


def test_task_that_was_enqueued_without_traces_begins_one(
    spans: Spans, broker: "redis.Redis"
) -> None:
    provider = spans.provider
    switch.disable()
    tasks_core.enqueue("child", {})
    switch.enable(lambda: provider)
    dispatch_and_run(broker)

    assert [span.name for span in spans.all()] == ["attempt child"]
    assert parent_of(spans.one("attempt child")) is None


@pytest.mark.parametrize("header", ["nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", 7, None])
def test_message_with_a_wrong_header_is_run_without_a_link(
    spans: Spans, broker: "redis.Redis", header: Any
) -> None:
    tasks_core.enqueue("child", {})
    ids = list(Task.objects.values_list("pk", flat=True))
    Task.objects.update(state="QUEUED", queued_at=clock.now())
    deliver("child", ids, {"traceparent": header})

    assert Task.objects.get().state == "SUCCEEDED"
    assert links_of(spans.one("attempt child")) == []


def test_what_a_row_holds_in_place_of_a_traceparent_does_no_harm(
    spans: Spans, broker: "redis.Redis"
) -> None:
    tasks_core.enqueue("child", {})
    Task.objects.update(traceparent="whatever")
    dispatch_and_run(broker)

    assert Task.objects.get().state == "SUCCEEDED"
    assert parent_of(spans.one("attempt child")) is None
