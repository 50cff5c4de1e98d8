"""The notifications app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class NotificationsConfig(AppConfig):
    """Connects the app to what the task platform reports."""

    name = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        """Register receivers, checks, metrics, and the conditions of all apps."""
        from notifications import checks, metrics, receivers
        from notifications.health import probe

        checks.register()
        receivers.connect()
        metrics.register()
        probe.register()
        autodiscover_modules("notification_conditions")
