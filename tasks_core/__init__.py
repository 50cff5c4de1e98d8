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

from pathlib import Path
from typing import TYPE_CHECKING

from tasks_core.public_names import imported_on_use

if TYPE_CHECKING:
    from tasks_core.api import *  # noqa: F403

# Django imports this package before models may be; a rule or an exception is there already.
__getattr__ = imported_on_use(__name__, str(Path(__file__).with_name("api.py")))
