"""Start-up of the platform inside Django."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from tasks_core import conf
from tasks_core.tracing import switch


class TasksCoreConfig(AppConfig):
    """Finds the task types and the subscribers of all installed apps."""

    name = "tasks_core"
    verbose_name = "Tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import ``task_types`` and ``subscriptions`` of every app, and connect to the signals."""
        from django.conf import settings

        from tasks_core import celery_signals
        from tasks_core.checks import installation
        from tasks_core.database import server_clock, session_format
        from tasks_core.logs.secrets import hide_everywhere, secrets_of_settings
        from tasks_core.registry import on_registered
        from tasks_core.worker.celery_tasks import expose

        hide_everywhere(*secrets_of_settings(settings))
        installation.register()
        session_format.connect()
        server_clock.connect()
        celery_signals.connect()
        on_registered(expose)
        autodiscover_modules("task_types", "subscriptions")
        if conf.current().tracing and not switch.is_on:
            switch.enable()
