"""Watch attempts from outside: traces and error reports.

With no watcher an attempt costs one look at an empty tuple. A watcher that fails is logged, and neither the
handler nor its outcome notices.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks_core.context import TaskContext
    from tasks_core.engine.outcome import Outcome
    from tasks_core.registry import TaskType
    from tasks_core.sql.claim import ClaimedTask

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class WatchedAttempt:
    """An attempt under way, and from its end on what came of it.

    Attributes:
        outcome: None while the handler runs, and after it if the worker took the attempt away from it.
        error: what the handler raised, if it did. Its text may hold secrets of the payload.
    """

    task: "ClaimedTask"
    task_type: "TaskType"
    context: "TaskContext"
    outcome: "Outcome | None" = None
    error: BaseException | None = None


current_attempt: ContextVar[WatchedAttempt | None] = ContextVar(
    "tasks_core_watched_attempt", default=None
)
"""The attempt whose handler runs here, if anybody watches."""


Watcher = Callable[[WatchedAttempt], AbstractContextManager[None]]
"""Entered before the handler is called and left after its outcome is known, in the handler's context."""

watchers: tuple[Watcher, ...] = ()


def add_watcher(watcher: Watcher) -> None:
    """Let ``watcher`` see every attempt that begins from now on, inside those added before."""
    global watchers
    if watcher not in watchers:
        watchers = (*watchers, watcher)


def remove_watcher(watcher: Watcher) -> None:
    """Take ``watcher`` out again."""
    global watchers
    watchers = tuple(known for known in watchers if known is not watcher)


@contextmanager
def watched(seen: WatchedAttempt) -> Iterator[None]:
    """Run the block under the eyes of all watchers."""
    token = current_attempt.set(seen)
    entered = _enter_all(seen)
    try:
        yield
    finally:
        _leave_all(entered)
        current_attempt.reset(token)


class WatchedMember:
    """One attempt of a batch, watched from the beginning of the batch until its outcome is known.

    Watchers are entered in a context of its own, because the attempts of a batch overlap. ``active`` brings
    what they have set there to the caller.
    """

    def __init__(self, seen: WatchedAttempt) -> None:
        self.seen = seen
        self._context = copy_context()
        before = copy_context()
        self._entered = self._context.run(self._enter)
        self._set = [
            (variable, value)
            for variable, value in self._context.items()
            if variable not in before or before[variable] is not value
        ]

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let the block be a part of this attempt."""
        tokens = [(variable, variable.set(value)) for variable, value in self._set]
        try:
            yield
        finally:
            for variable, token in reversed(tokens):
                variable.reset(token)

    def ended(self) -> None:
        """Let the watchers go; what came of the attempt, if anything, is in ``seen``."""
        self._context.run(_leave_all, self._entered)

    def _enter(self) -> list[AbstractContextManager[None]]:
        current_attempt.set(self.seen)
        return _enter_all(self.seen)


def _enter_all(seen: WatchedAttempt) -> list[AbstractContextManager[None]]:
    return [entry for watcher in watchers if (entry := _enter(watcher, seen)) is not None]


def _leave_all(entered: list[AbstractContextManager[None]]) -> None:
    for entry in reversed(entered):
        _leave(entry)


def _enter(watcher: Watcher, seen: WatchedAttempt) -> AbstractContextManager[None] | None:
    try:
        entry = watcher(seen)
        entry.__enter__()
    except Exception:
        logger.exception("an attempt goes on unwatched by %r", watcher)
        return None
    return entry


def _leave(entry: AbstractContextManager[None]) -> None:
    try:
        entry.__exit__(None, None, None)
    except Exception:
        logger.exception("a watcher failed after the attempt")
