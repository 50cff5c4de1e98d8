"""The Celery app. Its settings are the CELERY_* names of Django's settings."""

import os

from celery import Celery

from scheduler_project import celery_inspection, celery_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")

app = Celery("bellringer")
celery_logging.connect(app)
app.config_from_object("django.conf:settings", namespace="CELERY")
celery_inspection.connect(app)
app.autodiscover_tasks()
