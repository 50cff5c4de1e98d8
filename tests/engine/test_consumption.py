"""When a worker is taken to consume no more."""

from typing import Any

import pytest

from tasks_core.engine.consumption import Consumption, problem_of

FREE = {"slots": 2, "taken": 1, "taken_by_others": 0, "are_leases_renewed": True}
TAKEN = {"slots": 2, "taken": 2, "taken_by_others": 0, "are_leases_renewed": False}


@pytest.mark.parametrize(
    ("waiting_for", "facts", "says"),
    [
        (None, FREE, ""),
        (60.0, FREE, ""),
        (60.1, FREE, "has not come back for 60 s, although 1 of 2 slots are free"),
        (900.0, TAKEN, "the leases of what its 2 slots run are not renewed"),
        (None, TAKEN, ""),
        (900.0, {**TAKEN, "are_leases_renewed": True}, ""),
        (900.0, {**TAKEN, "are_leases_renewed": None}, ""),
        (900.0, {**TAKEN, "taken_by_others": 1}, ""),
    ],
)
def test_problem(waiting_for: float | None, facts: dict[str, Any], says: str) -> None:
    problem = problem_of(Consumption(waiting_for=waiting_for, **facts), patience=60.0)
    assert problem.endswith(says)
    assert bool(problem) is bool(says)
