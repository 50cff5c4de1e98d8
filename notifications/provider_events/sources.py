"""Registering who may post events, and changing their secrets."""

import re
from datetime import timedelta

from django.db import IntegrityError, transaction

from notifications import conf
from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import InvalidEvent
from notifications.models import EventSource
from notifications.models.event_source import NAME_PATTERN
from notifications.rules.addresses import SMS
from notifications.sending.standard_webhooks.secrets import add_secret, checked_secret, sealed_entry
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments


@storable_arguments(InvalidEvent)
def register_event_source(
    name: str, *, channel: str = "email", secret: str | None = None
) -> EventSource:
    """Store who may post events to ``/notifications/events/<name>``.

    Args:
        name: part of the address; lower-case letters, digits and dashes.
        channel: the channel that its events are about.
        secret: ``whsec_...`` if the source has one already; else one is made, and
            ``live_secrets(source)[0]`` gives it to hand over.

    Raises:
        InvalidEvent: names the field and what is wrong.
    """
    if not re.match(NAME_PATTERN, name) or len(name) > 50:
        raise InvalidEvent("name", "use up to 50 lower-case letters, digits and dashes")
    if channel not in {*CHANNELS, SMS}:
        listed = ", ".join(sorted({*CHANNELS, SMS}))
        raise InvalidEvent("channel", f"there is no '{channel}'; use {listed}")
    now = clock.now()
    try:
        with transaction.atomic(using=database.alias()):
            return EventSource.objects.create(
                name=name,
                channel=channel,
                secrets=[sealed_entry(_checked(secret), now)],
                created_at=now,
            )
    except IntegrityError:
        raise InvalidEvent("name", "belongs to another source; choose another") from None


@storable_arguments(InvalidEvent)
def rotate_source_secret(source: EventSource, *, secret: str | None = None) -> str:
    """Make a new secret for a source, and return it to hand over; the old one counts for a while.

    Raises:
        InvalidEvent: the given secret has the wrong form.
    """
    new = _checked(secret)
    now = clock.now()
    retires_at = now + timedelta(seconds=conf.current().webhook_secret_grace)
    with transaction.atomic(using=database.alias()):
        locked = EventSource.objects.select_for_update().get(pk=source.pk)
        secrets = add_secret(locked.secrets, new, now=now, retires_at=retires_at)
        EventSource.objects.filter(pk=source.pk).update(secrets=secrets)
    source.secrets = secrets
    return new


def _checked(secret: str | None) -> str:
    try:
        return checked_secret(secret)
    except ValueError as error:
        raise InvalidEvent("secret", str(error)) from None
