"""The page on getting started, done as it says, with real processes."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from scheduler_project.data_folder import CHECKOUT
from scheduler_project.embedded.processes import wait_until
from scheduler_project.launch import Platform
from tests.documentation.markdown import blocks

PAGE = CHECKOUT / "docs" / "getting-started.md"


@pytest.fixture
def project(process_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Write the page's files to a folder; return an environment with it, and with its settings."""
    for block in blocks(PAGE, "python"):
        name = block.text.partition("\n")[0].removeprefix("# ")
        if name.startswith("shop/"):
            file = tmp_path / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text)
    return {
        **process_environment,
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{CHECKOUT}",
    }


@pytest.fixture
def platform(project: dict[str, str], broker: "redis.Redis", tmp_path: Path) -> Iterator[Platform]:
    platform = Platform(processes=["worker", "beat"], environment=project, folder=tmp_path / "data")
    platform.start()
    yield platform
    platform.stop()


def python(environment: dict[str, str], *words: str) -> str:
    answer = subprocess.run(
        [sys.executable, *words],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def typed_commands() -> list[list[str]]:
    """Return the words of the commands of the second terminal."""
    lines = [line for block in blocks(PAGE, "console") for line in block.text.splitlines()]
    return [
        shlex.split(line.removeprefix("$ python "))
        for line in lines
        if line.startswith("$ python manage.py")
    ]


@pytest.mark.django_db(transaction=True, reset_sequences=True)
@pytest.mark.timeout(240)
def test_the_first_task_of_a_new_project_runs(platform: Platform, project: dict[str, str]) -> None:
    answers = {words[1]: python(project, *words) for words in typed_commands()}
    assert "invoice.remind" in answers["list_task_types"]
    assert "invoice.remind" in answers["list_tasks"]
    assert set(answers) == {"list_task_types", "enqueue_task", "list_tasks", "show_task"}

    def shown() -> dict[str, object]:
        found: dict[str, object] = json.loads(
            python(project, "manage.py", "show_task", "1", "--format", "json")
        )
        return found

    wait_until(lambda: shown()["state"] == "SUCCEEDED", seconds=90, what="the task did not run")
    assert shown()["result"] == "reminded of invoice 17"
