"""`manage.py check_platform`: is everything there that tasks need?"""

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from tasks_core.health import PROBES, Finding, Level, examine_in_time, worst
from tasks_core.health.summary import summary
from tasks_core.management.arguments.numbers import positive
from tasks_core.management.output.json_lines import json_line
from tasks_core.management.output.listing import write_list
from tasks_core.management.platform_command import PlatformCommand

EXIT_CODES = {Level.HEALTHY: 0, Level.UNHEALTHY: 1, Level.DEGRADED: 3, Level.UNKNOWN: 3}
"""2 is what a command line that cannot be understood gives."""

TIMEOUT = 10
"""Seconds: a person waits longer than an orchestrator's probe."""

COLUMNS = ("probe", "level", "message", "remedy")


class Command(PlatformCommand):
    """Examines the platform."""

    help = (
        "Say what is reachable, what is wrong and what to do about it. Exit status: 0 healthy, "
        "1 unhealthy (some tasks do not run), 3 degraded (tasks run, but slowly or not for long)."
    )
    requires_system_checks = ()  # they are one of the probes

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the probes and the format."""
        parser.add_argument(
            "--only",
            action="append",
            choices=tuple(PROBES),
            default=[],
            metavar="PROBE",
            help=f"Ask this probe only; can be repeated: {', '.join(PROBES)}.",
        )
        parser.add_argument(
            "--format",
            choices=("table", "json"),
            default="table",
            help="table (tab-separated when piped), or json: one object. Default: table.",
        )

        parser.add_argument(
            "--json", action="store_const", const="json", dest="format", help="As --format json."
        )
        parser.add_argument(
            "--timeout",
            type=positive,
            default=TIMEOUT,
            metavar="SECONDS",
            help=f"What has not answered after so long is unhealthy. Default: {TIMEOUT}.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the findings, and exit by the worst of them."""
        findings = examine_in_time(options["only"], seconds=options["timeout"])
        level = worst(findings)
        if options["format"] == "json":
            found = [asdict(finding) for finding in findings]
            self.stdout.write(json_line({**summary(findings), "findings": found}))
        else:
            write_list(self, map(_row, findings), columns=COLUMNS, options=options)
            self.stdout.write(f"The platform is {level}.")
        if EXIT_CODES[level]:
            self.stdout.flush()
            sys.exit(EXIT_CODES[level])


def _row(finding: Finding) -> dict[str, Any]:
    return asdict(finding)
