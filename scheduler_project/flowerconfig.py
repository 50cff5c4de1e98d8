"""Flower's configuration file: `celery ... flower --conf=scheduler_project/flowerconfig.py`.

Flower would show its pages to everybody when no login is configured; here it does not start then.
"""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if not settings.FLOWER_BASIC_AUTH:
    raise ImproperlyConfigured("FLOWER_BASIC_AUTH is not set. Set it to USER:PASSWORD for Flower.")

basic_auth = [settings.FLOWER_BASIC_AUTH]
