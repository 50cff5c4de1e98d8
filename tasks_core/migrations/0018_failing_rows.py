from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_core", "0017_vain_processes"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="failing_rows",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
    ]
