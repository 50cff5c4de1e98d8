"""What real workers and beats write: one format, with context, without secrets."""

import json
from pathlib import Path
from typing import Any

import pytest

import tasks_core
from tasks_core.engine.redaction import MASK
from tasks_core.models import Task
from tests.acceptance.processes import Processes
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

CODE = "73915264"


def _json_lines(text: str) -> list[dict[str, Any]]:
    """Return the lines but for the banner that Celery prints before it logs."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_lines_of_processes(
    process_environment: dict[str, str], broker: object, tmp_path: Path
) -> None:
    environment = {**process_environment, "BELLRINGER_LOG_FORMAT": "json"}
    processes = Processes(environment, tmp_path)
    try:
        processes.start_beat()
        processes.start_worker("one")
        with tasks_core.correlation("order-7"):
            task = tasks_core.enqueue("project.talk", {"user": "ada", "code": CODE})
        wait_until(lambda: Task.objects.filter(state="SUCCEEDED").count() == 2, seconds=60)
        child = Task.objects.get(task_type="project.talk_on")
        wait_until(lambda: "going on" in processes.log("one"))
    finally:
        processes.end_all()

    log = processes.log("one")
    lines = _json_lines(log)
    assert CODE not in log
    assert {line["worker"] for line in lines} == {"one@test"}
    told = {
        (line["logger"], line["event"]): (
            line["task_id"], line["task_type"], line["attempt"], line["correlation_id"],
        )
        for line in lines
        if "task_id" in line
    }  # fmt: skip
    here = (task.pk, "project.talk", 1, "order-7")
    assert told == {
        ("some.library", f"sending {MASK}"): here,
        ("some.structlog", "sending"): here,
        ("celery.redirected", f"printing {MASK}"): here,
        ("some.library", "going on"): (child.pk, "project.talk_on", 1, "order-7"),
    }
    assert "celery.worker.consumer.connection" in {line["logger"] for line in lines}
    of_beat = _json_lines(processes.log("beat"))
    assert [line for line in of_beat if line["event"].startswith("duties started")]
    ours = [line for line in of_beat if line["logger"].startswith("tasks_core.")]
    assert all(line["worker"].startswith("beat@") for line in ours)
