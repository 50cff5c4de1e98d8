"""What the page of an endpoint says of its lane."""

from django.contrib import admin
from django.utils.safestring import SafeString

from notifications.models import Endpoint, EndpointLane
from notifications.sending.endpoint_lanes import rows
from notifications.sending.endpoint_lanes.parking import parked_in
from tasks_core import clock
from tasks_core.admin.toolkit import NONE, badge, link, list_url, moment_in_full
from tasks_core.engine.breaker import BreakerState

FACTS = (
    "lane_state",
    "closed_until",
    "under_way",
    "parked",
    "failing_since",
    "last_failure",
    "sent_to_it",
)

_BADGES = {
    BreakerState.CLOSED.value: ("Open to all", "good"),
    BreakerState.OPEN.value: ("Breaker open", "bad"),
    BreakerState.HALF_OPEN.value: ("Probing", "warning"),
}


class LaneFacts:
    """Read-only fields about the lane; an endpoint that was never sent to has none."""

    @admin.display(description="lane")
    def lane_state(self, row: Endpoint) -> SafeString | str:
        """Whether messages get through."""
        lane = _lane(row)
        if lane is None or not row.enabled:
            return NONE
        if lane.paused_until is not None and lane.paused_until > clock.now():
            return badge("Paused", "warning")
        return badge(*_BADGES[lane.breaker])

    @admin.display(description="closed until")
    def closed_until(self, row: Endpoint) -> SafeString | str:
        """When the next message is tried."""
        lane, now = _lane(row), clock.now()
        if lane is None:
            return NONE
        ends = [one for one in (lane.breaker_until, lane.paused_until) if one and one > now]
        if not ends and row.enabled and lane.breaker == BreakerState.OPEN:
            return "the next message, which is a probe"
        return moment_in_full(max(ends, default=None), now)

    @admin.display(description="under way")
    def under_way(self, row: Endpoint) -> str:
        """Attempts that have not ended."""
        found = rows.read(row.pk)
        return f"{found[0].in_flight if found else 0} of {row.max_concurrency}"

    @admin.display(description="waiting for room")
    def parked(self, row: Endpoint) -> str:
        """Deliveries whose tasks sleep meanwhile."""
        return str(parked_in(row.pk))

    @admin.display(description="deliveries")
    def sent_to_it(self, row: Endpoint) -> SafeString:
        """A link to all of them, whatever became of them."""
        return link(list_url("notifications_delivery", endpoint__id__exact=row.pk), "all to it")

    @admin.display(description="only failures since")
    def failing_since(self, row: Endpoint) -> SafeString | str:
        """The first failure after the last success."""
        lane = _lane(row)
        return moment_in_full(lane.failing_since if lane else None, clock.now())

    @admin.display(description="last error")
    def last_failure(self, row: Endpoint) -> str:
        """What the last failure was."""
        lane = _lane(row)
        if lane is None or lane.last_error_at is None:
            return NONE
        return f"{lane.last_error} ({lane.last_error_at:%Y-%m-%d %H:%M:%S} UTC)"


def _lane(row: Endpoint) -> EndpointLane | None:
    return getattr(row, "lane", None)
