"""Do the subscribers of events get them?"""

from collections.abc import Iterator
from datetime import datetime

from tasks_core import clock
from tasks_core.events.deleting import Registrations, registrations
from tasks_core.events.lag import lag_of, with_lag
from tasks_core.events.subscription import BUILT_IN
from tasks_core.health.age import age
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.health.thresholds import UNREAD
from tasks_core.models import EventSubscription

report = Reporter("subscriptions")
State = EventSubscription.State


def look() -> Iterator[Finding]:
    """Find those that are parked, fall behind, or are in the code no more."""
    found = list(with_lag(EventSubscription.objects.all()))
    if not found:
        yield report.healthy("nothing subscribes to events")
        return
    now = clock.now()
    known = registrations()
    problems = [finding for one in found if (finding := _problem(one, known, now)) is not None]
    yield from problems
    paused = sum(one.state == State.PAUSED for one in found)
    well = len(found) - len(problems) - paused
    yield report.healthy(
        f"{well} of {len(found)} subscribers get their events, {paused} are paused"
    )


def _problem(
    subscription: EventSubscription, known: Registrations, now: datetime
) -> Finding | None:
    name = subscription.name
    if subscription.state == State.PARKED:
        return report.degraded(
            f"subscriber {name!r} is parked after {subscription.failures} failures; "
            "events are kept for it",
            "list_subscriptions tells the error; mend it, then run "
            f"`python manage.py resume_subscription {name}`",
        )
    if subscription.state == State.PAUSED:
        return None
    since = lag_of(subscription).since
    if since is None or now - since <= UNREAD:
        return None
    waited = f"has not read events for {age(now - since)}"
    if name in BUILT_IN:
        return report.degraded(
            f"the platform's own subscriber {name!r} {waited}; nothing is counted meanwhile",
            "see whether a beat is alive, and what its log says",
        )
    if not known.is_registered(name):
        return report.degraded(
            f"subscriber {name!r}, which no process has in its code that is alive, {waited}; events are kept "
            "for it",
            known.why_not_deleted(name)
            or f"if no release has it any more: `python manage.py delete_subscription {name}`",
        )
    return report.degraded(
        f"subscriber {name!r} {waited}",
        "see whether a beat and workers of its queue are alive, and whether its handler keeps up",
    )
