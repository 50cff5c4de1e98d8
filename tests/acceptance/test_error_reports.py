"""What real workers and beats report to Sentry, and what they keep to themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

import tasks_core
from tasks_core.models import Task
from tests.acceptance.processes import Processes, stop
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.sentry import Event, SentryServer, as_text, running_sentry
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

CODE, NOTE = "314159", "xyzzy-4711-plugh"


@pytest.fixture
def sentry() -> Iterator[SentryServer]:
    with running_sentry() as running:
        yield running


@pytest.fixture
def reporting(
    process_environment: dict[str, str],
    broker: "redis.Redis",
    tmp_path: Path,
    sentry: SentryServer,
) -> Iterator[Processes]:
    environment = {"SENTRY_DSN": sentry.dsn, "SENTRY_CRON_MONITORS": "true"}
    processes = Processes({**process_environment, **environment}, tmp_path)
    yield processes
    processes.end_all()


def of_handler(sentry: SentryServer, task_type: str) -> list[Event]:
    """Return the reports of failed attempts, without lines of logs."""
    events = [event for event in sentry.events if event.get("transaction") == task_type]
    return [event for event in events if "logger" not in event]


def test_failed_task_is_reported_once_for_each_attempt_without_its_payload(
    reporting: Processes, sentry: SentryServer
) -> None:
    reporting.start_beat()
    worker = reporting.start_worker()
    task = tasks_core.enqueue("project.login", {"code": CODE, "note": NOTE})
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60)
    stop(worker)

    first, last = of_handler(sentry, "project.login")
    assert [first["level"], last["level"]] == ["warning", "error"]
    assert first["tags"]["task.id"] == last["tags"]["task.id"] == str(task.pk)
    assert first["fingerprint"] == ["project.login", "builtins.ValueError"]
    assert CODE not in sentry.text
    assert NOTE not in sentry.text
    assert not [event for event in sentry.events if "celery-job" in as_text(event)]


def test_task_that_kills_its_worker_is_reported_by_beat(
    reporting: Processes, sentry: SentryServer
) -> None:
    reporting.start_beat()
    reporting.start_worker()
    tasks_core.enqueue("project.poison", {"note": NOTE})
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=90)

    [event] = wait_until(lambda: of_handler(sentry, "project.poison"))
    assert event["fingerprint"] == ["project.poison", "tasks_core.WorkerLost"]
    assert event["level"] == "error"
    assert NOTE not in sentry.text


def test_schedule_checks_in_at_the_start_and_at_the_end_of_its_task(
    reporting: Processes, sentry: SentryServer
) -> None:
    reporting.start_beat()
    worker = reporting.start_worker()
    for name, task_type in (("good", "project.work"), ("bad", "project.fail")):
        tasks_core.schedule_recurring(task_type, {}, name=name, cron="0 9 * * *")
        tasks_core.trigger_now(name)
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60)
    stop(worker)

    ways: dict[str, set[str]] = {}
    for check_in in sentry.check_ins:
        name = check_in["monitor_slug"].partition("-")[0]
        ways.setdefault(name, set()).add(check_in["status"])
    assert ways == {"good": {"in_progress", "ok"}, "bad": {"in_progress", "error"}}
    assert len({check_in["check_in_id"] for check_in in sentry.check_ins}) == 2
