"""The notifications app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Connects the app to what the task platform reports."""

    name = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        """Register the receivers and the metrics."""
        from notifications import checks, metrics, receivers

        checks.register()
        receivers.connect()
        metrics.register()
