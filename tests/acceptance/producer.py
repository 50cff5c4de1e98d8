"""A program that enqueues: `python -m tests.acceptance.producer bulk 1000` or `... slow SECONDS`.

It goes on when the database is away for a while, as a web server would with its next request.
"""

import os
import sys
import time

import django
from django.db import Error, connections, transaction

STEP = 500


def bulk(count: int) -> None:
    """Enqueue so many tasks, in transactions of their own."""
    import tasks_core

    done = 0
    while done < count:
        try:
            done += len(tasks_core.enqueue_many("project.work", [{}] * STEP))
        except Error:
            _recover()


def slow(seconds: float) -> None:
    """Enqueue a few tasks in transactions that stay open for so long, until it is killed."""
    import tasks_core

    while True:
        try:
            with transaction.atomic():
                tasks_core.enqueue_many("project.work", [{}] * 20)
                time.sleep(seconds)
        except Error:
            _recover()


def _recover() -> None:
    connections.close_all()
    time.sleep(0.2)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.project.settings"
    django.setup()
    what, number = sys.argv[1:]
    bulk(int(number)) if what == "bulk" else slow(float(number))
