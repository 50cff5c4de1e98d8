"""Task types: a name, a handler, a payload schema and limits; and their registry."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import PydanticUserError

from tasks_core import conf
from tasks_core.batch_item import BatchItem
from tasks_core.engine.retry import Exponential, RetryRule
from tasks_core.exceptions import InnerTaskType, UnknownTaskType
from tasks_core.lanes import QUEUE_NAME
from tasks_core.payloads import PayloadSchema
from tasks_core.priority import Priority

Handler = Callable[..., Any]
HandlerT = TypeVar("HandlerT", bound=Handler)

TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
DEFAULT_RETRY = Exponential(max_attempts=5, initial=2.0, factor=2.0, cap=600.0, jitter="full")


@dataclass(frozen=True, kw_only=True)
class TaskType:
    """What is registered under one name."""

    name: str
    handler: Handler
    schema: PayloadSchema
    queue_name: str
    priority: Priority
    retry: RetryRule
    is_async: bool
    is_batch: bool
    takes_context: bool
    max_runtime: float | None
    max_runtime_hard: float | None
    max_batch: int | None
    max_concurrency: int
    final_errors: tuple[type[BaseException], ...]
    max_payload_bytes: int
    refuses_replay: Callable[[Any], str] | None = None
    is_inner: bool = False
    has_free_times: bool = False


_types: dict[str, TaskType] = {}
_declared_queues: set[str] = set()
_callbacks: list[Callable[[TaskType], object]] = []


def task_type(  # noqa: PLR0913  (each is one thing a type may say)
    name: str,
    *,
    queue_name: str = "default",
    priority: int = Priority.NORMAL,
    retry: RetryRule = DEFAULT_RETRY,
    max_runtime: float | None = None,
    max_runtime_hard: float | None = None,
    max_batch: int | None = None,
    max_concurrency: int = 100,
    final_errors: tuple[type[BaseException], ...] = (),
    max_payload_bytes: int | None = None,
    batch: bool = False,
    refuses_replay: Callable[[Any], str] | None = None,
    inner: bool = False,
    free_times: bool = False,
) -> Callable[[HandlerT], HandlerT]:
    """Register the decorated function as the handler of the task type ``name``.

    The function takes the payload, whose annotation is its schema, and may take a ``TaskContext`` second.
    It may be ``async def``: then many run at once in one worker process. What it returns is stored as the
    result and must be JSON. It must bear being run again: execution is at least once.

    Args:
        name: dotted name, also the name of the Celery task, so that Flower shows it.
        queue_name: lower-case letters, digits, ``_`` and ``-``.
        priority: 0 (critical) to 3 (low); a task may have its own.
        retry: when to try again; a task may have its own.
        max_runtime: seconds after which the handler gets a ``MaxRuntimeExceeded``.
        max_runtime_hard: seconds after which its process is ended and the attempt counts; prefork
            workers only, others refuse to start.
        max_batch: most tasks in one message.
        max_concurrency: for ``async def``: most tasks in flight in one worker process.
        final_errors: exceptions that are never retried.
        max_payload_bytes: size as JSON; the setting MAX_PAYLOAD_BYTES if not given.
        batch: the handler takes many tasks at once, as ``list[BatchItem[Payload]]``, and gives one
            outcome for each, in their order, in a list or one after the other (``yield``): its result,
            or an exception. ``max_runtime`` is then for each outcome. What it raises itself costs no
            task an attempt; each is then run in a batch of one.
        refuses_replay: asked, with the payload, before a finished task is enqueued again. It returns why
            that would come to nothing and what to do instead, or an empty text; operators read it.
        inner: only the app that owns the type makes its tasks, by saying ``inner=True`` where it does. People
            cannot enqueue or schedule it by any door, nor change a payload of it, and its tasks are replayed
            only if ``refuses_replay`` is there to judge that.
        free_times: of an inner type: schedules of it come from rows that people edit elsewhere, so people may
            change their times, trigger and backfill them; not what they run.

    Raises:
        ValueError: a value out of range, or the name is taken by another handler.
    """

    def register(handler: HandlerT) -> HandlerT:
        payload, takes_context = _signature(name, handler, batch=batch)
        registered = TaskType(
            name=name,
            handler=handler,
            schema=_schema(name, payload),
            queue_name=queue_name,
            priority=Priority(priority),
            retry=retry,
            is_async=inspect.iscoroutinefunction(handler),
            is_batch=batch,
            takes_context=takes_context,
            max_runtime=max_runtime,
            max_runtime_hard=max_runtime_hard,
            max_batch=max_batch,
            max_concurrency=max_concurrency,
            final_errors=final_errors,
            max_payload_bytes=max_payload_bytes or conf.current().max_payload_bytes,
            refuses_replay=refuses_replay,
            is_inner=inner,
            has_free_times=free_times,
        )
        _check(registered)
        _types[name] = registered
        for callback in _callbacks:
            callback(registered)
        return handler

    return register


def on_registered(callback: Callable[[TaskType], object]) -> None:
    """Call back with every task type: at once with those that are known, later with each that comes."""
    _callbacks.append(callback)
    for registered in _types.values():
        callback(registered)


def get_task_type(name: str) -> TaskType:
    """Return the task type registered under ``name``.

    Raises:
        UnknownTaskType: there is none; the message lists close names.
    """
    try:
        return _types[name]
    except KeyError:
        raise UnknownTaskType(_unknown(name)) from None


def require_allowed(registered: TaskType, *, inner: bool) -> None:
    """Let pass what whoever asks may make: inner types only with ``inner``, which no door for people gives.

    Raises:
        InnerTaskType: it is not for them.
    """
    if registered.is_inner and not inner:
        raise InnerTaskType(
            f"task type {registered.name!r} is inner: the platform makes its tasks by itself, and nobody "
            "enqueues or schedules it; use the step, command or function that asks for what it does"
        )


def task_types() -> dict[str, TaskType]:
    """Return all registered task types by name."""
    return dict(_types)


def declare_queue(queue_name: str) -> None:
    """Let workers consume a queue that no task type names as its own, but tasks are put into.

    Raises:
        ValueError: not lower-case letters, digits, ``_`` and ``-``.
    """
    if not QUEUE_NAME.fullmatch(queue_name):
        raise ValueError(f"queue name {queue_name!r} must be lower-case letters, digits, _ and -")
    _declared_queues.add(queue_name)


def declared_queues() -> frozenset[str]:
    """Return what ``declare_queue`` was told."""
    return frozenset(_declared_queues)


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, _types, n=3) or _first_of_all(10)
    known = ", ".join(close) or "none; declare one with @task_type in <app>/task_types.py"
    return f"no task type {name!r} is registered; known: {known}"


def _first_of_all(most: int) -> list[str]:
    """Return what people may ask for before what the platform makes by itself."""
    ordered = sorted(_types, key=lambda name: (_types[name].is_inner, name))
    rest = len(ordered) - most
    return ordered[:most] + ([f"{rest} more, which list_task_types shows"] if rest > 0 else [])


def _signature(name: str, handler: Handler, *, batch: bool) -> tuple[Any, bool]:
    parameters = list(inspect.signature(handler).parameters.values())
    if batch:
        return _batch_payload(name, handler, [one.name for one in parameters]), False
    if not 1 <= len(parameters) <= 2:
        raise ValueError(f"{name}: the handler takes (payload) or (payload, context)")
    hints = get_type_hints(handler)
    return hints.get(parameters[0].name, dict[str, Any]), len(parameters) == 2


def _batch_payload(name: str, handler: Handler, parameters: list[str]) -> Any:
    if len(parameters) != 1 or inspect.iscoroutinefunction(handler):
        raise ValueError(
            f"{name}: a batch handler is a plain function of one parameter, list[BatchItem[...]]"
        )
    hint = get_type_hints(handler).get(parameters[0])
    [item] = get_args(hint) or (None,)
    if get_origin(item) is BatchItem:
        [payload] = get_args(item)
        return payload
    if hint is None or item is BatchItem:
        return dict[str, Any]
    raise ValueError(f"{name}: annotate {parameters[0]} as list[BatchItem[...]], not {hint}")


def _schema(name: str, annotation: Any) -> PayloadSchema:
    try:
        return PayloadSchema(annotation)
    except PydanticUserError as error:
        raise ValueError(
            f"{name}: the payload cannot be annotated with {annotation!r}: {error.message} "
            "(a pydantic model or a dataclass always does)"
        ) from None


def _check(registered: TaskType) -> None:
    name = registered.name
    known = _types.get(name)
    if known is not None and _place(known.handler) != _place(registered.handler):
        raise ValueError(f"task type {name!r} is registered already, by {_place(known.handler)}")
    if not TYPE_NAME.fullmatch(name) or len(name) > 200:
        raise ValueError(f"task type {name!r}: use dotted names such as 'invoice.remind'")
    if not QUEUE_NAME.fullmatch(registered.queue_name):
        raise ValueError(
            f"{name}: queue_name {registered.queue_name!r} must match {QUEUE_NAME.pattern}"
        )
    for field in ("max_runtime", "max_runtime_hard", "max_batch", "max_concurrency"):
        value = getattr(registered, field)
        if value is not None and value <= 0:
            raise ValueError(f"{name}: {field} must be positive, not {value}")

    if registered.is_batch and registered.max_runtime_hard is not None:
        raise ValueError(f"{name}: max_runtime_hard needs a handler of one task, not of a batch")
    soft, hard = registered.max_runtime, registered.max_runtime_hard
    if soft is not None and hard is not None and hard <= soft:
        raise ValueError(
            f"{name}: max_runtime_hard ({hard}) must be longer than max_runtime ({soft})"
        )


def _place(handler: Handler) -> str:
    return f"{handler.__module__}.{handler.__qualname__}"
