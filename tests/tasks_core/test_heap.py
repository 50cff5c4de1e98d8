"""A forked worker process does not look through its parent's heap again and again."""

import os
import subprocess
import sys

from django.conf import settings

SCRIPT = """
import gc
from tasks_core import heap

{before}
heap.settle()
print(gc.get_freeze_count() > 1_000, gc.get_threshold() == heap.THRESHOLDS, gc.isenabled())
"""


def settled(before: str = "") -> str:
    command = [sys.executable, "-c", SCRIPT.format(before=before)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_what_is_there_is_left_out_of_collections() -> None:
    assert settled() == "True True True"


def test_who_has_switched_collections_off_keeps_it_so() -> None:
    assert settled("gc.disable()") == "True False False"


CHILD = """
import gc, os
from celery import signals
from tasks_core import worker_hooks

worker_hooks.connect()
signals.celeryd_init.send(sender="main@test")
if pid := os.fork():
    os.waitpid(pid, 0)
    print("main", gc.get_freeze_count())
else:
    signals.worker_process_init.send(sender=None)
    print("child", gc.get_freeze_count() > 1_000, flush=True)
    os._exit(0)
"""


def test_a_child_of_the_pool_does_so_when_it_begins_and_its_parent_does_not() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}
    script = "import django; django.setup()\n" + CHILD
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert ran.stdout.split() == ["child", "True", "main", "0"]
