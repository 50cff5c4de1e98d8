"""One row of everything that the notifications part shows in the admin."""

from notifications import triggers
from notifications.api import (
    create_broadcast,
    notify,
    publish_template,
    register_destination,
    register_endpoint,
    register_event_source,
    register_provider,
    save_category,
    save_recipient,
    suppress,
)
from notifications.models import EndpointLane, LimitCounter
from notifications.provider_events.record import record_report
from notifications.provider_events.report import Report
from notifications.rules.provider_events import EventKind
from tasks_core import clock

LISTS = (
    "notification",
    "delivery",
    "broadcast",
    "template",
    "templateversion",
    "endpoint",
    "provider",
    "destination",
    "limitcounter",
    "recipient",
    "category",
    "suppression",
    "providerevent",
    "eventsource",
    "crontrigger",
    "triggerevent",
)


def one_of_each(number: int) -> None:
    """Make one row of every kind that has a list; numbers keep them apart."""
    now = clock.now()
    publish_template(f"news-{number}", subject="News", text="News")
    save_recipient(f"user-{number}", email=f"u{number}@example.com")
    save_category(f"news.{number}", parent="news")
    notify(f"news-{number}", to=f"user-{number}", category=f"news.{number}")
    create_broadcast(f"may-{number}", f"news-{number}", [], hold=True)
    endpoint = register_endpoint(f"acme-{number}", f"https://hooks.example.com/{number}")
    EndpointLane.objects.create(endpoint=endpoint, breaker="open", last_error="500")
    register_provider(
        f"bot-{number}", channel="slack", kind="slack", credentials={"token": "xoxb-1"}
    )
    register_destination(f"room-{number}", channel="teams", url="https://rooms.example.com/x")
    register_event_source(f"source-{number}")
    suppress("email", f"gone{number}@example.com")
    record_report(
        Report(
            source="acme",
            event_id=f"evt-{number}",
            kind=EventKind.OPENED,
            channel="email",
            occurred_at=now,
            address=f"u{number}@example.com",
        )
    )
    LimitCounter.objects.create(
        name="sms_country", subject=str(number), seconds=60, window_start=now, ends_at=now, used=1, most=2
    )  # fmt: skip
    triggers.create_cron_trigger(
        f"nightly-{number}", webhook="https://hooks.example.com/t", schedule="0 3 * * *"
    )
    triggers.create_scheduled_event(webhook="https://hooks.example.com/t", schedule_at=now)
