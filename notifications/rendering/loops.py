"""The budget of loop turns, which bounds a rendering together with its budget of time."""

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import TemplateRuntimeError, pass_context
from jinja2.runtime import Context

from notifications.rendering.time_budget import check_time

LOOP_FILTER = "_metered"
BUDGET = "_loop_budget"


class LoopBudget:
    """Counts the turns of all loops of one rendering, nested ones included."""

    def __init__(self, turns: int) -> None:
        self.turns = turns
        self.left = turns

    def spend(self, turns: int) -> None:
        """Take turns from the budget; raises TemplateRuntimeError when it is used up."""
        self.left -= turns
        if self.left < 0:
            raise TemplateRuntimeError(f"the loops take more than {self.turns} turns together")


@pass_context
def metered(context: Context, items: Any) -> Iterable[Any]:
    """Return the items of a loop after charging them to the budget. Stands before every loop."""
    if not isinstance(items, list | dict | tuple):
        str(items)  # an undefined variable raises its own error here
        raise TemplateRuntimeError("a loop needs a list")
    budget: LoopBudget = context[BUDGET]
    budget.spend(len(items))
    return _timed(items)


def _timed(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        check_time()
        yield item
