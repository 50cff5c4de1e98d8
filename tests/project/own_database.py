"""Settings of a project that keeps the platform's rows in a database of their own, and routes it there."""

from typing import Any

from django.db.models import Model

from tests.project.settings import *  # noqa: F403
from tests.project.settings import DATABASES as _DATABASES

# The project's own, which the platform has no business with: nobody answers there.
DATABASES = {"default": {**_DATABASES["default"], "PORT": "1"}, "tasks": _DATABASES["default"]}
DATABASE_ROUTERS = ["tests.project.own_database.Router"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


class Router:
    """Sends the two apps to the database of the tasks."""

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        """Name it."""
        return "tasks" if model._meta.app_label in ("tasks_core", "notifications") else None
