from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks_core', '0009_worker_consumption'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='traceparent',
            field=models.CharField(blank=True, help_text='The span that enqueued it.', max_length=55, null=True),
        ),
    ]
