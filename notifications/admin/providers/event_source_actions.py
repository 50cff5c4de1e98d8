"""Switch sources of events off and on, and change their secret."""

from notifications.admin.toolkit.secret_action import rotating
from notifications.admin.toolkit.switching_actions import disabling, enabling
from notifications.models import EventSource
from notifications.provider_events.sources import rotate_source_secret
from tasks_core.admin.toolkit import Action


def _switched(row: EventSource, enabled: bool) -> bool:
    found = EventSource.objects.filter(pk=row.pk, enabled=not enabled)
    return bool(found.update(enabled=enabled))


DISABLE: Action[EventSource] = disabling(
    lambda row, _: _switched(row, False),
    "Its events are refused until it is enabled. Most providers try again for a while.",
    asks_reason=False,
)

ENABLE: Action[EventSource] = enabling(
    lambda row: _switched(row, True), "Its events are taken again."
)

ROTATE: Action[EventSource] = rotating(
    rotate_source_secret,
    "The old one counts for the time of grace, so that the source can change at its own time.",
)
