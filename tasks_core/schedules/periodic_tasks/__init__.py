"""The periodic tasks of django-celery-beat, read as schedules."""
