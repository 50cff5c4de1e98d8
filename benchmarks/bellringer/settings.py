"""The real settings plus the app that holds the benchmark's task types."""

from scheduler_project.settings import *  # noqa: F403
from scheduler_project.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "benchmarks.bellringer.apps.BellringerBenchmarkConfig"]
