"""The app's configuration."""

from django.apps import AppConfig


class TestProjectConfig(AppConfig):
    """Has no models; its `task_types` are discovered."""

    name = "tests.project"
    label = "test_project"
