"""Subscribers: a name, the kinds of events they want, and what is called with them."""

import inspect
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from tasks_core.engine.events import Event
from tasks_core.engine.states import EventKind
from tasks_core.lanes import QUEUE_NAME

Handler = Callable[[Sequence[Event]], object]
EventHandlerT = TypeVar("EventHandlerT", bound=Callable[..., object])

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}")
LONGEST_BATCH = 5_000
BUILT_IN = frozenset({"metrics"})
"""Cursors that the platform moves itself, each event exactly once."""

Start = Literal["now", "beginning"]


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What is registered under one name; ``subscribe`` tells what the fields mean."""

    name: str
    kinds: frozenset[EventKind]
    task_types: frozenset[str]
    handler: Handler
    batch_size: int
    max_runtime: float
    max_failures: int
    queue_name: str
    start: Start
    atomic: bool


_subscriptions: dict[str, Subscription] = {}


def subscribe(
    name: str,
    kinds: Iterable[type[Event]],
    handler: Handler,
    *,
    task_types: Iterable[str] = (),
    batch_size: int = 100,
    max_runtime: float = 30.0,
    max_failures: int = 10,
    queue_name: str = "default",
    start: Start = "now",
    atomic: bool = False,
) -> Subscription:
    """Let ``handler`` get events, in batches, in a Celery worker; call it in ``<app>/subscriptions.py``.

    Each subscriber has a cursor of its own in the database. It gets every event at least once, and those of
    one task in the order in which they were committed. A batch that raises comes again, later from time to
    time; after ``max_failures`` in a row the subscriber is parked until an operator resumes it. Others are
    not held up by that.

    Args:
        name: of the cursor; a new name begins anew.
        kinds: classes such as ``TaskFailed``; empty means all.
        handler: called with a list of events. It must bear getting one again.
        task_types: names; empty means all.
        batch_size: most events in one call, 1 to 5,000.
        max_runtime: seconds that one call may take before it counts as failed.
        max_failures: calls that may fail in a row.
        queue_name: the queue whose workers call it; one of its own keeps it from waiting behind tasks.
        start: where a new subscriber begins: with what happens from now on, or with all that is stored.
        atomic: the call runs in a transaction that also moves the cursor, so that what it writes to the
            platform's database takes effect exactly once.

    Raises:
        ValueError: names the argument and what would be right.
    """
    subscription = Subscription(
        name=name,
        kinds=frozenset(_kind(name, kind) for kind in kinds),
        task_types=frozenset(task_types),
        handler=handler,
        batch_size=batch_size,
        max_runtime=max_runtime,
        max_failures=max_failures,
        queue_name=queue_name,
        start=start,
        atomic=atomic,
    )
    _check(subscription)
    _subscriptions[name] = subscription
    return subscription


def on_event(
    *kinds: type[Event], name: str | None = None, **options: Any
) -> Callable[[EventHandlerT], EventHandlerT]:
    """Let the decorated function get events of these kinds, one by one; in ``<app>/subscriptions.py``.

    Its cursor is called like the function, with its module, unless ``name`` says otherwise: give one, and the
    function may move. ``options`` are those of ``subscribe``.

    Raises:
        ValueError: names the argument and what would be right.
    """
    if not kinds:
        raise ValueError("on_event takes the kinds of events, such as @on_event(TaskFailed)")

    def register(handler: EventHandlerT) -> EventHandlerT:
        place = f"{handler.__module__}.{handler.__qualname__}"
        subscribe(name or place, kinds, OneByOne(handler), **options)
        return handler

    return register


class OneByOneError(Exception):
    """One event of a batch failed; ``handled`` before it did not."""

    def __init__(self, handled: int) -> None:
        super().__init__(handled)
        self.handled = handled


@dataclass(frozen=True)
class OneByOne:
    """Calls a function for each event of a batch."""

    function: Callable[..., object]

    def __call__(self, events: Sequence[Event]) -> None:
        """Call it for ``events``.

        Raises:
            OneByOneError: from what it raised.
        """
        for position, event in enumerate(events):
            try:
                self.function(event)
            except Exception as error:
                raise OneByOneError(position) from error


def subscriptions() -> dict[str, Subscription]:
    """Return all registered subscribers by name."""
    return dict(_subscriptions)


def forget(name: str) -> None:
    """Take a subscriber out of this process; its cursor stays."""
    _subscriptions.pop(name, None)


def _kind(name: str, kind: Any) -> EventKind:
    if not (inspect.isclass(kind) and issubclass(kind, Event) and kind is not Event):
        raise ValueError(
            f"{name}: kinds are classes of events such as tasks_core.events.TaskFailed, not {kind!r}; "
            "leave the list empty for all of them"
        )
    found: EventKind = kind.kind
    return found


def _check(new: Subscription) -> None:
    name = new.name
    if not NAME.fullmatch(name):
        raise ValueError(f"subscription {name!r}: the name must match {NAME.pattern}")
    if name in BUILT_IN:
        raise ValueError(f"subscription {name!r}: the platform has this name; choose another one")
    known = _subscriptions.get(name)
    if known is not None and known.handler != new.handler:
        raise ValueError(f"subscription {name!r} is registered already, for {known.handler!r}")
    function = new.handler.function if isinstance(new.handler, OneByOne) else new.handler
    if inspect.iscoroutinefunction(function):
        raise ValueError(f"{name}: the handler must be a plain function, not {function!r}")
    if not 1 <= new.batch_size <= LONGEST_BATCH:
        raise ValueError(f"{name}: batch_size must lie between 1 and {LONGEST_BATCH}")
    if not (math.isfinite(new.max_runtime) and new.max_runtime > 0):
        raise ValueError(f"{name}: max_runtime must be positive seconds, not {new.max_runtime}")
    if new.max_failures < 1:
        raise ValueError(f"{name}: max_failures must be at least 1, not {new.max_failures}")
    if not QUEUE_NAME.fullmatch(new.queue_name):
        raise ValueError(f"{name}: queue_name {new.queue_name!r} must match {QUEUE_NAME.pattern}")
    if new.start not in get_args(Start):
        raise ValueError(f"{name}: start must be 'now' or 'beginning', not {new.start!r}")
