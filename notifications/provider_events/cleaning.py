"""Make a report storable and comparable, whatever words it came in.

What the world's mail servers say is not ours to refuse: a hard bounce counts, however long its reason.
"""

from dataclasses import replace
from datetime import UTC, datetime

from notifications.keys.address_hash import address_hash
from notifications.people.suppression.listing import LONGEST_ADDRESS
from notifications.provider_events.address import usable_address
from notifications.provider_events.report import Report
from tasks_core.engine.json_text import storable
from tasks_core.engine.single_line import single_line

LONGEST_ID = 200
LONGEST_REASON = 200
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""What is said to have happened before has a clock that nobody set."""


def cleaned(report: Report, now: datetime) -> Report:
    """Return a report that can be stored, and read again.

    Args:
        report: as it was read.
        now: the present instant; it counts where the report's own cannot be right.
    """
    return replace(
        report,
        event_id=_identity(report.event_id),
        occurred_at=_plausible(report.occurred_at, now),
        # Provider's ids of deliveries are kept in the same form, so a cut one is still found by it.
        message_id=storable(report.message_id.strip(), limit=LONGEST_ID),
        address=_address(report.channel, report.address),
        reason=storable(single_line(report.reason), limit=LONGEST_REASON),
    )


def _identity(event_id: str) -> str:
    """Two ids that differ stay different: one that cannot be stored as it is becomes its digest."""
    if event_id == storable(event_id, limit=LONGEST_ID):
        return event_id
    return address_hash("", whole(event_id))


def whole(text: str) -> str:
    """Return a text that can be encoded, and differs wherever the given ones do: halves are written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _address(channel: str, text: str) -> str:
    """What is too long is no address; the first part of it would be somebody else's.

    Without one, that of the delivery counts.
    """
    address = single_line(text)
    return usable_address(channel, address) if len(address) <= LONGEST_ADDRESS else ""


def _plausible(at: datetime, now: datetime) -> datetime:
    if at.utcoffset() is None:
        at = at.replace(tzinfo=UTC)
    return min(at, now) if at >= EARLIEST else now
