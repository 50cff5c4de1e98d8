from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_core", "0008_event_subscription"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="consumed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="worker",
            name="stuck_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
