"""The real settings plus the app that holds the tests' task types."""

import os
from datetime import UTC, datetime, timedelta

from scheduler_project.settings import *  # noqa: F403
from scheduler_project.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tests.project.apps.TestProjectConfig"]

# The clock of the machine on which this process believes itself to be.
if os.environ.get("TEST_CLOCK_AHEAD"):
    import time_machine

    _ahead = timedelta(seconds=float(os.environ["TEST_CLOCK_AHEAD"]))
    time_machine.travel(datetime.now(UTC) + _ahead).start()
