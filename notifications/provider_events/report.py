"""One report of a provider, in our words."""

from dataclasses import dataclass, field
from datetime import datetime

from notifications.rules.provider_events import Bounce, EventKind


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a source says happened to a message."""

    source: str
    event_id: str
    """The same for every copy of the report."""
    kind: EventKind
    channel: str
    occurred_at: datetime
    message_id: str = ""
    """The provider's id of the message, or ours."""
    address: str = field(default="", repr=False)
    bounce: Bounce | None = None
    reason: str = ""
