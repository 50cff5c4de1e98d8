"""Registering endpoints, rotating their secrets, and switching them off."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from notifications import conf
from notifications.channels.webhook.signing import generate_secret, key_of
from notifications.exceptions import InvalidEndpoint
from notifications.models.endpoint import Endpoint
from notifications.models.endpoint_lane import EndpointLane
from notifications.outgoing.guard import InvalidUrl, check_url
from tasks_core import clock, sealing
from tasks_core.engine.breaker import BreakerState

MAX_OLD_SECRETS = 3


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
            ``live_secrets(endpoint)`` gives it to hand over.
        owner_email: who is told when the endpoint is disabled by itself.
        max_concurrency: attempts under way at once, over all workers.
        rate_limit: attempts a second, over all workers.
        breaker_threshold: failures in a row after which nothing is sent for a while.
        breaker_pause: seconds of that; doubled each time the endpoint still fails, up to an hour.

    Raises:
        InvalidEndpoint: names the field and what is wrong.
    """
    if not name or len(name) > 100:
        raise InvalidEndpoint("name", "must have 1 to 100 characters")
    check_endpoint_url(url)
    now = clock.now()
    endpoint = Endpoint(
        name=name,
        url=url,
        secrets=[_entry(_checked(secret), now)],
        created_at=now,
        owner_email=owner_email,
        max_concurrency=max_concurrency,
        rate_limit=rate_limit,
        breaker_threshold=breaker_threshold,
        breaker_pause=breaker_pause,
    )
    _check_limits(endpoint)
    try:
        with transaction.atomic():
            endpoint.save(force_insert=True)
            return endpoint
    except IntegrityError:
        raise InvalidEndpoint("name", "belongs to another endpoint; choose another") from None


LIMITS = ("owner_email", "max_concurrency", "rate_limit", "breaker_threshold", "breaker_pause")
"""What an endpoint is set to beside its name and URL."""


def _check_limits(endpoint: Endpoint) -> None:
    fields = [field.name for field in endpoint._meta.concrete_fields]
    try:
        endpoint.clean_fields(exclude=[name for name in fields if name not in LIMITS])
    except ValidationError as error:
        name, problems = next(iter(error.message_dict.items()))
        raise InvalidEndpoint(name, problems[0]) from None


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
        old = [_retiring(entry, retires_at) for entry in locked.secrets if _is_live(entry, now)]
        secrets = [_entry(new, now), *old[:MAX_OLD_SECRETS]]
        Endpoint.objects.filter(pk=endpoint.pk).update(secrets=secrets)
    endpoint.secrets = secrets
    return new


def live_secrets(secrets: list[dict[str, Any]], now: datetime) -> list[str]:
    """Give the secrets that sign now, newest first, from ``Endpoint.secrets``."""
    return [_opened(entry["sealed"]) for entry in secrets if _is_live(entry, now)]


@lru_cache(maxsize=1_024)
def _opened(sealed: str) -> str:
    """Open a sealed secret; it is the same for thousands of messages."""
    return sealing.unseal(sealed)


def disable(endpoint_id: int, *, reason: str) -> bool:
    """Switch an endpoint off; False if it was off."""
    return bool(
        Endpoint.objects.filter(pk=endpoint_id, enabled=True).update(
            enabled=False, disabled_at=clock.now(), disabled_reason=reason[:200]
        )
    )


def enable(endpoint_id: int) -> bool:
    """Switch an endpoint on, with nothing held against it; False if it was on."""
    with transaction.atomic():
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
    if secret is None:
        return generate_secret()
    try:
        key_of(secret)
    except ValueError as error:
        raise InvalidEndpoint("secret", str(error)) from None
    return secret


def _entry(secret: str, now: datetime) -> dict[str, Any]:
    return {"sealed": sealing.seal(secret), "created_at": now.isoformat(), "retires_at": None}


def _retiring(entry: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {**entry, "retires_at": entry["retires_at"] or at.isoformat()}


def _is_live(entry: dict[str, Any], now: datetime) -> bool:
    retires_at = entry["retires_at"]
    return retires_at is None or datetime.fromisoformat(retires_at) > now
