"""`manage.py show_task`: everything about one task."""

from argparse import ArgumentParser
from typing import Any

import tasks_core
from tasks_core.management.arguments.numbers import identifier
from tasks_core.management.output.events import describe_history
from tasks_core.management.output.facts import write_facts
from tasks_core.management.output.json_lines import json_line
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.tasks import EVENT_COLUMNS, describe_event, describe_whole_task
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.models import TaskEvent, TaskHistory


class Command(PlatformCommand):
    """Shows one task."""

    help = "Show a task and what has happened to it. Secrets in its payload are masked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the id."""
        parser.add_argument("id", type=identifier, help="Id of the task.")
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the facts and the timeline; as JSON, one object with both."""
        task = describe_whole_task(tasks_core.get(options["id"]))
        history = TaskHistory.objects.filter(pk=options["id"]).first()
        task["earlier_events"] = describe_history(history) if history else None
        events = TaskEvent.objects.filter(task_id=options["id"]).order_by("pk")
        timeline = [describe_event(event) for event in events]
        if options["format"] == "json":
            self.stdout.write(json_line({**task, "events": timeline}))
            return
        write_facts(self, task, is_coloured=not options["no_color"])
        self.stdout.write("")
        write_list(self, timeline, columns=EVENT_COLUMNS, options=options)
