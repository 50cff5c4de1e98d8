"""Start-up of the platform inside Django."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from tasks_core.conf import setting
from tasks_core.tracing import switch


class TasksCoreConfig(AppConfig):
    """Finds the task types of all installed apps."""

    name = "tasks_core"
    verbose_name = "Tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import every ``<app>/task_types.py`` and connect to Celery's and Django's signals."""
        from tasks_core import checks, worker_hooks

        checks.register()
        worker_hooks.connect()
        autodiscover_modules("task_types")
        if setting("TRACING") and not switch.is_on:
            switch.enable()
