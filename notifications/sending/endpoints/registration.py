"""Registering endpoints, rotating their secrets, and switching them off."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from notifications import conf
from notifications.columns import check_columns
from notifications.exceptions import InvalidEndpoint
from notifications.mail_address import problem_of
from notifications.models.endpoint import Endpoint
from notifications.models.endpoint_lane import EndpointLane
from notifications.sending.outgoing.guard import InvalidUrl, check_url
from notifications.sending.outgoing.origins import leads_elsewhere
from notifications.sending.standard_webhooks.secrets import (
    add_secret,
    checked_secret,
    live_secrets,
    sealed_entry,
)
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments
from tasks_core.engine.breaker import BreakerState

__all__ = [
    "check_endpoint_url",
    "disable",
    "edit_endpoint",
    "enable",
    "live_secrets",
    "register_endpoint",
    "rotate_secret",
]


@storable_arguments(InvalidEndpoint)
def register_endpoint(
    name: str,
    url: str,
    *,
    secret: str | None = None,
    owner_email: str = "",
    max_concurrency: int = 20,
    rate_limit: float | None = None,
    breaker_threshold: int = 10,
    breaker_pause: float = 30.0,
) -> Endpoint:
    """Store a webhook receiver.

    Args:
        name: for people; unique.
        url: where requests go; https unless ``OUTGOING_HTTPS_ONLY`` is off.
        secret: ``whsec_...`` if the receiver has one already; else one is made, and
            ``live_secrets(endpoint)[0]`` gives it to hand over.
        owner_email: who is told when the endpoint is disabled by itself.
        max_concurrency: attempts under way at once, over all workers.
        rate_limit: attempts a second, over all workers.
        breaker_threshold: failures in a row after which nothing is sent for a while.
        breaker_pause: seconds of that; doubled each time the endpoint still fails, up to an hour.

    Raises:
        InvalidEndpoint: names the field and what is wrong.
    """
    _check_name(name)
    check_endpoint_url(url)
    now = clock.now()
    endpoint = Endpoint(
        name=name,
        url=url,
        secrets=[sealed_entry(_checked(secret), now)],
        created_at=now,
        owner_email=owner_email,
        max_concurrency=max_concurrency,
        rate_limit=rate_limit,
        breaker_threshold=breaker_threshold,
        breaker_pause=breaker_pause,
    )
    _check_limits(endpoint)
    try:
        with transaction.atomic(using=database.alias()):
            endpoint.save(force_insert=True)
            return endpoint
    except IntegrityError:
        raise InvalidEndpoint("name", TAKEN) from None


TAKEN = "belongs to another endpoint; choose another"

LIMITS = ("owner_email", "max_concurrency", "rate_limit", "breaker_threshold", "breaker_pause")
"""What an endpoint is set to beside its name and URL."""


def _check_name(name: str) -> None:
    if not name or len(name) > 100:
        raise InvalidEndpoint("name", "must have 1 to 100 characters")


def _check_limits(endpoint: Endpoint) -> None:
    check_columns(endpoint, LIMITS, InvalidEndpoint)
    check_owner_email(endpoint.owner_email)


def check_owner_email(address: str) -> None:
    """Check where the owner of an endpoint gets mail; empty is nowhere. Forms validate with it too.

    Raises:
        InvalidEndpoint: says what is wrong: no mail could be sent there later.
    """
    problem = problem_of(address) if address else ""
    if problem:
        raise InvalidEndpoint("owner_email", problem)


def check_endpoint_url(url: str) -> None:
    """Check a URL for an endpoint; forms that validate with it too.

    Raises:
        InvalidEndpoint: says what is wrong.
    """
    try:
        check_url(url)
    except InvalidUrl as error:
        raise InvalidEndpoint("url", str(error)) from None


@storable_arguments(InvalidEndpoint)
def edit_endpoint(
    endpoint_id: int, *, name: str, url: str, secret: str = "", **limits: Any
) -> None:
    """Change an endpoint.

    Args:
        endpoint_id: which.
        name: for people; unique.
        url: where requests go. If it leads elsewhere than before, the secrets of the old receiver do not
            follow.
        secret: that of the receiver, if the URL leads elsewhere; with the same receiver, a new one, beside
            which the old one goes on signing for a while.
        limits: what of ``register_endpoint`` it is set to.

    Raises:
        InvalidEndpoint: names the field and what is wrong; ``secret`` if it has to be given.
    """
    _check_name(name)
    check_endpoint_url(url)
    try:
        with transaction.atomic(using=database.alias()):
            _edit(endpoint_id, name=name, url=url, secret=secret, limits=limits)
    except IntegrityError:
        raise InvalidEndpoint("name", TAKEN) from None


def _edit(endpoint_id: int, *, name: str, url: str, secret: str, limits: Mapping[str, Any]) -> None:
    locked = Endpoint.objects.select_for_update().get(pk=endpoint_id)
    _check_limits(Endpoint(**limits))
    has_moved = leads_elsewhere(url, locked.url)
    if has_moved and not secret:
        raise InvalidEndpoint("secret", MOVED)
    changes: dict[str, Any] = {"name": name, "url": url, **limits}
    if has_moved:
        changes["secrets"] = [sealed_entry(_checked(secret), clock.now())]
    Endpoint.objects.filter(pk=endpoint_id).update(**changes)
    if secret and not has_moved:
        rotate_secret(locked, secret=secret)


MOVED = (
    "the URL leads elsewhere now, and the old receiver's secret does not follow; enter the one that the new "
    "receiver has (the action New secret makes one)"
)


@storable_arguments(InvalidEndpoint)
def rotate_secret(endpoint: Endpoint, *, secret: str | None = None) -> str:
    """Make a new secret for an endpoint, and return it to hand over.

    The old one goes on signing for ``WEBHOOK_SECRET_GRACE`` seconds, so that the receiver can
    change at its own time.

    Raises:
        InvalidEndpoint: the given secret has the wrong form.
    """
    new = _checked(secret)
    now = clock.now()
    retires_at = now + timedelta(seconds=conf.current().webhook_secret_grace)
    with transaction.atomic(using=database.alias()):
        locked = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        secrets = add_secret(locked.secrets, new, now=now, retires_at=retires_at)
        Endpoint.objects.filter(pk=endpoint.pk).update(secrets=secrets)
    endpoint.secrets = secrets
    return new


@storable_arguments(InvalidEndpoint)
def disable(endpoint_id: int, *, reason: str) -> bool:
    """Switch an endpoint off; False if it was off."""
    return bool(
        Endpoint.objects.filter(pk=endpoint_id, enabled=True).update(
            enabled=False, disabled_at=clock.now(), disabled_reason=reason[:200]
        )
    )


@storable_arguments(InvalidEndpoint)
def enable(endpoint_id: int) -> bool:
    """Switch an endpoint on, with nothing held against it; False if it was on."""
    with transaction.atomic(using=database.alias()):
        enabled = Endpoint.objects.filter(pk=endpoint_id, enabled=False).update(
            enabled=True, disabled_at=None, disabled_reason=""
        )
        if enabled:
            forgive(endpoint_id)
    return bool(enabled)


def forgive(endpoint_id: int) -> None:
    """Close the breaker of an endpoint and end its pauses: it is tried again at once."""
    EndpointLane.objects.filter(pk=endpoint_id).update(
        breaker=BreakerState.CLOSED,
        failures=0,
        openings=0,
        breaker_until=None,
        paused_until=None,
        failing_since=None,
    )


def _checked(secret: str | None) -> str:
    try:
        return checked_secret(secret)
    except ValueError as error:
        raise InvalidEndpoint("secret", str(error)) from None
