"""`manage.py enqueue_task`: store a task."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

import tasks_core
from tasks_core.client.payload_edit import without_masks
from tasks_core.management.arguments.duration import duration
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.json_input import SOURCES, json_input
from tasks_core.management.arguments.priority import NAMES, priority
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.tasks import TASK_COLUMNS, describe_task
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import Task


class Command(PlatformCommand):
    """Enqueues one task."""

    help = (
        "Store a task, to run as soon as possible or at a later time. Nothing is stored on error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the task type, the payload and the options of ``tasks_core.enqueue``."""
        parser.add_argument("type", help="Name of a task type; list_task_types shows them.")
        parser.add_argument(
            "--payload",
            type=json_input,
            default={},
            metavar="JSON",
            help=f"{SOURCES}. Default: {{}}.",
        )
        when = parser.add_mutually_exclusive_group()
        when.add_argument(
            "--run-after",
            type=instant,
            metavar="TIME",
            help="Not before this instant, such as 2026-07-01T09:00+02:00.",
        )
        when.add_argument(
            "--delay",
            type=duration,
            metavar="TIME",
            help="Not before so long from now: seconds, or 90s, 15m, 2h, 3d.",
        )
        parser.add_argument(
            "--expires-at", type=instant, metavar="TIME", help="No attempt begins from then on."
        )
        parser.add_argument(
            "--priority", type=priority, metavar="NAME", help=f"One of {', '.join(NAMES)}."
        )
        parser.add_argument("--queue", metavar="NAME", help="Instead of the queue of its type.")
        parser.add_argument(
            "--idempotency-key",
            metavar="KEY",
            help="If a task of this type has the key already, that one is shown and none is made.",
        )
        parser.add_argument(
            "--retry-policy", metavar="NAME", help="A retry policy, instead of that of its type."
        )
        parser.add_argument(
            "--tag", action="append", default=[], metavar="TAG", help="A tag; can be repeated."
        )
        parser.add_argument("--correlation-id", metavar="ID", help="To find related tasks by.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the task and show it."""
        task = _enqueue(options)
        write_list(self, [describe_task(task)], columns=TASK_COLUMNS, options=options)


def _enqueue(options: Mapping[str, Any]) -> Task:
    chosen = {
        "priority": options["priority"],
        "queue_name": options["queue"],
        "expires_at": options["expires_at"],
        "idempotency_key": options["idempotency_key"],
        "retry": options["retry_policy"],
        "tags": options["tag"],
        "correlation_id": options["correlation_id"],
    }
    task_type, payload = options["type"], without_masks(options["payload"])
    if options["delay"] is not None:
        return tasks_core.schedule_delayed(task_type, payload, delay=options["delay"], **chosen)
    return tasks_core.enqueue(task_type, payload, run_after=options["run_after"], **chosen)
