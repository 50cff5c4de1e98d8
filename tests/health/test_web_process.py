"""A real web process in a production configuration, with servers that accept connections and say nothing."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler_project.data_folder import CHECKOUT
from scheduler_project.embedded.ports import free_port
from tests.production_check import production_environment
from tests.support.waiting import wait_until

TOKEN = "monitor-token-of-this-test"


@pytest.fixture
def silent() -> Iterator[int]:
    """Give the port of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener.getsockname()[1]


class Web:
    """A gunicorn on its own port."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        words = ["-m", "gunicorn", "scheduler_project.wsgi", "--threads", "4"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *words, "--bind", f"127.0.0.1:{self.port}", "--no-control-socket"],
                cwd=CHECKOUT,
                env=environment,
                stdout=output,
                stderr=output,
            )

    def get(self, path: str, **headers: str) -> tuple[int, Any, float]:
        """Ask as a kubelet does: by address, without TLS. Return status, body and seconds."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Host": "10.1.2.3:8000", **headers})
            answer = connection.getresponse()
            body = json.loads(answer.read())
        finally:
            connection.close()
        return answer.status, body, time.monotonic() - began

    def answers(self) -> bool:
        try:
            return self.get("/health")[0] == 200
        except OSError:
            return False


def started(environment: dict[str, str], log: Path) -> Iterator[Web]:
    web = Web({**production_environment(), "HEALTH_TOKEN": TOKEN, **environment}, log)
    try:
        wait_until(web.answers, seconds=60, what="the web process answers")
        yield web
    finally:
        web.process.terminate()
        web.process.wait(30)


@pytest.fixture
def without_database(silent: int, tmp_path: Path) -> Iterator[Web]:
    url = f"postgresql://bell:secret-password@127.0.0.1:{silent}/bell"
    broker = {"DATABASE_URL": url, "BROKER_URL": os.environ["BROKER_URL"]}
    yield from started(broker, tmp_path / "web.log")


@pytest.fixture
def without_broker(
    process_environment: dict[str, str], silent: int, tmp_path: Path
) -> Iterator[Web]:
    url = f"redis://:secret-password@127.0.0.1:{silent}/0"
    database = {"DATABASE_URL": process_environment["DATABASE_URL"], "BROKER_URL": url}
    yield from started(database, tmp_path / "web.log")


def test_database_that_says_nothing_is_answered_for_in_time(without_database: Web) -> None:
    web = without_database
    for _ in range(3):
        status, body, seconds = web.get("/ready", Authorization=f"Bearer {TOKEN}")
        assert seconds < 4.0
        assert (status, body["status"]) == (503, "unhealthy")
        assert body["components"]["database"]["status"] == "unhealthy"
        assert "no answer for" in body["components"]["database"]["message"]
        assert body["components"]["broker"]["status"] == "healthy"
        assert "secret-password" not in json.dumps(body)
    status, _, seconds = web.get("/health")
    assert status == 200
    assert seconds < 1.0, "liveness has nothing to do with the database"


def test_session_is_not_looked_up_in_a_database_that_says_nothing(without_database: Web) -> None:
    status, body, seconds = without_database.get("/ready", Cookie="sessionid=abc")
    assert (status, set(body)) == (503, {"status", "components"})
    assert seconds < 4.0


def test_broker_that_says_nothing_leaves_the_process_ready(without_broker: Web) -> None:
    status, body, seconds = without_broker.get("/ready", Authorization=f"Bearer {TOKEN}")
    assert seconds < 4.0
    assert (status, body["status"]) == (200, "degraded")
    assert body["components"]["broker"]["status"] == "unhealthy"
    assert body["components"]["database"]["status"] == "healthy"
    assert body["components"]["workers"]["status"] == "unhealthy"
    assert "secret-password" not in json.dumps(body)
