"""The project as a Django application: it contributes system checks."""

from django.apps import AppConfig


class SchedulerProjectConfig(AppConfig):
    """Registers the project's system checks."""

    name = "scheduler_project"
    verbose_name = "Bellringer"

    def ready(self) -> None:
        """Register the checks."""
        from scheduler_project import checks  # noqa: F401
