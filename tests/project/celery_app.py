"""The project's own Celery app, under the tests' settings."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.project.settings"

from scheduler_project.celery import app

__all__ = ["app"]
