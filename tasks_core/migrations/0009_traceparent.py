from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks_core', '0006_periodic_tasks'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='traceparent',
            field=models.CharField(blank=True, help_text='The span that enqueued it.', max_length=55, null=True),
        ),
    ]
