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

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks_core.api import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Import a public name on first use, and no other: Django imports this package before models may be.

    A rule or an exception is there before Django is set up, and whoever asks for what is not public, as
    Celery and test runners do, imports nothing.
    """
    if name == "__all__":
        return sorted(_places())
    place = _places().get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, getattr(import_module(place), name))


@cache
def _places() -> dict[str, str]:
    """Return the module of each public name: what ``api.py`` imports, read and not run."""
    import ast
    from pathlib import Path

    api = ast.parse(Path(__file__).with_name("api.py").read_text(encoding="utf-8"))
    imports = [node for node in api.body if isinstance(node, ast.ImportFrom)]
    return {
        alias.name: node.module
        for node in imports
        if node.module is not None and node.module.startswith(f"{__name__}.")
        for alias in node.names
    }
