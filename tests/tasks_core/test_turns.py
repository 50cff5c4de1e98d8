"""The threads of a worker process take short turns."""

import os
import subprocess
import sys

from django.conf import settings

from tasks_core import turns

CHILD = """
import os, sys
import django; django.setup()
from celery import signals
from tasks_core import worker_hooks

{before}
worker_hooks.connect()
signals.celeryd_init.send(sender="main@test")
if pid := os.fork():
    os.waitpid(pid, 0)
    print("main", sys.getswitchinterval())
else:
    signals.worker_process_init.send(sender=None)
    print("child", sys.getswitchinterval(), flush=True)
    os._exit(0)
"""


def lengths(before: str = "") -> list[str]:
    """Give the length of a turn in a child of the pool, and in its parent."""
    command = [sys.executable, "-c", CHILD.format(before=before)]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return ran.stdout.split()


def test_a_child_of_the_pool_takes_shorter_ones_than_python() -> None:
    assert lengths() == ["child", str(turns.SWITCH_SECONDS), "main", str(turns.PYTHONS_OWN)]


def test_who_has_set_their_length_keeps_it() -> None:
    assert lengths("sys.setswitchinterval(0.002)") == ["child", "0.002", "main", "0.002"]
