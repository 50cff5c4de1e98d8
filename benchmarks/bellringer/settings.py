"""The real settings, in production mode, plus the app that holds the benchmark's task types."""

import base64
import os

# A benchmark keeps no secrets. Django's debug mode would keep every query in memory.
os.environ["DEBUG"] = "false"
os.environ["SECRET_KEY"] = "the benchmark of bellringer has nothing to protect by a key"
os.environ["ENCRYPTION_KEYS"] = base64.urlsafe_b64encode(b"bellringer".ljust(32)).decode()
os.environ["ALLOWED_HOSTS"] = "localhost"
os.environ["FLOWER_BASIC_AUTH"] = "nobody:looks"

from scheduler_project.settings import *  # noqa: F403
from scheduler_project.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "benchmarks.bellringer.apps.BellringerBenchmarkConfig"]
