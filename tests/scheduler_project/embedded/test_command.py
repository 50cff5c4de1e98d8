"""`python -m scheduler_project.embedded`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler_project.data_folder import CHECKOUT
from scheduler_project.embedded.servers import Servers

PRINT_VARIABLES = 'echo "$DEBUG"; test -n "$DATABASE_URL" && test -n "$BROKER_URL"; exit 7'


def start(folder: Path, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    without = {"DATABASE_URL", "BROKER_URL", "DEBUG"}
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return subprocess.Popen(
        [sys.executable, "-m", "scheduler_project.embedded", *arguments],
        cwd=CHECKOUT,
        env={**kept, "BELLRINGER_DATA_DIR": str(folder), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    with process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_run_gives_the_command_servers_and_returns_its_status(
    servers: Servers, folder: Path
) -> None:
    assert finish(start(folder, "run", "--", "sh", "-c", PRINT_VARIABLES)) == (7, "true\n", "")
    assert servers.running() == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_passes_signals_on_and_stops_the_servers_after_the_command(
    servers: Servers, folder: Path, number: signal.Signals
) -> None:
    trap = f"trap 'echo told; exit 9' {number.name[3:]}; echo up; while :; do sleep 0.05; done"
    process = start(folder, "run", "--", "sh", "-c", trap)
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    assert len(servers.running()) == 2
    process.send_signal(number)
    status, out, _ = finish(process)
    assert (status, out) == (9, "told\n")
    assert servers.running() == {}


def test_run_starts_nothing_when_both_addresses_are_set(servers: Servers, folder: Path) -> None:
    given = {"DATABASE_URL": "postgresql://h/db", "BROKER_URL": "redis://h/0"}
    command = ["run", "--", "sh", "-c", 'echo "$DATABASE_URL $BROKER_URL"']
    assert finish(start(folder, *command, **given)) == (0, "postgresql://h/db redis://h/0\n", "")
    assert not (folder / "postgres").exists()


def test_run_names_a_program_that_does_not_exist(servers: Servers, folder: Path) -> None:
    status, out, err = finish(start(folder, "run", "--", "no-such-program"))
    assert (status, out) == (1, "")
    assert err == "no-such-program cannot be run: No such file or directory.\n"
    assert servers.running() == {}


def test_start_stays_status_tells_and_stop_stops(servers: Servers, folder: Path) -> None:
    assert finish(start(folder, "status")) == (3, "The embedded servers are not running.\n", "")
    status, started, _ = finish(start(folder, "start"))
    assert status == 0
    assert finish(start(folder, "status")) == (0, started, "")
    assert dict(line.split("=", 1) for line in started.splitlines()) == servers.running()
    assert finish(start(folder, "stop")) == (0, "", "")
    assert servers.running() == {}
