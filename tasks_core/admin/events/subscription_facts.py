"""What the page of a subscriber says."""

from collections.abc import Collection
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tasks_core.admin.toolkit.badges import badge
from tasks_core.admin.toolkit.blocks import text_block, two_lines
from tasks_core.admin.toolkit.moments import moment, moment_in_full, span
from tasks_core.admin.toolkit.record import Fact, Panel
from tasks_core.events.deleting import registrations
from tasks_core.events.lag import lag_of
from tasks_core.events.subscription import BUILT_IN, subscriptions
from tasks_core.models import EventSubscription

State = EventSubscription.State
TONES: dict[str, str] = {State.ACTIVE: "good", State.PAUSED: "warning", State.PARKED: "bad"}


def state_word(subscription: EventSubscription) -> SafeString:
    """Return its state in a word."""
    return badge(subscription.get_state_display(), TONES[subscription.state])


def lag_in_words(subscription: EventSubscription, now: datetime) -> SafeString | str:
    """Return how much it has not read, and since when."""
    lag = lag_of(subscription)
    if lag.since is None:
        return "nothing unread"
    return two_lines(
        f"at most {lag.events:,}", format_html("the oldest {}", moment(lag.since, now))
    )


def facts(subscription: EventSubscription, now: datetime) -> list[Fact]:
    """Return how it stands, and what the code says of it."""
    return [
        Fact("State", state_word(subscription)),
        *_registration(subscription.name),
        Fact("Unread events", lag_in_words(subscription, now)),
        Fact("Delivered", f"{subscription.delivered:,} events, repeated ones included"),
        Fact("Last event", _instant(subscription.last_event_at, now)),
        Fact("Last moved", _instant(subscription.advanced_at, now)),
        Fact("Failures in a row", subscription.failures or ""),
        Fact("Called again", _instant(subscription.retry_at, now)),
        Fact("Last worker", subscription.holder),
        Fact("Taken by it", _instant(subscription.claimed_at, now)),
        Fact("Created", moment_in_full(subscription.created_at, now)),
    ]


def panels(subscription: EventSubscription) -> list[Panel]:
    """Return what failed last."""
    if not subscription.error:
        return []
    return [Panel("error", "Last error", text_block(subscription.error))]


def _registration(name: str) -> list[Fact]:
    known = subscriptions().get(name)
    if known is None:
        return _registration_elsewhere(name)
    return [
        Fact("Kinds", _listed(known.kinds)),
        Fact("Task types", _listed(known.task_types)),
        Fact("Queue", known.queue_name),
        Fact("Batch", f"up to {known.batch_size:,} events in {span(known.max_runtime)}"),
        Fact("Parked after", f"{known.max_failures} failures in a row"),
        Fact("Atomic", "with its own writes" if known.atomic else ""),
    ]


def _registration_elsewhere(name: str) -> list[Fact]:
    """Return what this process, whose code does not have it, can find out."""
    if name in BUILT_IN:
        return [Fact("Registered", badge("By the platform itself", "good"))]
    reason = registrations().why_not_deleted(name)
    if reason:
        return [Fact("Registered", badge("Not here", "warning")), Fact("Stays, because", reason)]
    return [Fact("Registered", badge("In no process that is alive", "warning"))]


def _listed(names: Collection[str]) -> SafeString | str:
    if not names:
        return "all"
    return format_html_join(" ", "{}", ((badge(name),) for name in sorted(names)))


def _instant(at: datetime | None, now: datetime) -> SafeString | str:
    return moment_in_full(at, now) if at is not None else ""
