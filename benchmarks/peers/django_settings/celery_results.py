"""Django settings of Celery with django-celery-results."""

from benchmarks.peers.django_settings import *  # noqa: F403

INSTALLED_APPS = ["django_celery_results"]
