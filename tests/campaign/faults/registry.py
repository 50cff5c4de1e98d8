"""The faults there are."""

from collections.abc import Callable

from tests.campaign.stage import Stage

Fault = Callable[[Stage], None]
FAULTS: dict[str, Fault] = {}
"""By their names, in the order in which they are done."""


def fault(function: Fault) -> Fault:
    """Take a function into the campaign under its own name."""
    FAULTS[function.__name__.replace("_", "-")] = function
    return function
