"""Say of one row why nothing can be sent by it here, in the words in which a door would have refused it.

A secret whose key another process may have is no problem of its row: the probe ``secrets`` tells of those.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models

from notifications.columns import check_columns
from notifications.exceptions import InvalidEndpoint, InvalidProvider, NotificationsError
from notifications.models import Category, Destination, Endpoint, Provider, Recipient, Template
from notifications.people.recipients.categories import RETENTION, check_category
from notifications.people.recipients.text import check_locale, check_quiet_hours, check_timezone
from notifications.sending.destinations.registration import channel_taking
from notifications.sending.endpoints.registration import LIMITS as OF_AN_ENDPOINT
from notifications.sending.endpoints.registration import (
    check_endpoint_url,
    check_owner_email,
    live_secrets,
)
from notifications.sending.providers.accounts import account_of
from notifications.sending.providers.registration import LIMITS as OF_A_PROVIDER
from notifications.sending.providers.registration import carrier_of, check_provider
from notifications.sending.standard_webhooks.secrets import checked_secret
from tasks_core import clock, encryption
from tasks_core.encryption import KeyMissing

UNREADABLE = "something in it has not the form in which it was written"


def problem_of(row: models.Model) -> str:
    """Return what is wrong with a provider, destination, endpoint, category or recipient; else nothing."""
    try:
        _CHECKS[type(row)](row)
    except KeyMissing:
        return ""
    except (NotificationsError, ImproperlyConfigured) as error:
        return str(error)
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
        return UNREADABLE
    return ""


def _check_provider(row: Provider) -> None:
    check_columns(row, OF_A_PROVIDER, InvalidProvider)
    credentials = account_of(row).credentials
    if not credentials and carrier_of(row.channel, row.kind).credentials:
        raise InvalidProvider("credentials", "are missing; enter them again")
    check_provider(
        row.name,
        channel=row.channel,
        kind=row.kind,
        credentials=credentials,
        options=row.options,
        base_url=row.base_url,
    )


def _check_destination(row: Destination) -> None:
    channel_taking(row.channel)
    encryption.unseal_object(row.sealed)


def _check_endpoint(row: Endpoint) -> None:
    check_columns(row, OF_AN_ENDPOINT, InvalidEndpoint)
    check_owner_email(row.owner_email)
    check_endpoint_url(row.url)
    secrets = live_secrets(row.secrets, clock.now())
    if not secrets:
        raise InvalidEndpoint("secret", "is missing; give it a new one")
    for secret in secrets:
        try:
            checked_secret(secret)
        except ValueError as error:
            raise InvalidEndpoint("secret", str(error)) from None


def _check_category(row: Category) -> None:
    fields = ("quiet_hours", "default_channels", *RETENTION)
    check_category(row.key, {name: getattr(row, name) for name in fields})
    template = row.digest_template
    if template and not Template.objects.filter(name=template).exclude(current=None).exists():
        raise ImproperlyConfigured(f"digest_template: no template is called '{template}'")


def _check_recipient(row: Recipient) -> None:
    check_locale(row.locale)
    check_timezone(row.timezone)
    check_quiet_hours(row.quiet_hours)


_CHECKS: dict[type[models.Model], Callable[[Any], None]] = {
    Provider: _check_provider,
    Destination: _check_destination,
    Endpoint: _check_endpoint,
    Category: _check_category,
    Recipient: _check_recipient,
}
