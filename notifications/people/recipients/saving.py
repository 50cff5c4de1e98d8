"""Storing recipients and finding them again."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from notifications import conf
from notifications.exceptions import InvalidNotification, InvalidRecipient, RecipientNotFound
from notifications.keys.address_hash import address_hash
from notifications.models import Recipient, RecipientAddress
from notifications.people.recipients.text import (
    check_address,
    check_key,
    check_locale,
    check_quiet_hours,
    check_timezone,
)
from notifications.rendering.variables import plain_json
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments


@storable_arguments(InvalidRecipient, but={"locale"})
def save_recipient(
    key: str,
    *,
    email: str | None = None,
    sms: str | None = None,
    addresses: Mapping[str, str] | None = None,
    locale: str | None = None,
    timezone: str | None = None,
    quiet_hours: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Recipient:
    """Store a recipient, or change the one that has this key. What is not given stays as it is.

    Args:
        key: your own id of the recipient, such as ``user-17``. It must not look like an address.
        email: mail address; empty text removes it.
        sms: phone number with its country, such as ``+4915112345678``; empty text removes it.
        addresses: addresses by channel, for the other channels.
        locale: language tag; templates are chosen by it.
        timezone: IANA name; quiet hours are those of this zone. Empty: the installation's.
        quiet_hours: local times such as ``22:00-08:00``, or ``off``. Empty: the installation's.
        attributes: plain JSON of yours. Operators can see it.

    Raises:
        InvalidRecipient: names the argument; nothing was written.
    """
    check_key(key)
    given = {"email": email, "sms": sms, **(addresses or {})}
    wanted = {name: address for name, address in given.items() if address is not None}
    checked = {name: check_address(name, text) if text else "" for name, text in wanted.items()}
    fields = _fields(locale, timezone, quiet_hours, attributes)
    now = clock.now()
    with transaction.atomic(using=database.alias()):
        recipient, _ = Recipient.objects.get_or_create(
            key=key, defaults={"created_at": now, "updated_at": now}
        )
        # Locked, so that two callers change the addresses one after the other.
        recipient = Recipient.objects.select_for_update().get(pk=recipient.pk)
        Recipient.objects.filter(pk=recipient.pk).update(**fields, updated_at=now)
        for channel, address in checked.items():
            _put(recipient, channel, address)
    recipient.refresh_from_db()
    return recipient


@storable_arguments(InvalidRecipient)
def get_recipient(key: str) -> Recipient:
    """Return the recipient of this key.

    Raises:
        RecipientNotFound: there is none.
    """
    found = Recipient.objects.filter(key=key).first()
    if found is None:
        raise RecipientNotFound(
            f"there is no recipient '{key}'; call save_recipient(...), or look at the key"
        )
    return found


@storable_arguments(InvalidRecipient)
def delete_recipient(key: str) -> bool:
    """Forget a recipient with addresses and preferences; False if there was none.

    Notifications that were sent stay, without the recipient. Those on their way still go out: cancel
    them first if they should not.
    """
    deleted, _ = Recipient.objects.filter(key=key).delete()
    return bool(deleted)


def _fields(
    locale: str | None,
    timezone: str | None,
    quiet_hours: str | None,
    attributes: Mapping[str, Any] | None,
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if locale is not None:
        fields["locale"] = check_locale(locale)
    if timezone is not None:
        fields["timezone"] = check_timezone(timezone)
    if quiet_hours is not None:
        fields["quiet_hours"] = check_quiet_hours(quiet_hours)
    if attributes is not None:
        fields["attributes"] = _plain(attributes)
    return fields


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return plain_json("attributes", attributes, conf.current().context_limit)
    except InvalidNotification as error:
        raise InvalidRecipient(error.field, error.problem) from None


def _put(recipient: Recipient, channel: str, address: str) -> None:
    if not address:
        RecipientAddress.objects.filter(recipient=recipient, channel=channel).delete()
        return
    values = {
        "address": address,
        "address_hash": address_hash(channel, address),
        "verified_at": None,
    }
    same = RecipientAddress.objects.filter(recipient=recipient, channel=channel, address=address)
    if not same.exists():
        RecipientAddress.objects.update_or_create(
            recipient=recipient, channel=channel, defaults=values
        )
