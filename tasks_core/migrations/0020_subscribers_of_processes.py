from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the table of tasks may be large, and goes on being written

    dependencies = [
        ("tasks_core", "0019_place_in_the_lane"),
    ]

    operations = [
        # Of a run that was interrupted, which leaves an index that is not valid.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS tasks_core_task_retrying", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("state", "RETRYING")),
                fields=["run_after"],
                name="tasks_core_task_retrying",
            ),
        ),
        migrations.AddField(
            model_name="worker",
            name="subscribers",
            field=ArrayField(
                base_field=models.CharField(max_length=100),
                blank=True,
                help_text="Subscribers of events in its code; empty: an older release, which does not say.",
                null=True,
                size=None,
            ),
        ),
    ]
