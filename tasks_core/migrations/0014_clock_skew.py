from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_core", "0013_names_in_the_admin"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="clock_skew",
            field=models.FloatField(blank=True, null=True),
        ),
    ]
