"""Commands as processes of their own: exit statuses, pipes, terminals, signals."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

import tasks_core
from notifications import triggers
from scheduler_project.data_folder import CHECKOUT
from scheduler_project.embedded.processes import wait_until
from scheduler_project.launch import Platform
from tasks_core.models import DeadLetter, Task
from tests.commands.conftest import MakeDead

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY_LISTENS = {
    "DATABASE_URL": "postgresql://bell:hidden-password@127.0.0.1:1/bell",
    "BROKER_URL": "redis://:hidden-password@127.0.0.1:1/0",
}


def manage(
    environment: dict[str, str], *words: str, **changes: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=CHECKOUT,
        env={**environment, **changes},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_servers_out_of_reach_are_named_without_their_passwords(
    process_environment: dict[str, str],
) -> None:
    answer = manage(process_environment, "check_platform", **NOBODY_LISTENS)
    assert answer.returncode == 1
    assert "the database cannot be reached" in answer.stdout
    assert "the broker cannot be reached" in answer.stdout
    assert "hidden-password" not in answer.stdout + answer.stderr


def test_a_database_out_of_reach_is_one_line_not_a_traceback(
    process_environment: dict[str, str],
) -> None:
    answer = manage(process_environment, "list_tasks", **NOBODY_LISTENS)
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "check_platform" in answer.stderr
    assert "hidden-password" not in answer.stderr


def test_a_command_line_that_cannot_be_understood_exits_with_2(
    process_environment: dict[str, str],
) -> None:
    answer = manage(process_environment, "enqueue_task", "invoice.remind", "--delay", "soon")
    assert answer.returncode == 2
    assert "--delay: 'soon' is no length of time" in answer.stderr


def test_a_reader_that_goes_away_is_no_error(process_environment: dict[str, str]) -> None:
    note = "x" * 900
    tasks_core.enqueue_many("invoice.remind", [{"invoice": 1, "note": note}] * 500, tags=["t" * 60])
    listing = subprocess.Popen(
        [sys.executable, "manage.py", "list_tasks", "--limit", "500", "--format", "json"],
        cwd=CHECKOUT,
        env=process_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert listing.stdout is not None
    assert listing.stderr is not None
    listing.stdout.readline()
    listing.stdout.close()
    with listing.stderr:
        assert listing.stderr.read() == b""
    assert listing.wait(30) == 128 + signal.SIGPIPE


def on_a_terminal(environment: dict[str, str], *words: str) -> str:
    """Run a command on a terminal of its own; return what is to be seen there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=CHECKOUT,
        env={**environment, "TERM": "xterm-256color", "COLUMNS": "160"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65_536):
            seen += part
    except OSError:  # the terminal's way to say that nobody is there any more
        pass
    os.close(ours)
    process.wait(30)
    return seen.decode()


def test_a_terminal_gets_a_table_in_colour_and_a_hint_at_more(
    process_environment: dict[str, str],
) -> None:
    ids = tasks_core.enqueue_many("invoice.remind", [{"invoice": 1}] * 3)
    tasks_core.cancel_many(ids, reason="\x1b[2Jgone")
    seen = on_a_terminal(process_environment, "list_tasks", "--limit", "2")
    assert "task type" in seen
    assert "\x1b[35mCANCELLED" in seen
    assert f"There are more: --after {ids[1]}" in seen
    assert "\x1b[2J" not in seen
    assert "\t" not in seen


def test_no_color_is_obeyed(process_environment: dict[str, str]) -> None:
    tasks_core.enqueue("invoice.remind", {"invoice": 1})
    seen = on_a_terminal(process_environment, "list_tasks", "--no-color")
    assert "SCHEDULED" in seen
    assert "\x1b[3" not in seen


def test_ctrl_c_stops_replaying_between_two_dead_letters(
    process_environment: dict[str, str], make_dead: MakeDead
) -> None:
    make_dead(20)
    # A process of its own does not know this test's task types.
    trigger = triggers.create_cron_trigger(
        "nightly", webhook="https://example.com/report", schedule="0 3 * * *"
    )
    Task.objects.update(task_type="trigger.tick", payload={"trigger": trigger.pk})
    DeadLetter.objects.update(task_type="trigger.tick")
    replaying = subprocess.Popen(
        [sys.executable, "manage.py", "replay_dead_letters", "--all", "--rate", "2/s"],
        cwd=CHECKOUT,
        env=process_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    replayed = Task.objects.exclude(replay_of=None)
    wait_until(lambda: replayed.count() >= 2, seconds=30, what="nothing was replayed")
    replaying.send_signal(signal.SIGINT)
    out, err = replaying.communicate(timeout=30)
    assert replaying.returncode == 130
    count = replayed.count()
    assert 2 <= count < 20
    assert out == f"{count} replayed\n"
    assert f"interrupted: {20 - count} are left; run the command again to go on" in err
    assert DeadLetter.objects.unresolved().count() == 20 - count


@pytest.fixture
def platform(
    process_environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> Iterator[Platform]:
    platform = Platform(
        processes=["worker", "beat"], environment=process_environment, folder=tmp_path
    )
    yield platform
    platform.stop()


@pytest.mark.timeout(180)
def test_the_state_of_real_processes_is_seen(
    platform: Platform, process_environment: dict[str, str]
) -> None:
    def status() -> int:
        return manage(process_environment, "check_platform").returncode

    assert status() == 1
    platform.start()
    wait_until(lambda: status() == 0, seconds=90, what="not healthy")
    platform.stop()
    answer = manage(process_environment, "check_platform", "--format", "json")
    assert answer.returncode == 1
    found = {finding["probe"]: finding for finding in json.loads(answer.stdout)["findings"]}
    assert "no beat is alive" in found["beat"]["message"]
    assert "no worker is alive" in found["workers"]["message"]
