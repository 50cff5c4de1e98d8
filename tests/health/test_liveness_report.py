"""What a report says, and what is made of it."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler_project.data_folder import CHECKOUT
from tasks_core.liveness.folder import prepared, runtime_folder
from tasks_core.liveness.report import Report, path_of, write
from tasks_core.liveness.verdict import verdict_on

GONE = 2**22 + 1
"""No process has such a number."""


@pytest.fixture
def fine() -> Report:
    return Report(
        role="worker", name="a@host", pid=os.getpid(), written_at=time.monotonic(), fresh_for=20.0
    )


def test_fresh_report_without_problem_is_alive(fine: Report, tmp_path: Path) -> None:
    write(tmp_path, fine)
    assert verdict_on("worker", "", tmp_path).is_alive
    assert verdict_on("worker", "a@host", tmp_path).is_alive
    assert not verdict_on("beat", "", tmp_path).is_alive


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"problem": "it sleeps"}, "does not work: it sleeps"),
        ({"written_at": -5.0}, "stands still"),
        ({"written_at": time.monotonic() + 3600}, "before the machine started"),
    ],
)
def test_report_that_is_bad_or_old_is_not(
    fine: Report, tmp_path: Path, change: dict[str, object], says: str
) -> None:
    write(tmp_path, replace(fine, **change))  # type: ignore[arg-type]
    verdict = verdict_on("worker", "", tmp_path)
    assert not verdict.is_alive
    assert says in verdict.message


def test_process_that_is_gone_counts_only_when_asked_for_by_name(
    fine: Report, tmp_path: Path
) -> None:
    write(tmp_path, fine)
    write(tmp_path, replace(fine, name="b@host", pid=GONE))
    assert verdict_on("worker", "", tmp_path).is_alive
    assert "is gone" in verdict_on("worker", "b@host", tmp_path).message


def test_one_bad_process_among_several_is_enough(fine: Report, tmp_path: Path) -> None:
    write(tmp_path, fine)
    write(tmp_path, replace(fine, name="b@host", problem="it sleeps"))
    assert "b@host" in verdict_on("worker", "", tmp_path).message


@pytest.mark.parametrize("content", ["", "{", "[]", '{"role": "worker"}', "\x00\xff"])
def test_file_that_is_no_report_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "worker-a.json").write_text(content, "latin-1")
    assert "no worker reports" in verdict_on("worker", "", tmp_path).message


def test_name_with_a_path_in_it_stays_in_the_folder(tmp_path: Path) -> None:
    assert path_of(tmp_path, "worker", "../../x").parent == tmp_path


def test_folder_is_the_one_that_was_set_else_systemds_else_a_private_one(tmp_path: Path) -> None:
    both = {"BELLRINGER_RUNTIME_FOLDER": "/a", "RUNTIME_DIRECTORY": "/run/b"}
    assert runtime_folder(both) == Path("/a")
    assert runtime_folder({"RUNTIME_DIRECTORY": "/run/b"}) == Path("/run/b")
    assert runtime_folder({}).name == f"bellringer-{os.getuid()}"
    assert prepared(tmp_path / "new").stat().st_mode & 0o077 == 0


def test_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(PermissionError, match="BELLRINGER_RUNTIME_FOLDER"):
        prepared(tmp_path / "link")


def test_probe_loads_neither_django_nor_celery(fine: Report, tmp_path: Path) -> None:
    write(tmp_path, fine)
    code = (
        "import sys; from tasks_core.liveness.__main__ import main; "
        f"status = main(['worker', '--folder', {str(tmp_path)!r}]); "
        "heavy = {'django', 'celery', 'redis', 'psycopg', 'pydantic'} & set(sys.modules); "
        "sys.exit(status or len(heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=False).returncode == 0
