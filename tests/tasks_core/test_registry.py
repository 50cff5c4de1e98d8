"""Declaring task types: what is refused, and what Celery sees of them."""

from typing import Any

import pytest
from celery import current_app

import tasks_core
from tasks_core.events.queues import queue_names
from tasks_core.registry import get_task_type, task_types


def _declare(name: str = "a.b", **options: Any) -> None:
    @tasks_core.task_type(name, **options)
    def handler(payload: dict[str, Any]) -> None: ...


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "two words"}, "use dotted names such as 'invoice.remind'"),
        ({"name": ""}, "use dotted names"),
        ({"name": "a" * 201}, "use dotted names"),
        ({"queue_name": "Mail"}, "a.b: queue_name 'Mail' must match"),
        ({"priority": 7}, "7 is not a valid Priority"),
        ({"max_runtime": 0}, "a.b: max_runtime must be positive, not 0"),
        ({"max_batch": -1}, "a.b: max_batch must be positive, not -1"),
        ({"max_concurrency": 0}, "a.b: max_concurrency must be positive, not 0"),
        ({"max_runtime": 5, "max_runtime_hard": 5}, r"max_runtime_hard \(5\) must be longer"),
    ],
)
def test_declaration_that_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _declare(**options)
    assert options.get("name", "a.b") not in task_types()


def test_name_belongs_to_one_handler() -> None:
    _declare()
    _declare()  # the same one, imported again

    with pytest.raises(ValueError, match=r"task type 'a\.b' is registered already, by .*_declare"):

        @tasks_core.task_type("a.b")
        def other(payload: dict[str, Any]) -> None: ...


def _takes_nothing() -> None: ...


def _takes_three(payload: int, context: Any, more: int) -> None: ...


@pytest.mark.parametrize("handler", [_takes_nothing, _takes_three])
def test_handler_takes_a_payload_and_perhaps_a_context(handler: Any) -> None:
    with pytest.raises(ValueError, match=r"the handler takes \(payload\) or \(payload, context\)"):
        tasks_core.task_type("a.b")(handler)


def test_decorated_function_can_be_called_as_it_is() -> None:
    @tasks_core.task_type("double")
    def double(payload: int) -> int:
        return payload * 2

    assert double(4) == 8


def test_celery_knows_the_type_by_its_name_and_leaves_retries_to_the_rows() -> None:
    _declare()

    task = current_app.tasks["a.b"]
    assert (task.acks_late, task.ignore_result, task.max_retries) == (True, True, 0)
    assert not task.reject_on_worker_lost


def test_queues_of_all_types_are_known() -> None:
    _declare(queue_name="rare-queue")

    assert {"default", "rare-queue"} <= set(queue_names())
    assert get_task_type("a.b").queue_name == "rare-queue"


class Unfit:
    """A class that pydantic cannot make a schema of."""


def test_payload_that_is_no_schema_is_refused_with_the_name_of_the_type() -> None:
    with pytest.raises(ValueError, match=r"odd: the payload cannot be annotated with .*Unfit"):

        @tasks_core.task_type("odd")
        def odd(payload: Unfit) -> None: ...
