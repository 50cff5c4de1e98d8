"""The app's configuration."""

import os

from django.apps import AppConfig


class BellringerBenchmarkConfig(AppConfig):
    """Has no models; its `task_types` are discovered."""

    name = "benchmarks.bellringer"
    label = "bellringer_benchmark"

    def ready(self) -> None:
        """Leave out events where a work asks for that."""
        from benchmarks.bellringer import without_events

        if without_events.VARIABLE in os.environ:
            without_events.leave_out_events()
