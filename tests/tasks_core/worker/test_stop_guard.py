"""The guard of a worker's stop, in a process of its own, which it ends."""

import os
import subprocess
import sys

from scheduler_project.data_folder import CHECKOUT

BEGIN = """
import time, types
import django
django.setup()
from celery.worker import state
from tasks_core.liveness import stop_guard
from tasks_core.worker import process as worker_process

stop_guard.GIVE_BACK_AFTER, stop_guard.CHILDREN_AFTER, stop_guard.MAIN_AFTER = 0.1, 0.2, 0.3
stop_guard.LOOK_SECONDS = 0.05

class Request:
    name = "somebodys.plain_task"

guard = stop_guard.WorkerGuard(None)
guard.start()
"""
HANGS = "worker_process.ask_to_stop(); time.sleep(60)"
RUNS_A_PLAIN_TASK = """
request = Request()
state.active_requests.add(request)
worker_process.ask_to_stop()
time.sleep(2)
print("the task was waited for", flush=True)
state.active_requests.discard(request)
time.sleep(60)
"""
DELIVERS_EVENTS = """
Request.name = "tasks_core.deliver_events"
request = Request()
state.active_requests.add(request)
worker_process.ask_to_stop()
time.sleep(60)
"""
IS_LEFT = "worker_process.ask_to_stop(); guard.leave(); time.sleep(2); print('it lives')"


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.project.settings",
        "BELLRINGER_SHUTDOWN_GRACE_SECONDS": "0",
    }


def _run(script: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script],
        cwd=CHECKOUT,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_process_whose_stop_hangs_is_ended() -> None:
    status, said = _run(HANGS)
    assert status == os.EX_SOFTWARE
    assert "the stop takes too long" in said


def test_plain_celery_task_is_waited_for_and_then_the_stop_is_ended() -> None:
    status, said = _run(RUNS_A_PLAIN_TASK)
    assert status == os.EX_SOFTWARE
    assert "the task was waited for" in said


def test_delivery_of_events_that_hangs_is_not_waited_for() -> None:
    """It is the platform's own: whoever leads next delivers them."""
    status, said = _run(DELIVERS_EVENTS)
    assert status == os.EX_SOFTWARE
    assert "the stop takes too long" in said


def test_worker_within_another_program_leaves_that_alone() -> None:
    status, said = _run(IS_LEFT)
    assert status == 0
    assert "it lives" in said


WAITS_FOR_THE_DATABASE = """
import os, threading
from django.db import connection
from tasks_core.database import answer_limit

def wait():
    with answer_limit.answers_within(0.0), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")

os.set_blocking(2, False)
try:
    while True:
        os.write(2, b"x")
except BlockingIOError:
    os.set_blocking(2, True)
threading.Thread(target=wait, daemon=True).start()
while not answer_limit._waiting():
    time.sleep(0.01)
time.sleep(0.5)
"""


def test_log_that_nobody_reads_holds_no_guard_up() -> None:
    """It says there that a connection was cut, before it ends the process."""
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN + WAITS_FOR_THE_DATABASE + HANGS],
        cwd=CHECKOUT,
        env=_environment(),
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.wait(30) == os.EX_SOFTWARE
        finally:
            process.kill()
