"""The project as a Django application: it contributes system checks."""

from django.apps import AppConfig


class SchedulerProjectConfig(AppConfig):
    """Registers the project's system checks."""

    name = "scheduler_project"
    verbose_name = "Bellringer"

    def ready(self) -> None:
        """Register the checks, and start what watches the platform from outside."""
        from scheduler_project import checks, observation  # noqa: F401

        observation.connect()
