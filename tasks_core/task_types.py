"""The platform's own task types."""

from django.apps import apps

from tasks_core.engine.retry import Exponential
from tasks_core.registry import task_type
from tasks_core.schedules.periodic_tasks.plain_message import TYPE, send_celery_message

if apps.is_installed("django_celery_beat"):
    task_type(
        TYPE,
        retry=Exponential(max_attempts=10, initial=1.0, cap=60.0),
        # What Celery refuses to send, it will refuse again.
        final_errors=(TypeError, ValueError),
        max_payload_bytes=1024 * 1024,
        inner=True,
        free_times=True,
        refuses_replay=lambda _: "",
    )(send_celery_message)
