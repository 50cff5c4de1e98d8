"""The deployable project: configuration, the Celery app, URLs and the embedded servers."""

from scheduler_project.celery import app as celery_app

__all__ = ["celery_app"]
