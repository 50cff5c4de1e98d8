"""System checks: what would only show as a hang or a surprise in operation."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from scheduler_project.configuration import Configuration
from scheduler_project.configuration.application_settings import unknown_variables
from tasks_core.broker.redis_address import is_redis

REDIS_CLIENT_OPTIONS = (
    "socket_timeout",
    "socket_connect_timeout",
    "socket_keepalive",
    "health_check_interval",
)
PACKAGE_FOLDERS = ("site-packages", "dist-packages")
# Read outside of the configuration: by the embedded servers and the launcher.
OTHER_VARIABLES = ("BELLRINGER_DATA_DIR", "BELLRINGER_PLATFORM")


@register(Tags.compatibility)
def redis_clients_notice_dead_connections(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Require time-outs, keepalive and health checks wherever a Redis client is configured."""
    clients = {"REDIS_OPTIONS": settings.REDIS_OPTIONS}
    if is_redis(settings.CELERY_BROKER_URL):
        clients["CELERY_BROKER_TRANSPORT_OPTIONS"] = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    return [
        Error(
            f"{setting} has no {option}: a Redis connection that is dead but not closed would "
            "make a process wait for ever.",
            hint=f"Set {option} in {setting}; scheduler_project.broker.redis_options has all four.",
            id="scheduler_project.E001",
        )
        for setting, options in clients.items()
        for option in REDIS_CLIENT_OPTIONS
        if not options.get(option)
    ]


# With this tag, because these are the checks that collectstatic makes before it writes anything.
@register(Tags.staticfiles)
def static_files_have_a_place(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse to collect files among installed packages, where the next upgrade leaves or removes them."""
    root = Path(str(settings.STATIC_ROOT))
    if not any(folder in PACKAGE_FOLDERS for folder in root.parts):
        return []
    return [
        Error(
            f"STATIC_ROOT is {root}, among installed packages, which are not to be written to.",
            hint="Set the variable STATIC_ROOT to a folder of your own, before collectstatic and for the "
            "web process.",
            id="scheduler_project.E002",
        )
    ]


@register(Tags.compatibility)
def variables_are_spelled_right(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Point out BELLRINGER_ variables that nothing reads."""
    known = [str(field.validation_alias) for field in Configuration.model_fields.values()]
    unknown = unknown_variables(
        {*known, *(f"{name}_FILE" for name in known), *OTHER_VARIABLES},
        settings.APPLICATION_SETTINGS,
        os.environ,
    )
    return [
        checks.Warning(
            f"The environment sets {name}, which nothing reads.",
            hint=f"Did you mean {meant}?" if meant else "Remove it.",
            id="scheduler_project.W001",
        )
        for name, meant in unknown.items()
    ]
