"""systemd hears of a process that does its work, and only if its unit asks."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks_core.liveness import watchdog
from tasks_core.liveness.reporter import Reporter


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Give the socket on which systemd listens."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(5)
        monkeypatch.setenv(watchdog.SOCKET, address)
        monkeypatch.setenv(watchdog.ASKED, "120000000")
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
        yield listener


def test_process_that_works_says_so(systemd: socket.socket) -> None:
    reporter = Reporter("worker", "a@host", lambda: "")
    reporter.start()
    assert systemd.recv(100) == b"WATCHDOG=1"
    reporter.stop()


def test_process_with_a_problem_keeps_silent(systemd: socket.socket, tmp_path: Path) -> None:
    reporter = Reporter("worker", "a@host", lambda: "it sleeps")
    reporter.start()
    systemd.settimeout(0.5)
    with pytest.raises(TimeoutError):
        systemd.recv(100)
    assert "it sleeps" in (tmp_path / "run" / "worker-a@host.json").read_text()
    reporter.stop()


def test_nobody_is_told_when_the_unit_has_no_watchdog(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(watchdog.ASKED)
    watchdog.tell_systemd()
    systemd.settimeout(0.1)
    with pytest.raises(TimeoutError):
        systemd.recv(100)
