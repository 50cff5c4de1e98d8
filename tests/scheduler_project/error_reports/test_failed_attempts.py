"""Which failures are reported, with what, and grouped how."""

from datetime import timedelta
from typing import Any

import pytest

import tasks_core
from scheduler_project.error_reports import attempts, dead_letters
from scheduler_project.error_reports.attempts import Report
from tasks_core import Fixed, PermanentError, RetryAfter, Snooze, clock
from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt
from tasks_core.engine.outcome import Failure
from tasks_core.outcomes.record import record
from tasks_core.signals import dead_letters_written
from tasks_core.sql.finish import FinishedAttempt
from tasks_core.testing import run_due
from tests.scheduler_project.error_reports.conftest import Run
from tests.support.life import AGAIN, plain_type, running
from tests.support.sentry import Event, Reports

RAISED: dict[str, type[BaseException]] = {"value": ValueError, "key": KeyError, "exit": SystemExit}


@pytest.fixture(autouse=True)
def known_types() -> None:
    @tasks_core.task_type("fail", retry=Fixed(initial=60, max_attempts=3))
    def fail(payload: dict[str, Any]) -> None:
        raise RAISED[payload.get("error", "value")]("it broke")

    @tasks_core.task_type("fail_async", retry=Fixed(initial=60, max_attempts=1))
    async def fail_async(payload: dict[str, Any]) -> None:
        raise ValueError("it broke")

    @tasks_core.task_type("refuse")
    def refuse(payload: dict[str, Any]) -> None:
        raise PermanentError("it never will")

    @tasks_core.task_type("ask", retry=Fixed(initial=60, max_attempts=2))
    def ask(payload: dict[str, Any]) -> None:
        raise RetryAfter(60, "not now")

    @tasks_core.task_type("snooze")
    def snooze(payload: dict[str, Any]) -> None:
        raise Snooze(60)


def run_to_the_end(run: Run, task_type: str, payload: dict[str, Any]) -> int:
    """Run all attempts of a task, an hour apart."""
    began = clock.now()
    with clock.frozen(began):
        task_id = run(task_type, payload)
    for hour in range(1, 4):
        with clock.frozen(began + timedelta(hours=hour)):
            run_due()
    return task_id


def levels(reports: Reports) -> list[tuple[str, str]]:
    return [(event["level"], event["tags"]["task.attempt"]) for event in reports.events]


def test_report_names_the_task_and_the_attempt(run: Run, reports: Reports) -> None:
    task_id = run("refuse", {}, correlation_id="order-7")

    [event] = reports.events
    assert event["level"] == "error"
    assert event["transaction"] == "refuse"
    assert event["fingerprint"] == ["refuse", "tasks_core.exceptions.PermanentError"]
    assert event["tags"] == {
        "task.type": "refuse",
        "task.id": str(task_id),
        "task.attempt": "1",
        "task.queue": "default.normal",
        "correlation_id": "order-7",
        "outcome": "final",
    }
    context = event["contexts"]["task"]
    assert (context["id"], context["reason"]) == (task_id, "the error is permanent")
    [exception] = event["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("PermanentError", "it never will")
    functions = [frame["function"] for frame in exception["stacktrace"]["frames"]]
    assert functions[-1] == "refuse"
    assert not any("vars" in frame for frame in exception["stacktrace"]["frames"])


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (Report.FINAL, [("error", "3")]),
        (Report.FIRST, [("warning", "1"), ("error", "3")]),
        (Report.ALL, [("warning", "1"), ("warning", "2"), ("error", "3")]),
    ],
)
def test_setting_says_which_attempts_are_reported(
    run: Run, reports: Reports, report: Report, expected: list[tuple[str, str]]
) -> None:
    attempts.connect(report)
    run_to_the_end(run, "fail", {})

    assert levels(reports) == expected


def test_retry_that_the_handler_asked_for_is_no_surprise(run: Run, reports: Reports) -> None:
    run_to_the_end(run, "ask", {})

    assert levels(reports) == [("error", "2")]


def test_snooze_is_not_reported(run: Run, reports: Reports) -> None:
    run("snooze", {})

    assert reports.raw == []


def test_async_handler_is_reported_in_its_own_scope(run: Run, reports: Reports) -> None:
    task_id = run("fail_async", {})

    [event] = reports.events
    assert (event["level"], event["tags"]["task.id"]) == ("error", str(task_id))


def test_errors_of_one_type_and_class_are_one_group(run: Run, reports: Reports) -> None:
    for error in ("value", "value", "key", "exit"):
        run("fail", {"error": error})

    assert [event["fingerprint"] for event in reports.events] == [
        ["fail", "builtins.ValueError"],
        ["fail", "builtins.ValueError"],
        ["fail", "builtins.KeyError"],
        ["fail", "builtins.SystemExit"],
    ]


@pytest.fixture
def listening() -> Any:
    dead_letters.connect()
    yield
    dead_letters_written.disconnect(dispatch_uid="scheduler_project.error_reports")


@pytest.mark.usefixtures("listening", "run")
def test_task_whose_worker_was_lost_is_reported_when_it_dies(reports: Reports) -> None:
    plain_type(retry=AGAIN)
    task = running()
    failure = Failure(error="tasks_core.WorkerLost", message="worker w1 stopped renewing the lease")
    facts = Attempt(used=5, first_started_at=clock.now())
    outcome = decision.final_failure(failure, facts, reason="all 5 attempts are used up")
    now = clock.now()
    ended = FinishedAttempt(
        task_id=task.id, attempt=task.attempt, outcome=outcome, started_at=now, ended_at=now
    )
    record([("plain", ended)])

    [event] = reports.events
    assert event["fingerprint"] == ["plain", "tasks_core.WorkerLost"]
    assert event["tags"]["task.id"] == str(task.id)
    assert event["message"].endswith("worker w1 stopped renewing the lease")


@pytest.mark.usefixtures("listening")
def test_exception_is_not_reported_again_with_its_dead_letter(run: Run, reports: Reports) -> None:
    run("refuse", {})

    assert len(reports.events) == 1


def outcome_of(event: Event) -> str:
    return str(event["tags"]["outcome"])


def test_report_says_whether_the_task_is_tried_again(run: Run, reports: Reports) -> None:
    run_to_the_end(run, "fail", {})

    first, last = reports.events
    assert (outcome_of(first), outcome_of(last)) == ("will be retried", "final")
    assert first["contexts"]["task"]["next_attempt_at"]
    assert last["contexts"]["task"]["reason"] == "all 3 attempts are used up"
