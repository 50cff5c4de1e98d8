"""docs/task-lifecycle.md, the table of transitions and the code that makes them say the same."""

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import pytest

import tasks_core
from tasks_core.engine import decision
from tasks_core.engine.outcome import Failure, Outcome
from tasks_core.engine.retry import Fixed
from tasks_core.engine.states import TRANSITIONS, State, is_allowed
from tasks_core.sql import finish

PAGE = (Path(__file__).parents[2] / "docs" / "task-lifecycle.md").read_text()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAILURE = Failure(error="x.E", message="")

Arrow = tuple[str, str, str]
"""Source, target, name."""


def _picture() -> set[Arrow]:
    lines = re.findall(r"^ +(\S+) --> (\S+): (\w+)$", PAGE, re.MULTILINE)
    return {(source.strip("[*]"), target, name) for source, target, name in lines}


def _rows() -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines()]
    return {row[0]: row for row in rows if len(row) == 6 and row[0] in TRANSITIONS}


def _functions(name: str) -> list[Callable[..., Any]]:
    paths = re.findall(r"`([\w.]+)\.(\w+)`", _rows()[name][4])
    return [getattr(import_module(module), function) for module, function in paths]


def _statement(function: Callable[..., Any]) -> str:
    """Return the SQL that a function of `tasks_core.sql` runs."""
    name = re.search(r"fetch(?:_often)?\((\w+)", inspect.getsource(function))
    assert name, f"{function} runs no statement"
    return str(vars(inspect.getmodule(function))[name[1]])


def _states_in(condition: str) -> set[str]:
    """Return the states that the last condition on `state` in a piece of SQL names."""
    found = re.findall(r"\bstate(?: \|\| '')? (?:= ('\w+')|IN \(([^)]*)\))", condition)
    return set(re.findall(r"\w+", "".join(found[-1])))


def test_picture_shows_every_arrow_and_no_other() -> None:
    arrows = {
        (str(source), str(t.target), t.name)
        for t in TRANSITIONS.values()
        for source in t.sources or {""}
    }

    assert _picture() == arrows


def test_picture_ends_the_final_states() -> None:
    ends = set(re.findall(r"(\w+) --> \[\*\]$", PAGE, re.MULTILINE))

    assert ends == {str(s) for s in State} - {
        str(s) for t in TRANSITIONS.values() for s in t.sources
    }


def test_rows_describe_every_arrow() -> None:
    described = {
        name: (set(row[1].strip("-").split(", ")) - {""}, row[2], row[3])
        for name, row in _rows().items()
    }

    assert described == {
        t.name: ({str(s) for s in t.sources}, str(t.target), str(t.event))
        for t in TRANSITIONS.values()
    }


STATEMENTS = [
    (name, function)
    for name in TRANSITIONS
    for function in _functions(name)
    if ".sql." in function.__module__
]


@pytest.mark.parametrize(
    ("name", "function"), STATEMENTS, ids=[f"{n}-{f.__name__}" for n, f in STATEMENTS]
)
def test_statement_leaves_the_states_of_its_arrow_and_writes_its_event(
    name: str, function: Callable[..., Any]
) -> None:
    arrow = TRANSITIONS[name]
    sql = _statement(function)
    assert f"'{arrow.event}'" in sql
    if not arrow.sources:
        assert f"'{arrow.target}'" in sql
        return

    update = sql[sql.index("UPDATE") : sql.index("RETURNING")]
    assert f"state = '{arrow.target}'" in update
    # Expiry by an attempt's outcome is the one arrow out of RUNNING that `finish` makes beside another.
    expected = arrow.sources - {State.RUNNING} if name == "expire" else arrow.sources
    assert _states_in(update[update.index("WHERE") :]) == {str(s) for s in expected}


def _outcomes() -> dict[str, list[Outcome]]:
    attempt = decision.Attempt(used=1, first_started_at=NOW)
    expiring = decision.Attempt(used=1, first_started_at=NOW, expires_at=NOW)

    def failed(limit: int, of: decision.Attempt) -> Outcome:
        return decision.after_failure(
            Fixed(max_attempts=limit), FAILURE, of, now=NOW, rng=Random(0)
        )

    return {
        "succeeded": [decision.succeeded(None)],
        "expired": [decision.expired()],
        "snoozed": [decision.snoozed(now=NOW, seconds=1, reason="")],
        "yielded": [decision.yielded(now=NOW)],
        "released": [decision.released(now=NOW, reason="")],
        "failed_in_company": [decision.failed_in_company(FAILURE, now=NOW)],
        "lost_with_machine": [decision.lost_with_machine(now=NOW, isolate=False)],
        "lost_in_company": [decision.lost_in_company(now=NOW)],
        "after_failure": [failed(2, attempt), failed(1, attempt), failed(2, expiring)],
        "final_failure": [decision.final_failure(FAILURE, attempt, reason="")],
    }


def test_decisions_make_the_arrows_that_the_page_says() -> None:
    made = {(name, o.transition) for name, outcomes in _outcomes().items() for o in outcomes}
    said = {
        (function.__name__, name)
        for name in TRANSITIONS
        for function in _functions(name)
        if function.__module__ == decision.__name__
    }

    assert made == said


def test_every_decision_of_the_engine_is_in_the_page() -> None:
    public = {
        name
        for name, function in inspect.getmembers(decision, inspect.isfunction)
        if not name.startswith("_") and function.__module__ == decision.__name__
    }

    assert public == set(_outcomes())


def _constants() -> Iterator[tuple[str, str]]:
    """Return every text constant of the platform, with its place; SQL is among them."""
    for found in pkgutil.walk_packages(tasks_core.__path__, "tasks_core."):
        if ".migrations" not in found.name:
            for name, value in vars(import_module(found.name)).items():
                if isinstance(value, str) and name.isupper():
                    yield f"{found.name}.{name}", value


def _updates() -> Iterator[tuple[str, str]]:
    """Return every statement of the platform that sets a state, with its place."""
    for place, value in _constants():
        for update in re.findall(r"UPDATE tasks_core_task SET.*?RETURNING", value, re.DOTALL):
            if re.search(r"\bstate = '", update[: update.index("WHERE")]):
                yield place, update


def test_every_statement_that_makes_tasks_is_in_the_page() -> None:
    making = {value for _, value in _constants() if "INSERT INTO tasks_core_task (" in value}

    assert making == {_statement(function) for name, function in STATEMENTS if name == "enqueue"}


@pytest.mark.parametrize(("place", "update"), sorted(_updates()), ids=lambda v: v.split("\n")[0])
def test_no_statement_makes_an_arrow_that_is_not_in_the_table(place: str, update: str) -> None:
    change, condition = update[: update.index("WHERE")], update[update.index("WHERE") :]
    target = State(re.findall(r"\bstate = '(\w+)'", change)[0])

    for source in _states_in(condition):
        assert is_allowed(State(source), target), f"{place}: {source} to {target}"


def test_arrows_out_of_running_are_fenced_by_state_and_attempt() -> None:
    update = finish.FINISH[finish.FINISH.index("UPDATE") : finish.FINISH.index("RETURNING")]

    assert _states_in(update[update.index("WHERE") :]) == {str(State.RUNNING)}
    assert "attempts = outcome.attempt" in update
