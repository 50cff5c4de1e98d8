"""The project as a Django application: it contributes system checks."""

from django.apps import AppConfig


class SchedulerProjectConfig(AppConfig):
    """Registers the project's system checks."""

    name = "scheduler_project"
    verbose_name = "Bellringer"

    def ready(self) -> None:
        """Register the checks, start what watches the platform, and let every crontab be read."""
        from scheduler_project import checks, observation, unknown_zones  # noqa: F401

        observation.connect()
        unknown_zones.connect()
