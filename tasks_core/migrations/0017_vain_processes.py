import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_core", "0016_silent_processes"),
    ]

    operations = [
        # Every task leaves several dead rows and index entries. With a fifth of the table, PostgreSQL's own
        # measure, millions of them would stand before the waiting tasks of a table that keeps a history.
        # It waits for a vacuum or an index that is being made, so it comes first: nothing is locked yet.
        migrations.RunSQL(
            """
            ALTER TABLE tasks_core_task SET (
                autovacuum_vacuum_scale_factor = 0.02,
                autovacuum_vacuum_threshold = 1000,
                autovacuum_vacuum_cost_limit = 2000,
                autovacuum_analyze_scale_factor = 0.02
            )
            """,
            """
            ALTER TABLE tasks_core_task RESET (
                autovacuum_vacuum_scale_factor,
                autovacuum_vacuum_threshold,
                autovacuum_vacuum_cost_limit,
                autovacuum_analyze_scale_factor
            )
            """,
        ),
        migrations.AddField(
            model_name="worker",
            name="vain_processes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(),
                blank=True,
                null=True,
                size=None,
            ),
        ),
    ]
