"""What the web process writes in production: JSON lines only, gunicorn's own included."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from scheduler_project.data_folder import CHECKOUT
from scheduler_project.embedded.ports import free_port
from tests.production_check import production_environment
from tests.support.waiting import wait_until


def _answer(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        urllib.request.urlopen(request, timeout=20).close()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["X-Request-ID"]
    raise AssertionError("it succeeded")


@pytest.fixture
def lines(tmp_path: Path) -> list[dict[str, Any]]:
    """Give the lines of a process that answered 404 and, without a database, 500."""
    port = free_port()
    environment = {
        **production_environment(),
        "ALLOWED_HOSTS": "127.0.0.1",
        "BELLRINGER_SSL_REDIRECT": "false",
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [
        *(sys.executable, "-m", "gunicorn", "scheduler_project.wsgi", "--no-control-socket"),
        *("--config", "python:scheduler_project.gunicornconfig", "--bind", f"127.0.0.1:{port}"),
    ]
    path = tmp_path / "log"
    with path.open("w") as log:
        process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: "Listening at" in path.read_text("utf-8"), seconds=60)
        home = f"http://127.0.0.1:{port}"
        missing = _answer(f"{home}/nowhere/?token=hunter2", **{"X-Request-ID": "req-404"})
        assert missing == (404, "req-404")
        cookie = {"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345", "X-Request-ID": "req-500"}
        assert _answer(f"{home}/admin/login/", **cookie) == (500, "req-500")
    finally:
        process.terminate()
        process.wait(40)
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_line_is_json_and_those_of_requests_have_their_id(
    lines: list[dict[str, Any]],
) -> None:
    of_requests = [line for line in lines if line["logger"] == "django.request"]
    assert [(line["status_code"], line["correlation_id"]) for line in of_requests] == [
        (404, "req-404"),
        (500, "req-500"),
    ]
    assert "OperationalError" in of_requests[1]["exception"]
    assert {line["logger"] for line in lines} >= {"gunicorn.error", "django.request"}
    assert "hunter2" not in json.dumps(lines)
