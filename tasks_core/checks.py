"""System checks: a wrong installation says so at start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Error

from tasks_core import routing_checks
from tasks_core.conf import setting
from tasks_core.foreign_key_checks import check_foreign_keys


def register() -> None:
    """Register the checks with Django."""
    checks.register(_database_is_postgresql)
    checks.register(_keys_are_usable)
    checks.register(_numbers_are_sensible)
    checks.register(check_foreign_keys)
    checks.register(routing_checks.instants_are_aware)
    checks.register(routing_checks.transactions_are_not_isolated_too_much)
    checks.register(routing_checks.callers_share_a_database)
    checks.register(routing_checks.rows_of_the_platform_are_together)


def _database_is_postgresql(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    from tasks_core import database

    vendor = database.connection().vendor
    if vendor == "postgresql":
        return []
    return [
        Error(
            f"tasks are kept in a {vendor} database; only PostgreSQL 14 or later will do",
            hint="Point DATABASE_URL to PostgreSQL, or route tasks_core to such a database.",
            id="tasks_core.E001",
        )
    ]


def _keys_are_usable(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    keys = setting("ENCRYPTION_KEYS")
    if not keys:
        return [
            checks.Warning(
                "ENCRYPTION_KEYS is empty: payloads with secrets will be refused",
                hint="Set it to one or more Fernet keys, the newest first.",
                id="tasks_core.W001",
            )
        ]
    wrong = [position for position, key in enumerate(keys, 1) if not _is_fernet_key(key)]
    return [
        Error(
            f"key {position} of ENCRYPTION_KEYS is no Fernet key",
            hint="A Fernet key is 32 bytes in URL-safe base64, 44 characters.",
            id="tasks_core.E002",
        )
        for position in wrong
    ]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except (ValueError, TypeError):
        return False
    return True


def _numbers_are_sensible(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for name, least in (
        ("LEASE_SECONDS", 5),
        ("LOST_MESSAGE_SECONDS", 1),
        ("MAX_LOSSES", 1),
        ("SHUTDOWN_GRACE_SECONDS", 0),
        ("CANCEL_GRACE_SECONDS", 0),
        ("MAX_PAYLOAD_BYTES", 1_024),
        ("MAX_RESULT_BYTES", 1_024),
        ("LANE_WINDOW_MESSAGES", 1),
        ("AGEING_SECONDS", 1),
        ("BUFFERED_TICKS_LIMIT", 1),
        ("RETENTION_DAYS", 0),
        ("RETENTION_DAYS_UNSUCCESSFUL", 0),
        ("EVENT_RETENTION_DAYS", 1),
        ("HISTORY_RETENTION_DAYS", 0),
        ("DEAD_LETTER_QUEUE_LIMIT", 0),
    ):
        value = setting(name)
        if not isinstance(value, int | float) or value < least:
            messages.append(
                Error(
                    f"BELLRINGER[{name!r}] is {value!r}; it must be a number of at least {least}",
                    id="tasks_core.E003",
                )
            )
    return messages
