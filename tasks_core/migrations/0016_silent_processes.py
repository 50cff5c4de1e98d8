import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_core", "0015_known_priorities"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="silent_processes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(),
                blank=True,
                null=True,
                size=None,
            ),
        ),
    ]
