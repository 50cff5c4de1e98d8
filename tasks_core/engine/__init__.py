"""The rules of the platform as pure functions: no Django, no Celery, no clock, no network."""
