"""The real settings, in production mode, plus the app that holds the benchmark's task types."""

import base64
import os

# A benchmark keeps no secrets. Django's debug mode would keep every query in memory.
os.environ["DEBUG"] = "false"
os.environ["SECRET_KEY"] = "the benchmark of bellringer has nothing to protect by a key"
os.environ["ENCRYPTION_KEYS"] = base64.urlsafe_b64encode(b"bellringer".ljust(32)).decode()
os.environ["ALLOWED_HOSTS"] = "localhost"
os.environ["FLOWER_BASIC_AUTH"] = "nobody:looks"

from benchmarks.messages import SENDER, port
from scheduler_project.settings import *  # noqa: F403
from scheduler_project.settings import BELLRINGER as _BELLRINGER
from scheduler_project.settings import INSTALLED_APPS as _APPS

BELLRINGER = {
    **_BELLRINGER,
    "OUTGOING_HTTPS_ONLY": False,
    # Two processes: the most that the works allow to be with a receiver at once.
    "OUTGOING_CONNECTIONS": 100,
    "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.1/32"],
}
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = port()
EMAIL_HOST_USER = EMAIL_HOST_PASSWORD = ""
EMAIL_USE_TLS = EMAIL_USE_SSL = False
DEFAULT_FROM_EMAIL = SENDER
INSTALLED_APPS = [*_APPS, "benchmarks.bellringer.apps.BellringerBenchmarkConfig"]
