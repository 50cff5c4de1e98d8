from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q


def _known_priorities(model: str) -> list[migrations.operations.base.Operation]:
    """New rows are held to it at once; the old ones are looked at without keeping anybody from the table."""
    table = f"tasks_core_{model}"
    name = f"{table}_priority"
    constraint = models.CheckConstraint(condition=Q(priority__in=[0, 1, 2, 3]), name=name)
    return [
        # Of a run that was interrupted.
        migrations.RunSQL(
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}", migrations.RunSQL.noop
        ),
        AddConstraintNotValid(model_name=model, constraint=constraint),
        migrations.RunSQL(
            f"UPDATE {table} SET priority = LEAST(GREATEST(priority, 0), 3) "  # noqa: S608
            "WHERE priority NOT BETWEEN 0 AND 3",
            migrations.RunSQL.noop,
        ),
        ValidateConstraint(model_name=model, name=name),
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("tasks_core", "0014_clock_skew"),
    ]

    operations = [*_known_priorities("task"), *_known_priorities("schedule")]
