"""The form of `check_worker` and `check_beat`."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from tasks_core import conf
from tasks_core.liveness.folder import runtime_folder
from tasks_core.liveness.verdict import verdict_on
from tasks_core.management.platform_command import PlatformCommand


class LivenessCommand(PlatformCommand):
    """Says whether a process on this machine does its work, and exits with 1 if not."""

    role: str
    requires_system_checks = ()  # they would slow down a probe, and say nothing of the process

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which process."""
        parser.add_argument(
            "--name",
            default="",
            help=f"Name of the {self.role}; without it, every one on this machine must work.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the verdict and exit by it."""
        folder = Path(conf.current().runtime_folder or runtime_folder(os.environ))
        verdict = verdict_on(self.role, options["name"], folder)
        self.stdout.write(verdict.message)
        if not verdict.is_alive:
            self.stdout.flush()
            sys.exit(1)
