"""The project in a production configuration, as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from scheduler_project.data_folder import CHECKOUT
from tests.production_check import production_environment

COMMAND = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]


def check(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )


def test_deployment_checks_find_nothing() -> None:
    done = check(production_environment())
    assert done.returncode == 0, done.stderr


def test_missing_configuration_is_told_in_plain_lines_without_a_traceback() -> None:
    done = check({"PATH": os.environ["PATH"], "DEBUG": "false"})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "SECRET_KEY is not set." in done.stderr


def test_static_files_are_collected_where_the_configuration_says(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput"],
        cwd=CHECKOUT,
        env={**production_environment(), "STATIC_ROOT": str(tmp_path / "static")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "static/admin/css/base.css").is_file()
