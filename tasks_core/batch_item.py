"""One task of the batch that a batch handler gets."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from tasks_core.current_attempt import current_context
from tasks_core.instrumentation import WatchedMember

if TYPE_CHECKING:
    from tasks_core.context import TaskContext

PayloadT = TypeVar("PayloadT")


@dataclass(frozen=True, slots=True)
class BatchItem(Generic[PayloadT]):
    """A task's payload, and its attempt."""

    payload: PayloadT
    context: "TaskContext"
    watched: WatchedMember | None = field(default=None, repr=False, compare=False)
    """Set while traces or error reports are on."""

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make this the attempt that runs here: its ids are on log lines, its children inherit them.

        Without it the work of a batch handler is in nobody's name, because it is for many.
        """
        token = current_context.set(self.context)
        try:
            with self.watched.active() if self.watched else nullcontext():
                yield
        finally:
            current_context.reset(token)
