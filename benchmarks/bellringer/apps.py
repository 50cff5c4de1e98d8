"""The app's configuration."""

from django.apps import AppConfig


class BellringerBenchmarkConfig(AppConfig):
    """Has no models; its `task_types` are discovered."""

    name = "benchmarks.bellringer"
    label = "bellringer_benchmark"
