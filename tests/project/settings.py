"""The real settings plus the app that holds the tests' task types."""

from scheduler_project.settings import *  # noqa: F403
from scheduler_project.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tests.project.apps.TestProjectConfig"]
