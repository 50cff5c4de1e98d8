"""A plain Celery task gets the message that beat would have sent, once."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from celery import Celery, current_app
from celery.beat import Scheduler
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import ModelEntry

from tasks_core import clock
from tasks_core.broker.redis_client import key
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.schedules.firing import fire
from tasks_core.schedules.generator import generate
from tasks_core.schedules.periodic_tasks.mirroring import follow
from tasks_core.testing import run_due
from tests.support.threads import at_once
from tests.tasks_core.schedules.periodic import PLAIN_TASK, beat, look, mirror_of, periodic
from tests.tasks_core.schedules.ticking import MINUTE, START, tasks_of

pytestmark = pytest.mark.usefixtures("transactional_db")

ARGS: dict[str, Any] = {"args": [1, "two", {"three": None}], "kwargs": {"since": "2026-03-01"}}

ROWS: dict[str, dict[str, Any]] = {
    "nothing but a name": {},
    "arguments": ARGS,
    "routed by queue": {**ARGS, "queue": "stocktaking"},
    "with a priority": {"queue": "stocktaking", "priority": 6},
    "routed by key": {"exchange": "shop", "routing_key": "stock.count"},
    "with headers": {"headers": {"tenant": "north", "trace": [1, 2]}},
    "expires after": {"expire_seconds": 90},
    "expires at": {"expires": START + timedelta(days=36_500)},
}


@pytest.fixture(autouse=True)
def binding(broker: "redis.Redis") -> Iterator[None]:
    """Give the custom exchange a queue: without one, nobody would get its message."""
    app = current_app
    with app.connection_for_write() as connection, connection.channel() as channel:
        channel.queue_declare("counting")
        channel.exchange_declare("shop", type="direct")
        channel.queue_bind("counting", "shop", "stock.count")
        yield


@contextmanager
def celery_task(name: str, **options: Any) -> Iterator[str]:
    """Register a Celery task that takes a number."""

    def count(number: int) -> None: ...

    current_app.task(name=name, **options)(count)
    yield name
    current_app.tasks.unregister(name)


def _messages(broker: "redis.Redis") -> list[tuple[str, dict[str, Any]]]:
    """Return the messages that wait in all queues, and which list each is in."""
    found = []
    for name in broker.scan_iter(f"{key('')}*", _type="list"):
        for raw in broker.lrange(name, 0, -1):
            message = json.loads(raw)
            message["body"] = json.loads(base64.b64decode(message["body"]))
            found.append((name.decode(), message))
    return found


def _of(broker: "redis.Redis", task: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the messages of one Celery task."""
    return [found for found in _messages(broker) if found[1]["headers"]["task"] == task]


def _sent_by_celery(row: PeriodicTask) -> None:
    """Let the scheduler of django-celery-beat send it, with the base of Celery's own."""
    app: Celery = current_app._get_current_object()
    Scheduler(app, lazy=True).apply_async(ModelEntry(row, app=app), advance=False)


def _comparable(message: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs between any two messages of the same task."""
    headers, properties = dict(message["headers"]), dict(message["properties"])
    assert headers["root_id"] == headers["id"] == properties["correlation_id"]
    assert headers["parent_id"] is None
    for field in ("id", "root_id", "origin", "expires"):
        headers.pop(field)
    for field in ("correlation_id", "delivery_tag", "reply_to"):
        properties.pop(field)
    if "expiration" in properties:  # in milliseconds from now
        properties["expiration"] = round(int(properties["expiration"]), -5)
    return {**message, "headers": headers, "properties": properties}


@pytest.mark.parametrize("fields", ROWS.values(), ids=ROWS.keys())
def test_message_is_the_one_that_beat_would_have_sent(
    fields: dict[str, Any], broker: "redis.Redis"
) -> None:
    row = periodic(START, **fields)
    _sent_by_celery(row)
    (expected,) = _messages(broker)
    broker.delete(expected[0])

    beat(START)
    beat(START + MINUTE)
    assert run_due() == 1
    ((queue, message),) = _of(broker, row.task)
    assert queue == expected[0]
    assert _comparable(message) == _comparable(expected[1])
    expiries = [m["headers"]["expires"] for m in (message, expected[1])]
    assert (expiries[0] is None) == (expiries[1] is None)
    if row.expires:
        assert expiries[0] == expiries[1]


def test_expiry_counts_from_the_sending(broker: "redis.Redis") -> None:
    row = periodic(START, expire_seconds=90)
    beat(START)
    beat(START + MINUTE)
    before = clock.now()
    run_due()
    ((_, message),) = _of(broker, row.task)
    expires = datetime.fromisoformat(message["headers"]["expires"])
    assert before + timedelta(seconds=89) < expires < clock.now() + timedelta(seconds=91)


def test_task_that_celery_knows_is_sent_with_its_own_options(broker: "redis.Redis") -> None:
    with celery_task("shop.tasks.registered", ignore_result=False) as name:
        row = periodic(START, task=name, args=[7])
        _sent_by_celery(row)
        (expected,) = _messages(broker)
        broker.delete(expected[0])
        beat(START)
        beat(START + MINUTE)
        run_due()
        ((queue, message),) = _of(broker, row.task)
        assert (queue, _comparable(message)) == (expected[0], _comparable(expected[1]))


def test_attempt_that_is_repeated_sends_the_same_id(broker: "redis.Redis") -> None:
    row = periodic(START)
    beat(START)
    beat(START + MINUTE)
    run_due()
    Task.objects.update(
        state=State.SCHEDULED, finished_at=None
    )  # as after a crash before the record
    run_due()
    beat(START + 2 * MINUTE)
    run_due()

    ids = [message["headers"]["id"] for _, message in _of(broker, row.task)]
    assert len(ids) == 3
    assert len(set(ids)) == 2


@pytest.mark.usefixtures("no_broker")
def test_message_waits_for_the_broker() -> None:
    row = periodic(START)
    beat(START)
    beat(START + MINUTE)
    run_due()

    (task,) = tasks_of(mirror_of(row))
    assert task.state == State.SCHEDULED
    assert task.run_after > clock.now()
    assert task.attempts_returned == task.attempts == 1


def test_message_that_celery_refuses_ends_as_a_dead_letter() -> None:
    with celery_task("shop.tasks.strict", typing=True) as name:
        row = periodic(START, task=name, kwargs={"nubmer": 7})
        beat(START)
        beat(START + MINUTE)
        run_due()
    (task,) = tasks_of(mirror_of(row))
    assert task.state == State.DEAD


def test_edit_between_two_ticks_applies_to_the_next(broker: "redis.Redis") -> None:
    row = periodic(START, kwargs={"n": 1})
    beat(START)
    beat(START + MINUTE)
    PeriodicTask.objects.update(kwargs='{"n": 2}')
    look(START + MINUTE)
    beat(START + 2 * MINUTE)
    run_due()
    sent = [message["body"][1] for _, message in _of(broker, row.task)]
    assert sorted(body["n"] for body in sent) == [1, 2]


def test_two_beats_at_once_send_one_message(broker: "redis.Redis") -> None:
    def lead(_: int) -> int:
        follow()
        return generate() + fire()

    rows = [periodic(START, f"row {n}") for n in range(20)]
    with clock.frozen(START):
        at_once(2, lead)
    beat(START)
    with clock.frozen(START + MINUTE):
        at_once(2, lead)
    run_due()

    sent = Counter(
        message["headers"]["periodic_task_name"] for _, message in _of(broker, PLAIN_TASK)
    )
    assert sent == {row.name: 1 for row in rows}
