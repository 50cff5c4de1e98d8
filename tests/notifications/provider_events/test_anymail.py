"""django-anymail's tracking signal, as its webhooks send it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, tracking

from notifications.api import suppressions_of
from notifications.models import ProviderEvent, TemplateVersion
from tests.notifications.provider_events.reports import sent
from tests.support.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=12)]


def signal(event_type: str, **fields: Any) -> None:
    event = AnymailTrackingEvent(
        event_type=event_type,
        recipient="ada@example.com",
        timestamp=datetime(2026, 7, 1, 9, tzinfo=UTC),
        **fields,
    )
    tracking.send(sender=object, event=event, esp_name="Amazon SES")


def test_a_bounce_ends_the_delivery_and_stops_the_address(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    delivery = sent("ses-1")
    signal("bounced", message_id="ses-1", event_id="e1", reject_reason="bounced")
    delivery.refresh_from_db()
    assert delivery.state == "bounced"
    assert delivery.error == "anymail-amazon-ses reports that it bounced: bounced"
    [entry] = suppressions_of("email", "ada@example.com")
    assert (entry.reason, entry.source) == ("hard_bounce", "anymail-amazon-ses")


@pytest.mark.parametrize("reason", ["timed_out", "blocked", "spam", None])
def test_a_bounce_for_another_reason_is_soft(reason: str | None) -> None:
    signal("bounced", message_id="ses-1", event_id="e1", reject_reason=reason)
    assert suppressions_of("email", "ada@example.com") == []


def test_events_without_an_id_are_told_apart_by_what_they_say() -> None:
    for _ in range(3):
        signal("opened", message_id="ses-1")
    signal("opened", message_id="ses-2")
    signal("clicked", message_id="ses-1")
    assert ProviderEvent.objects.count() == 3


@pytest.mark.parametrize("kind", ["inbound", "subscribed", "autoresponded", "unknown"])
def test_events_that_say_nothing_about_a_message_are_left_alone(kind: str) -> None:
    signal(kind, message_id="ses-1", event_id="e1")
    assert not ProviderEvent.objects.exists()
