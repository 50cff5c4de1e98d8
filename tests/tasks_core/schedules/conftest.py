"""The tables of django-celery-beat, emptied."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection


@pytest.fixture
def celery_beat_tables(transactional_db: None) -> Iterator[None]:
    """Let tests commit to django-celery-beat's tables too."""
    yield
    models = apps.get_app_config("django_celery_beat").get_models()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(m._meta.db_table for m in models)} CASCADE")
