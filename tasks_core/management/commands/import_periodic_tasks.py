"""`manage.py import_periodic_tasks`: make schedules of django-celery-beat's rows."""

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.management.base import CommandError

from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand

if TYPE_CHECKING:
    from tasks_core.schedules.periodic_tasks.importing import Imported

COLUMNS = ("name", "task", "expression", "timezone", "outcome", "problem")


class Command(PlatformCommand):
    """Imports periodic tasks."""

    help = (
        "Turn periodic tasks of django-celery-beat into schedules of their own, and switch the periodic "
        "tasks off. Those of which it has done so before are left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument(
            "--name",
            action="append",
            default=[],
            metavar="NAME",
            help="Only the periodic task of this name; may be given several times. "
            "Default: all that are switched on.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Only say what would become of each."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what became of each."""
        if not apps.is_installed("django_celery_beat"):
            raise CommandError("django_celery_beat is not in INSTALLED_APPS: nothing to import")
        from tasks_core.schedules.periodic_tasks.importing import (
            SWITCHED_OFF,
            chosen_rows,
            import_rows,
        )

        is_dry = options["dry_run"]
        found = list(import_rows(chosen_rows(options["name"]), dry_run=is_dry))
        write_list(
            self, [_row(one, is_dry=is_dry) for one in found], columns=COLUMNS, options=options
        )
        problems = sum(one.problem not in {"", SWITCHED_OFF} for one in found)
        if problems:
            raise CommandError(f"{problems} could not be imported; the others were looked after")


def _row(imported: "Imported", *, is_dry: bool) -> dict[str, Any]:
    schedule = imported.schedule
    done = "would be imported" if is_dry else "imported"
    return {
        "name": imported.name,
        "task": imported.task,
        "periodic_task_id": imported.periodic_task_id,
        "task_type": schedule and schedule.task_type,
        "kind": schedule and schedule.kind,
        "expression": schedule and schedule.expression,
        "timezone": schedule and schedule.timezone,
        "outcome": "left as it was" if imported.problem else done,
        "problem": imported.problem,
    }
