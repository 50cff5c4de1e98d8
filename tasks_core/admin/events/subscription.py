"""Subscribers of events: how far they have come, what failed, and how to steer them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.admin.events import subscription_facts
from tasks_core.admin.events.actions import DELETE, PAUSE, REPLAY, RESUME
from tasks_core.admin.events.subscription_facts import lag_in_words, state_word
from tasks_core.admin.toolkit.actions.actions_admin import RecordActionsAdmin
from tasks_core.admin.toolkit.blocks import two_lines
from tasks_core.admin.toolkit.moments import moment
from tasks_core.admin.toolkit.record import Fact, Panel
from tasks_core.events.lag import with_lag
from tasks_core.events.subscription import BUILT_IN, subscriptions
from tasks_core.models import EventSubscription

SHORT = 120
"""Characters of an error that the list shows."""


@admin.register(EventSubscription)
class EventSubscriptionAdmin(RecordActionsAdmin[EventSubscription]):
    """The code registers them; only their cursors are in the database."""

    explanation = (
        "Code that is told of events. One that keeps failing is parked, and its events wait for it."
    )
    row_actions = (PAUSE, RESUME, REPLAY, DELETE)
    list_display = ("what", "state_and_error", "behind", "delivered_count", "last_event")
    list_display_links = ("what",)
    list_filter = ("state",)
    search_fields = ("name",)
    search_help_text = "Part of the name"

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventSubscription]:
        """Add how far they are behind."""
        return with_lag(super().get_queryset(request))

    @admin.display(description="subscriber")
    def what(self, subscription: EventSubscription) -> SafeString:
        """Name, and what the code of this process says of it, which is not that of all."""
        return two_lines(subscription.name, _said_of(subscription.name))

    @admin.display(description="state")
    def state_and_error(self, subscription: EventSubscription) -> SafeString:
        """The state, and what failed last."""
        word = state_word(subscription)
        if not subscription.failures:
            return word
        return two_lines(word, f"{subscription.failures} failed: {subscription.error[:SHORT]}")

    @admin.display(description="behind")
    def behind(self, subscription: EventSubscription) -> SafeString | str:
        """What it has not read."""
        return lag_in_words(subscription, clock.now())

    @admin.display(description="delivered")
    def delivered_count(self, subscription: EventSubscription) -> str:
        """Events, repeated ones included."""
        return f"{subscription.delivered:,}"

    @admin.display(description="last event")
    def last_event(self, subscription: EventSubscription) -> SafeString | str:
        """When what it got last had happened."""
        return moment(subscription.last_event_at, clock.now())

    def facts(self, request: HttpRequest, row: EventSubscription) -> list[Fact]:
        """See ``event_subscription_facts``."""
        return subscription_facts.facts(row, clock.now())

    def panels(self, request: HttpRequest, row: EventSubscription) -> list[Panel]:
        """See ``event_subscription_facts``."""
        return subscription_facts.panels(row)


def _said_of(name: str) -> str:
    if name in BUILT_IN:
        return "of the platform itself"
    known = subscriptions().get(name)
    return f"queue {known.queue_name}" if known else "not in the code of this process"
