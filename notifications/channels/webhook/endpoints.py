"""Registering endpoints, rotating their secrets, and switching them off."""

from datetime import timedelta

from django.db import IntegrityError, transaction

from notifications import conf
from notifications.channels.webhook.secrets import (
    add_secret,
    checked_secret,
    live_secrets,
    sealed_entry,
)
from notifications.exceptions import InvalidEndpoint
from notifications.models.endpoint import Endpoint
from notifications.outgoing.guard import InvalidUrl, check_url
from tasks_core import clock

__all__ = [
    "check_endpoint_url",
    "disable",
    "enable",
    "live_secrets",
    "register_endpoint",
    "rotate_secret",
]


def register_endpoint(name: str, url: str, *, secret: str | None = None) -> Endpoint:
    """Store a webhook receiver.

    Args:
        name: for people; unique.
        url: where requests go; https unless ``OUTGOING_HTTPS_ONLY`` is off.
        secret: ``whsec_...`` if the receiver has one already; else one is made, and
            ``live_secrets(endpoint)`` gives it to hand over.

    Raises:
        InvalidEndpoint: names the field and what is wrong.
    """
    if not name or len(name) > 100:
        raise InvalidEndpoint("name", "must have 1 to 100 characters")
    check_endpoint_url(url)
    now = clock.now()
    try:
        with transaction.atomic():
            return Endpoint.objects.create(
                name=name, url=url, secrets=[sealed_entry(_checked(secret), now)], created_at=now
            )
    except IntegrityError:
        raise InvalidEndpoint("name", "belongs to another endpoint; choose another") from None


def check_endpoint_url(url: str) -> None:
    """Check a URL for an endpoint; forms that validate with it too.

    Raises:
        InvalidEndpoint: says what is wrong.
    """
    try:
        check_url(url)
    except InvalidUrl as error:
        raise InvalidEndpoint("url", str(error)) from None


def rotate_secret(endpoint: Endpoint, *, secret: str | None = None) -> str:
    """Give an endpoint a new secret, and return it to hand over.

    The old one goes on signing for ``WEBHOOK_SECRET_GRACE`` seconds, so that the receiver can
    change at its own time.

    Raises:
        InvalidEndpoint: the given secret has the wrong form.
    """
    new = _checked(secret)
    now = clock.now()
    retires_at = now + timedelta(seconds=conf.current().webhook_secret_grace)
    with transaction.atomic():
        locked = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        secrets = add_secret(locked.secrets, new, now=now, retires_at=retires_at)
        Endpoint.objects.filter(pk=endpoint.pk).update(secrets=secrets)
    endpoint.secrets = secrets
    return new


def disable(endpoint_id: int, *, reason: str) -> bool:
    """Switch an endpoint off; False if it was off."""
    return bool(
        Endpoint.objects.filter(pk=endpoint_id, enabled=True).update(
            enabled=False, disabled_at=clock.now(), disabled_reason=reason[:200]
        )
    )


def enable(endpoint_id: int) -> bool:
    """Switch an endpoint on; False if it was on."""
    return bool(
        Endpoint.objects.filter(pk=endpoint_id, enabled=False).update(
            enabled=True, disabled_at=None, disabled_reason=""
        )
    )


def _checked(secret: str | None) -> str:
    try:
        return checked_secret(secret)
    except ValueError as error:
        raise InvalidEndpoint("secret", str(error)) from None
