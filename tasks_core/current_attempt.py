"""The attempt whose handler runs here."""

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks_core.context import TaskContext

# Apart from TaskContext, so that logging can be set up before Django is.
current_context: ContextVar["TaskContext | None"] = ContextVar("tasks_core_context", default=None)
"""For log lines, and for children that inherit its correlation id."""
