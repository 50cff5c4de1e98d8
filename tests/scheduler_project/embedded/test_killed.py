"""Whatever was killed, the next start works and finds the data."""

import os
import signal
import socket
import subprocess
import sys
from itertools import chain, repeat
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from scheduler_project.data_folder import CHECKOUT
from scheduler_project.embedded import postgres, valkey
from scheduler_project.embedded.ports import LOOPBACK, free_port
from scheduler_project.embedded.servers import Servers
from tests.scheduler_project.embedded import ask


def kill(pid: int) -> None:
    process = psutil.Process(pid)
    process.kill()
    process.wait(10)


@pytest.fixture
def killed(servers: Servers) -> dict[str, str]:
    """Leave the folder of servers that were killed while they held data; return their variables."""
    variables = servers.start()
    ask.sql(variables, "CREATE TABLE kept AS SELECT 42 AS answer")
    for pid in ask.processes(variables):
        kill(pid)
    return variables


def assert_data_is_there(servers: Servers) -> None:
    with servers.used() as variables:
        assert ask.sql(variables, "SELECT answer FROM kept") == [(42,)]
        assert ask.broker(variables, "PING") is True


def test_killed_servers_count_as_stopped(servers: Servers, killed: dict[str, str]) -> None:
    assert servers.running() == {}


def test_servers_start_after_both_were_killed(servers: Servers, killed: dict[str, str]) -> None:
    assert_data_is_there(servers)


def test_other_programs_may_have_taken_the_ports(servers: Servers, killed: dict[str, str]) -> None:
    with socket.socket() as database, socket.socket() as broker:
        for holder, name in ((database, "DATABASE_URL"), (broker, "BROKER_URL")):
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind((LOOPBACK, urlsplit(killed[name]).port or 0))
            holder.listen()
        assert servers.running() == {}
        assert_data_is_there(servers)


def test_process_id_may_belong_to_another_process_by_now(
    servers: Servers, folder: Path, killed: dict[str, str]
) -> None:
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        pid_file = folder / "postgres" / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert servers.running() == {}
        assert_data_is_there(servers)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_half_of_a_first_start_is_no_hindrance(servers: Servers, folder: Path) -> None:
    (folder / "postgres" / "new-abc" / "data" / "base").mkdir(parents=True)
    with servers.used() as variables:
        assert ask.sql(variables, "SELECT 1") == [(1,)]


def test_port_that_is_snatched_at_the_last_moment_is_given_up(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        snatched = holder.getsockname()[1]
        for module in (postgres, valkey):
            ports = chain([snatched], (free_port() for _ in repeat(None)))
            monkeypatch.setattr(module, "free_port", ports.__next__)
        with servers.used() as variables:
            assert urlsplit(variables["DATABASE_URL"]).port != snatched
            assert urlsplit(variables["BROKER_URL"]).port != snatched


def test_servers_of_a_killed_user_are_found_and_then_stopped(
    servers: Servers, folder: Path
) -> None:
    user = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "scheduler_project.embedded",
            "run",
            "--",
            "sh",
            "-c",
            "echo up; read x",
        ],
        cwd=CHECKOUT,
        env=_environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert user.stdin
    assert user.stdout
    with user.stdin, user.stdout:
        assert user.stdout.readline() == "up\n"
        left = servers.running()
        assert len(left) == 2
        user.send_signal(signal.SIGKILL)
        user.wait(10)
    with servers.used() as variables:
        assert variables == left
    assert servers.running() == {}


def _environment(folder: Path) -> dict[str, str]:
    without = {"DATABASE_URL", "BROKER_URL", "DEBUG"}
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return {**kept, "BELLRINGER_DATA_DIR": str(folder)}
