"""The whole platform, as real processes on one machine."""

import base64
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from notifications.api import notify, publish_template
from scheduler_project.data_folder import data_folder
from scheduler_project.embedded.ports import free_port
from scheduler_project.embedded.processes import wait_until
from scheduler_project.launch import Platform, ports, prepare
from scheduler_project.launch.leftovers import MARK
from scheduler_project.launch.platform import FLOWER_PORT, WEB_PORT, PlatformError
from tests.support.receiver import running_receiver


def asked(url: str, login: str | None) -> urllib.request.Request:
    request = urllib.request.Request(url)
    if login:
        request.add_header("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
    return request


def status(url: str, login: str | None = None) -> int:
    try:
        with urllib.request.urlopen(asked(url, login), timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def _flower_knows_the_channels_by_name(flower_url: str, login: str) -> None:
    """Send by channels without a provider, which is tried again until Flower has begun to watch."""
    receivers = {"sms": "+4915112345678", "slack": "#alerts"}
    for channel, to in receivers.items():
        publish_template("hello", channel=channel, text="Hello")
        notify("hello", channel=channel, to=to)
    wanted = {f"notification.deliver.{channel}" for channel in receivers}

    def seen() -> bool:
        request = asked(f"{flower_url}api/task/types", login)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return wanted <= set(json.load(answer)["task-types"])

    wait_until(seen, seconds=60, what="Flower has not seen the tasks of all channels")


def marked(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def platform(
    process_environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> Iterator[Platform]:
    platform = Platform(environment=process_environment, folder=tmp_path)
    yield platform
    platform.stop()


@pytest.mark.timeout(240)
def test_everything_starts_is_restarted_when_killed_and_stops(
    platform: Platform, tmp_path: Path
) -> None:
    login = prepare()
    platform.start()
    platform.wait_ready(120)

    assert status(platform.web_url) == 200
    assert status(platform.flower_url) == 401
    assert status(f"{platform.flower_url}api/task/types") == 401
    assert status(platform.flower_url, f"{login.user}:{login.password}") == 200
    _flower_knows_the_channels_by_name(platform.flower_url, f"{login.user}:{login.password}")

    with pytest.raises(PlatformError, match="already running"):
        Platform(folder=tmp_path).start()

    for name in ("worker", "beat"):
        process = platform.processes[name]
        killed = process.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        wait_until(
            lambda p=process, old=killed: p.restarts == 1 and p.pid not in {old, None},  # type: ignore[misc]
            seconds=20,
            what=f"no restart of {name}",
        )
    platform.wait_ready(120)

    platform.stop()
    assert marked(tmp_path) == []


@pytest.mark.timeout(240)
def test_processes_of_a_killed_launcher_are_ended_by_the_next(
    platform: Platform, tmp_path: Path
) -> None:
    left = subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: str(tmp_path)})
    others = subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: str(tmp_path / "other")})
    try:
        # A process has no variables yet for a moment after it has begun another program.
        wait_until(lambda: len(marked(tmp_path)) == 1, seconds=10, what="it has no mark")
        platform.start()
        assert left.poll() is not None
        assert others.poll() is None
    finally:
        for process in (left, others):
            process.kill()
            process.wait(10)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["web", "flower"])
def test_server_whose_port_somebody_else_was_given_meanwhile_takes_another(
    process_environment: dict[str, str],
    broker: "redis.Redis",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    login = prepare()
    with running_receiver() as other:
        taken = {"web": WEB_PORT, "flower": FLOWER_PORT}[name]

        def choose(preferred: int = 0) -> int:
            """Find the preferred port of this server free, though the other listens on it by now."""
            return other.port if preferred == taken else free_port()

        monkeypatch.setattr(ports, "free_port", choose)
        running = Platform(
            processes=["web", "flower"], environment=process_environment, folder=tmp_path
        )
        try:
            running.start()
            running.wait_ready(120)
            assert other.port not in {running.web_port, running.flower_port}
            assert status(running.web_url) == 200
            assert status(running.flower_url, f"{login.user}:{login.password}") == 200
            web = psutil.Process(running.processes["web"].pid)
            assert web.environ()["BELLRINGER_FLOWER_URL"] == running.flower_url
        finally:
            running.stop()
        assert other.received == []


def test_process_that_does_not_start_is_named_with_its_log(tmp_path: Path) -> None:
    broken = {"DATABASE_URL": "mysql://h/db"}
    platform = Platform(processes=["web"], environment=broken, folder=tmp_path)
    try:
        platform.start()
        with pytest.raises(PlatformError, match=r"web did not start within 1 s. Its log is .*web"):
            platform.wait_ready(1)
    finally:
        platform.stop()
    assert data_folder() not in (tmp_path / "logs" / "web.log").parents
