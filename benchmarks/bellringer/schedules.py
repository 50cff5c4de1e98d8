"""Many schedules at once."""

from typing import Any

from django.db import connection

import tasks_core
from tasks_core.models import Occurrence, Schedule

OTHERS = ("id", "name", "source")


def declare(task_type: str, payload: Any, count: int, cron: str, upcoming: int) -> None:
    """Declare one schedule, copy it, and keep the first `upcoming` ticks of each."""
    model = tasks_core.schedule_recurring(
        task_type, payload, name="model", cron=cron, misfire="run_all"
    )
    ticks = Occurrence.objects.filter(schedule=model).order_by("due")
    Occurrence.objects.filter(pk__in=list(ticks.values_list("pk", flat=True)[upcoming:])).delete()
    columns = [str(f.column) for f in Schedule._meta.concrete_fields if f.name not in OTHERS]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO tasks_core_schedule (name, source, {", ".join(columns)})
            SELECT 'copy ' || n, '', {", ".join(columns)}
            FROM tasks_core_schedule, generate_series(2, %s) AS n WHERE id = %s
            """,
            [count, model.pk],
        )
        cursor.execute(
            """
            INSERT INTO tasks_core_occurrence (schedule_id, due, fire_at, kind, outcome, reason)
            SELECT schedule.id, due, fire_at, tick.kind, outcome, reason
            FROM tasks_core_occurrence AS tick, tasks_core_schedule AS schedule
            WHERE schedule_id = %s AND schedule.id <> %s
            """,
            [model.pk, model.pk],
        )
        cursor.execute("ANALYZE tasks_core_schedule, tasks_core_occurrence")
