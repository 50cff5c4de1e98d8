"""A child of the prefork pool as Celery begins it, in a process of its own."""

import os
import subprocess
import sys

from django.conf import settings

SCRIPT = """
import django; django.setup()
import gc, os, sys
from celery import signals
from tasks_core import celery_signals

{before}
celery_signals.connect()
signals.celeryd_init.send(sender="main@test")
if pid := os.fork():
    os.waitpid(pid, 0)
    print("main", {seen})
else:
    signals.worker_process_init.send(sender=None)
    print("child", {seen}, flush=True)
    os._exit(0)
"""


def seen_in_child_and_main(seen: str, *, before: str = "") -> list[str]:
    """Give what an expression is in a child that has begun, and after that in its parent."""
    command = [sys.executable, "-c", SCRIPT.format(seen=seen, before=before)]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    (child, in_child), (main, in_main) = (line.split() for line in ran.stdout.splitlines())
    assert (child, main) == ("child", "main")
    return [in_child, in_main]
