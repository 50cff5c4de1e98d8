"""The Celery app. Its settings are the CELERY_* names of Django's settings."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")

app = Celery("bellringer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
