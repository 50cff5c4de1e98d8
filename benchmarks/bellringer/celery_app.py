"""The project's own Celery app, under the benchmark's settings."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.bellringer.settings"

from scheduler_project.celery import app

__all__ = ["app"]
