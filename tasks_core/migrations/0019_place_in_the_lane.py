from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the table may be large, and goes on being written

    dependencies = [
        ("tasks_core", "0018_failing_rows"),
    ]

    operations = [
        # Of a run that was interrupted, which leaves an index that is not valid.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS tasks_core_task_waiting", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("state__in", ("SCHEDULED", "RETRYING"))),
                fields=["queue_name", "priority", "run_after", "id"],
                name="tasks_core_task_waiting",
            ),
        ),
        RemoveIndexConcurrently(model_name="task", name="tasks_core_task_due"),
    ]
