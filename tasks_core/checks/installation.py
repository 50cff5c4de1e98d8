"""System checks: a wrong installation says so at start."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Error

from tasks_core import conf
from tasks_core.checks import routing
from tasks_core.checks.foreign_keys import check_foreign_keys
from tasks_core.checks.numbers import DAY, LONGEST_DAYS, MOST, Bounds, check_numbers


def register() -> None:
    """Register the checks with Django."""
    checks.register(_database_is_postgresql)
    checks.register(_keys_are_usable)
    checks.register(_numbers_are_sensible)
    checks.register(check_foreign_keys)
    checks.register(routing.instants_are_aware)
    checks.register(routing.transactions_are_not_isolated_too_much)
    checks.register(routing.callers_share_a_database)
    checks.register(routing.rows_of_the_platform_are_together)


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
    keys = conf.current().encryption_keys
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
    return check_numbers(NUMBERS, conf.current(), code="tasks_core.E003")


NUMBERS = {
    "LEASE_SECONDS": Bounds(5, DAY),
    "LOST_MESSAGE_SECONDS": Bounds(1, DAY),
    "MAX_LOSSES": Bounds(1, MOST, whole=True),
    "SHUTDOWN_GRACE_SECONDS": Bounds(0, DAY),
    "CANCEL_GRACE_SECONDS": Bounds(0, DAY),
    "MAX_PAYLOAD_BYTES": Bounds(1_024, MOST, whole=True),
    "MAX_RESULT_BYTES": Bounds(1_024, MOST, whole=True),
    "LANE_WINDOW_MESSAGES": Bounds(1, 1_000_000, whole=True),
    "AGEING_SECONDS": Bounds(1, LONGEST_DAYS * DAY),
    "BUFFERED_TICKS_LIMIT": Bounds(1, MOST, whole=True),
    "RETENTION_DAYS": Bounds(0, LONGEST_DAYS),
    "RETENTION_DAYS_UNSUCCESSFUL": Bounds(0, LONGEST_DAYS),
    "LEDGER_RETENTION_DAYS": Bounds(0, LONGEST_DAYS),
    "EVENT_RETENTION_DAYS": Bounds(1, LONGEST_DAYS),
    "HISTORY_RETENTION_DAYS": Bounds(0, LONGEST_DAYS),
    "METRICS_RETENTION_DAYS": Bounds(0, LONGEST_DAYS),
    "DEAD_LETTER_QUEUE_LIMIT": Bounds(0, MOST, whole=True),
    "LIVENESS_SECONDS": Bounds(1, DAY),
}
"""Those of the platform, with what they may be."""
