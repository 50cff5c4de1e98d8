"""`manage.py list_tasks`: find tasks."""

from argparse import ArgumentParser
from typing import Any

from tasks_core.management.arguments.tasks import add_task_filters, find_tasks
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.output.tasks import TASK_COLUMNS, describe_task
from tasks_core.management.paging import add_paging_arguments, hint_at_more
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Lists tasks, a page at a time."""

    help = "List tasks, the newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        add_task_filters(parser)
        add_paging_arguments(parser)
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write one page."""
        page = find_tasks(options)
        write_list(self, map(describe_task, page.tasks), columns=TASK_COLUMNS, options=options)
        hint_at_more(self, page.next_after)
