"""Django settings of django-tasks with its database backend."""

from benchmarks.peers.django_settings import *  # noqa: F403

INSTALLED_APPS = ["django_tasks", "django_tasks_db"]
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
