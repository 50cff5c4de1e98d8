"""What may be registered."""

from typing import Any

import pytest

import tasks_core
from tasks_core.engine.events import Event, TaskFailed
from tasks_core.events.queues import queue_names
from tasks_core.events.subscription import OneByOne, subscriptions


def _handle(events: object) -> None:
    """Take anything."""


async def _handle_async(events: object) -> None:
    """Take anything."""


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"name": "has space"}, "subscription 'has space': the name must match"),
        ({"kinds": [Event]}, "kinds are classes of events such as tasks_core.events.TaskFailed"),
        ({"kinds": ["failed"]}, "kinds are classes of events such as"),
        ({"handler": _handle_async}, "the handler must be a plain function"),
        ({"batch_size": 0}, "batch_size must lie between 1 and 5000"),
        ({"batch_size": 5_001}, "batch_size must lie between 1 and 5000"),
        ({"max_runtime": float("nan")}, "max_runtime must be positive seconds"),
        ({"max_runtime": 0}, "max_runtime must be positive seconds"),
        ({"max_failures": 0}, "max_failures must be at least 1"),
        ({"queue_name": "A b"}, "queue_name 'A b' must match"),
        ({"start": "then"}, "start must be 'now' or 'beginning', not 'then'"),
    ],
)
def test_what_cannot_be_is_refused_by_name(options: dict[str, Any], complaint: str) -> None:
    given = {"name": "name", "kinds": [TaskFailed], "handler": _handle, **options}
    with pytest.raises(ValueError, match=complaint):
        tasks_core.subscribe(**given)
    assert not subscriptions()


def test_a_name_stands_for_one_handler() -> None:
    tasks_core.subscribe("name", [], _handle)
    tasks_core.subscribe("name", [TaskFailed], _handle)  # the module was imported again
    with pytest.raises(ValueError, match="registered already"):
        tasks_core.subscribe("name", [], print)


def test_a_decorated_function_is_called_like_its_place() -> None:
    tasks_core.on_event(TaskFailed)(_handle)
    name = f"{__name__}._handle"
    assert subscriptions()[name].handler == OneByOne(_handle)
    with pytest.raises(ValueError, match="on_event takes the kinds of events"):
        tasks_core.on_event()


def test_workers_consume_the_queues_of_subscribers() -> None:
    tasks_core.subscribe("name", [], _handle, queue_name="audit")
    assert "audit" in queue_names()
