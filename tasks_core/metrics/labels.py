"""Labels of bounded number: what code declares has one of its own, of the rest only so many."""

from collections.abc import Iterable

from tasks_core.events.queues import queue_names
from tasks_core.lanes import SUFFIX
from tasks_core.priority import Priority
from tasks_core.registry import task_types

OTHER = "other"

MOST_UNKNOWN = 20
"""So many task types, and queues, that this release does not register keep their own label."""


class Labels:
    """Gives each name its label; ``names`` are all there are, those first that were known first."""

    def __init__(self, declared: Iterable[str], names: Iterable[str]) -> None:
        self._own = set(declared)
        unknown = [name for name in dict.fromkeys(names) if name not in self._own]
        self._own.update(unknown[:MOST_UNKNOWN])

    def of(self, name: str) -> str:
        """Return the name itself, or ``other``."""
        return name if name in self._own else OTHER


def type_labels(names: Iterable[str]) -> Labels:
    """Return the labels of task types."""
    return Labels(task_types(), names)


def queue_labels(names: Iterable[str]) -> Labels:
    """Return the labels of queues."""
    return Labels(queue_names(), names)


def priority_label(priority: int) -> str:
    """Return how a priority is called, such as ``high``."""
    return SUFFIX[Priority(priority)]
