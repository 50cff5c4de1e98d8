"""`manage.py list_task_types`: what can be enqueued."""

from argparse import ArgumentParser
from typing import Any

from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand
from tasks_core.registry import TaskType, task_types

COLUMNS = ("name", "queue_name", "priority", "max_attempts", "max_runtime", "fields")


class Command(PlatformCommand):
    """Lists the registered task types."""

    help = "List the task types that this installation knows, with the fields of their payloads."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the format."""
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them by name."""
        rows = [_describe(task_types()[name]) for name in sorted(task_types())]
        write_list(self, rows, columns=COLUMNS, options=options)


def _describe(registered: TaskType) -> dict[str, Any]:
    schema = registered.schema.json_schema()
    return {
        "name": registered.name,
        "queue_name": registered.queue_name,
        "priority": registered.priority.name.lower(),
        "max_attempts": registered.retry.max_attempts,
        "retry": registered.retry.to_json(),
        "max_runtime": registered.max_runtime,
        "max_batch": registered.max_batch,
        "max_payload_bytes": registered.max_payload_bytes,
        "is_async": registered.is_async,
        "is_inner": registered.is_inner,
        "handler": f"{registered.handler.__module__}.{registered.handler.__qualname__}",
        "fields": _fields(schema),
        "schema": schema,
    }


def _fields(schema: dict[str, Any]) -> list[str]:
    """Return the names of the payload's fields; ``?`` marks those that may be left out."""
    required = set(schema.get("required", ()))
    return [name if name in required else f"{name}?" for name in schema.get("properties", {})]
