"""What the demo shows beside the payments: one scenario a file.

Each has a function ``ask``, which asks the platform for messages, and a function ``check``, which holds what
the receivers got against it.
"""

from collections.abc import Callable, Iterator

from examples.demo.asked import Asked
from examples.demo.checks import Check
from examples.demo.scenarios import dead_endpoint, digest, login_codes, newsletter, quiet_hours
from examples.demo.scenarios.stage import Found, Stage

_ALL = (dead_endpoint, login_codes, quiet_hours, digest, newsletter)

ASKS: tuple[Callable[[Stage], Asked], ...] = tuple(scenario.ask for scenario in _ALL)


def check_all(stage: Stage, found: Found) -> Iterator[Check]:
    """Give what there is to say about each scenario."""
    for scenario in _ALL:
        yield scenario.check(stage, found)
