"""Numbers of the settings that nobody can work with."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage

from notifications import conf
from tasks_core.checks.numbers import DAY, LONGEST_DAYS, Bounds, check_numbers

_TIMEOUT = Bounds(0.1, 3_600)
_SIZE = Bounds(1, 100_000_000, whole=True)
_KEPT = Bounds(0, 10_000_000, whole=True)
_DAYS = Bounds(0, LONGEST_DAYS)

NUMBERS = {
    "OUTGOING_CONNECTIONS": Bounds(1, 65_535, whole=True),
    "OUTGOING_CONNECT_TIMEOUT": _TIMEOUT,
    "OUTGOING_TOTAL_TIMEOUT": _TIMEOUT,
    "OUTGOING_RESPONSE_LIMIT": _KEPT,
    "WEBHOOK_SECRET_GRACE": Bounds(0, LONGEST_DAYS * DAY),
    "WEBHOOK_DISABLE_AFTER_DAYS": _DAYS,
    "EMAIL_TIMEOUT": _TIMEOUT,
    "EMAIL_IDLE_CHECK": Bounds(0, 3_600),
    "CONTEXT_LIMIT": _SIZE,
    "TEMPLATE_LIMIT": _SIZE,
    "MESSAGE_LIMIT": _SIZE,
    "LOOP_LIMIT": _SIZE,
    "RENDER_SECONDS": Bounds(0.01, 3_600),
    "RESPONSE_KEPT": _KEPT,
    "NOTIFICATION_BODY_RETENTION_DAYS": _DAYS,
    "NOTIFICATION_EXCHANGE_RETENTION_DAYS": _DAYS,
    "NOTIFICATION_RETENTION_DAYS": _DAYS,
    "QUIET_HOURS_JITTER": Bounds(0, DAY),
    "SOFT_BOUNCE_LIMIT": Bounds(0, 32_767, whole=True),
    "SOFT_BOUNCE_WINDOW_DAYS": _DAYS,
    "SOFT_BOUNCE_SUPPRESSION_DAYS": _DAYS,
    "PROVIDER_EVENT_LIMIT": _SIZE,
    "PROVIDER_EVENT_TOLERANCE": Bounds(0, LONGEST_DAYS * DAY),
    "PROVIDER_EVENT_RETENTION_DAYS": _DAYS,
    "INBOX_RETENTION_DAYS": _DAYS,
    "SMS_MAX_SEGMENTS": Bounds(1, 255, whole=True),
    "OTP_RESEND_INTERVAL": Bounds(0, DAY),
    "TRIGGER_RETRY_AFTER_CAP": Bounds(0, LONGEST_DAYS * DAY),
    "TRIGGER_RETRY_AFTER_LIMIT": Bounds(0, 1_000_000, whole=True),
    "TRIGGER_LOG_LIMIT": _KEPT,
    "TRIGGER_RETENTION_DAYS": _DAYS,
    "TRIGGER_LOG_RETENTION_DAYS": _DAYS,
}
"""What each may be."""


def numbers_are_sensible(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Refuse a time-out that is none, a limit below nothing, and what is no number at all."""
    return check_numbers(NUMBERS, conf.current(), code="notifications.E008")
