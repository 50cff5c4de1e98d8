"""Let the database write times as its driver reads them, whatever its role is used to."""

from typing import Any

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from tasks_core import database

STYLES = {"DateStyle": "ISO", "IntervalStyle": "postgres"}


def connect() -> None:
    """Look at new sessions; calling it again changes nothing."""
    connection_created.connect(_on_connection, dispatch_uid="tasks_core.database.session_format")


def _on_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Set what differs. The server has said so when the session began: asking costs nothing."""
    if connection.vendor != "postgresql" or not apps.models_ready:
        return
    if connection.alias != database.alias():
        return
    raw = connection.connection
    for name, style in STYLES.items():
        told = raw.info.parameter_status(name)
        if told is not None and not told.startswith(style) and raw.autocommit:
            raw.execute("SELECT set_config(%s, %s, false)", [name, style], prepare=False)
