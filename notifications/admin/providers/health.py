"""What the pages of providers say of how they do."""

from django.contrib import admin
from django.utils.safestring import SafeString

from notifications.health.problems import problem_of
from notifications.models import Provider, ProviderHealth
from notifications.sending.endpoint_lanes.sound import sound_state
from notifications.sending.providers.states import opens
from tasks_core import clock
from tasks_core.admin.toolkit import NONE, badge, moment_in_full
from tasks_core.engine.breaker import BreakerState

FACTS = ("condition", "left_out_until", "failures_in_a_row", "last_failure")

_BADGES = {
    BreakerState.CLOSED.value: ("Works", "good"),
    BreakerState.OPEN.value: ("Breaker open", "bad"),
    BreakerState.HALF_OPEN.value: ("Probing", "warning"),
}


class HealthFacts:
    """Read-only fields; a provider that nothing is known of is well."""

    @admin.display(description="condition")
    def condition(self, row: Provider) -> SafeString | str:
        """Whether messages are handed to it."""
        if not row.enabled:
            return NONE
        if problem_of(row) or not opens(row):
            return badge("Cannot be used", "bad")
        health = _health(row)
        if health is None:
            return badge(*_BADGES[BreakerState.CLOSED.value])
        if health.paused_until is not None and health.paused_until > clock.now():
            return badge("Paused", "warning")
        return badge(*_BADGES[sound_state(health.breaker)])

    @admin.display(description="left out until")
    def left_out_until(self, row: Provider) -> SafeString | str:
        """When the next message is handed to it."""
        health, now = _health(row), clock.now()
        if health is None:
            return NONE
        ends = [one for one in (health.breaker_until, health.paused_until) if one and one > now]
        return moment_in_full(max(ends, default=None), now)

    @admin.display(description="failures in a row")
    def failures_in_a_row(self, row: Provider) -> str:
        """So many until the breaker opens."""
        health = _health(row)
        return f"{health.failures if health else 0} of {row.breaker_threshold}"

    @admin.display(description="last error")
    def last_failure(self, row: Provider) -> str:
        """What the last failure was."""
        health = _health(row)
        if health is None or health.last_error_at is None:
            return NONE
        return f"{health.last_error} ({health.last_error_at:%Y-%m-%d %H:%M:%S} UTC)"


def _health(row: Provider) -> ProviderHealth | None:
    return getattr(row, "health", None)
