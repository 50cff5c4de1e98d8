"""Start-up of the platform inside Django."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from tasks_core.conf import setting
from tasks_core.tracing import switch


class TasksCoreConfig(AppConfig):
    """Finds the task types and the subscribers of all installed apps."""

    name = "tasks_core"
    verbose_name = "Tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import ``task_types`` and ``subscriptions`` of every app, and connect to the signals."""
        from django.conf import settings

        from tasks_core import checks, database_clock, session_format, worker_hooks
        from tasks_core.logs.secrets import hide_everywhere, secrets_of_settings

        hide_everywhere(*secrets_of_settings(settings))
        checks.register()
        session_format.connect()
        database_clock.connect()
        worker_hooks.connect()
        autodiscover_modules("task_types", "subscriptions")
        if setting("TRACING") and not switch.is_on:
            switch.enable()
