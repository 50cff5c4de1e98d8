"""Durable tasks for Django, on Celery.

Everything that other apps use is here::

    import tasks_core
    from pydantic import BaseModel

    class Reminder(BaseModel):
        invoice: int

    @tasks_core.task_type("invoice.remind", retry=tasks_core.Exponential(max_attempts=8))
    def remind(payload: Reminder, context: tasks_core.TaskContext) -> None: ...

    tasks_core.enqueue("invoice.remind", {"invoice": 17})
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks_core.api import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Import the public names on first use: Django imports this package before its models may be."""
    is_public = not name.startswith("_") or name == "__all__"
    if is_public and find_spec(f"{__name__}.{name}") is None:
        api = import_module(f"{__name__}.api")
        if name in ("__all__", *api.__all__):
            return globals().setdefault(name, getattr(api, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
