"""The tracking events of django-anymail, where that is installed."""

import logging
from typing import Any, Protocol

from notifications.keys.address_hash import address_hash
from notifications.provider_events.cleaning import whole
from notifications.provider_events.record import record_report
from notifications.provider_events.report import Report
from notifications.rules.addresses import EMAIL
from notifications.rules.provider_events import Bounce, EventKind
from tasks_core import clock
from tasks_core.database.errors import is_rows_fault

logger = logging.getLogger(__name__)

_HARD = frozenset({"invalid", "bounced"})
_SOFT = frozenset({"timed_out", "blocked", "other"})


class TrackingEvent(Protocol):
    """What is used of ``anymail.signals.AnymailTrackingEvent``."""

    event_type: str
    event_id: str | None
    message_id: str | None
    recipient: str | None
    timestamp: Any
    reject_reason: str | None


def connect() -> bool:
    """Listen to anymail; False if it is not installed."""
    try:
        from anymail.signals import tracking
    except ImportError:
        return False
    tracking.connect(_on_tracking, dispatch_uid="notifications.anymail")
    return True


def report_of(event: TrackingEvent, esp_name: str) -> Report | None:
    """Put an event of anymail into our words; None for kinds that say nothing about a message."""
    try:
        kind = EventKind(event.event_type)
    except ValueError:
        return None
    reason = event.reject_reason or ""
    return Report(
        source=f"anymail-{esp_name.lower().replace(' ', '-')}"[:50],
        event_id=event.event_id or _identity(event),
        kind=kind,
        channel=EMAIL,
        occurred_at=event.timestamp or clock.now(),
        message_id=event.message_id or "",
        address=event.recipient or "",
        bounce=_bounce(reason),
        reason=reason,
    )


def _on_tracking(*, event: TrackingEvent, esp_name: str, **_: Any) -> None:
    report = report_of(event, esp_name)
    if report is None:
        return
    try:
        record_report(report)
    except Exception as error:
        if not is_rows_fault(error):
            raise  # the provider sends all of them again
        # One request brings many events; this one would keep those after it from being recorded.
        logger.exception("an event of %s cannot be stored, and is left out", report.source)


def _bounce(reason: str) -> Bounce | None:
    if reason in _HARD:
        return Bounce.HARD
    return Bounce.SOFT if reason in _SOFT else None


def _identity(event: TrackingEvent) -> str:
    """Some providers give their events no id; what they say makes one."""
    at = event.timestamp.isoformat() if event.timestamp else ""
    parts = (event.event_type, event.message_id or "", event.recipient or "", at)
    # Keyed, because it is made from the address, and stays when that is erased.
    return address_hash("", whole("\0".join(parts)))
