"""The id that ties a request or a caller to its tasks, their children and all log lines of them."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks_core.context import TaskContext

from tasks_core.current_attempt import current_context
from tasks_core.engine.redaction import HiddenValues
from tasks_core.engine.single_line import is_single_line
from tasks_core.exceptions import InvalidOption

LONGEST = 128
_ACCEPTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,127}")


@dataclass(slots=True)
class Binding:
    """An id that holds in a block, and the attempt inside which the block is."""

    correlation_id: str
    attempt: "TaskContext | None"
    hidden: HiddenValues = field(default_factory=HiddenValues)


_bound: ContextVar[Binding | None] = ContextVar("tasks_core_correlation", default=None)


@contextmanager
def correlation(correlation_id: str | None = None) -> Iterator[str]:
    """Give the tasks made in this block, and its log lines, a correlation id; a new one without argument.

    It holds in this thread or coroutine and in the coroutines that it starts. Blocks may be nested; the
    innermost holds. The correlation id that a call of ``enqueue`` names itself goes before.

    Raises:
        InvalidOption: not one line of text of 1 to 128 characters.
    """
    chosen = new_correlation_id() if correlation_id is None else _checked(correlation_id)
    with bound(Binding(chosen, current_context.get())):
        yield chosen


@contextmanager
def bound(binding: Binding) -> Iterator[None]:
    """Let ``binding`` hold in this block; one with an empty id ties nothing, and still hides secrets."""
    token = _bound.set(binding)
    try:
        yield
    finally:
        _bound.reset(token)


def current_correlation_id() -> str:
    """Return the id that holds here, or an empty text.

    Inside a handler that is the one of its task; a task that was given none has ``task-ID``, so that its
    children and their log lines can be found all the same.
    """
    attempt = current_context.get()
    binding = bound_here(attempt)
    if binding is not None:
        return binding.correlation_id
    if attempt is None:
        return ""
    return attempt.correlation_id or f"task-{attempt.task_id}"


def bound_here(attempt: "TaskContext | None") -> Binding | None:
    """Return the innermost block of ``correlation``, unless the attempt has begun inside it."""
    binding = _bound.get()
    return binding if binding is not None and binding.attempt is attempt else None


def new_correlation_id() -> str:
    """Return an id that nobody else has."""
    return uuid.uuid4().hex


def is_acceptable(correlation_id: str) -> bool:
    """Tell whether an id from outside may be used: letters, digits and ``._:/@+=-``, at most 128."""
    return _ACCEPTED.fullmatch(correlation_id) is not None


def _checked(correlation_id: str) -> str:
    if not isinstance(correlation_id, str):
        raise InvalidOption(f"correlation_id must be text, not {type(correlation_id).__name__}")
    if not 0 < len(correlation_id) <= LONGEST or not is_single_line(correlation_id):
        raise InvalidOption(
            f"correlation_id must be one line of 1 to {LONGEST} characters; leave it out for a new one"
        )
    return correlation_id
