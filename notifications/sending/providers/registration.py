"""Registering providers, and switching them on and off."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction

from notifications.channel_api.registry import CHANNELS
from notifications.columns import check_columns
from notifications.exceptions import InvalidProvider
from notifications.models import Provider
from notifications.sending.outgoing.guard import InvalidUrl, check_url
from notifications.sending.outgoing.origins import leads_elsewhere
from notifications.sending.providers.account import Account, Carrier
from notifications.sending.providers.accounts import account_of, forget_accounts
from notifications.sending.providers.admission import forgive
from tasks_core import clock, database, encryption, logs
from tasks_core.arguments import storable_arguments


@storable_arguments(InvalidProvider)
def register_provider(
    name: str,
    *,
    channel: str,
    kind: str,
    credentials: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    base_url: str = "",
    position: int = 0,
    rate_limit: float | None = None,
    breaker_threshold: int = 5,
    breaker_pause: float = 30.0,
) -> Provider:
    """Store a provider, or replace the one of this name.

    Args:
        name: for people; unique.
        channel: the channel that it carries.
        kind: whose interface it speaks: ``twilio``, ``slack``, ``telegram`` or ``vapid``.
        credentials: stored encrypted and shown nowhere; ``docs/channels.md`` lists each kind's. The
            key of ``vapid`` is made if none is given.
        options: what is not secret, such as the sender of SMS.
        base_url: where the interface is; empty for the usual place.
        position: lower ones are tried first.
        rate_limit: messages a second, over all workers; what is beyond goes to the next provider, or waits.
        breaker_threshold: failures in a row after which nothing is handed to it for a while.
        breaker_pause: seconds of that; doubled each time it still fails, up to an hour.

    Raises:
        InvalidProvider: names the field and what would be right.
    """
    account = check_provider(
        name,
        channel=channel,
        kind=kind,
        credentials=credentials,
        options=options,
        base_url=base_url,
    )
    limits = {
        "position": position,
        "rate_limit": rate_limit,
        "breaker_threshold": breaker_threshold,
        "breaker_pause": breaker_pause,
    }
    _check_limits(limits)
    return _store(account, channel, limits)


@storable_arguments(InvalidProvider)
def edit_provider(
    name: str, *, options: Mapping[str, Any] | None = None, base_url: str = "", **limits: Any
) -> Provider:
    """Change a provider and leave its credentials sealed as they are.

    Args:
        name: of the provider.
        options: as for ``register_provider``.
        base_url: as for ``register_provider``; it must not lead elsewhere than before.
        limits: ``position`` and those in ``LIMITS``; what is left out stays.

    Raises:
        InvalidProvider: names the field and what would be right; ``credentials`` if they are needed again.
        ImproperlyConfigured: no key opens the credentials, so they have to be given again.
    """
    with transaction.atomic(using=database.alias()):
        row = Provider.objects.select_for_update().get(name=name)
        account = check_edit(row, options=options, base_url=base_url)
        _check_limits(limits)
        columns = {"options": account.options, "base_url": account.base_url, **limits}
        Provider.objects.filter(pk=row.pk).update(**columns)
        forgive(row.pk)  # what failed may be mended now
    forget_accounts()
    return row


def check_edit(row: Provider, *, options: Mapping[str, Any] | None, base_url: str) -> Account:
    """Check what ``edit_provider`` would change; raises what that raises."""
    account = check_provider(
        row.name,
        channel=row.channel,
        kind=row.kind,
        credentials=account_of(row).credentials,
        options=options,
        base_url=base_url,
    )
    if leads_elsewhere(account.base_url, row.base_url):
        raise InvalidProvider(
            "credentials",
            "do not follow to another address; the base URL leads elsewhere now, so enter them again",
        )
    return account


LIMITS = ("rate_limit", "breaker_threshold", "breaker_pause")
"""What a provider is held to."""


def _check_limits(limits: Mapping[str, Any]) -> None:
    check_columns(Provider(**limits), list(limits), InvalidProvider)


def check_provider(
    name: str,
    *,
    channel: str,
    kind: str,
    credentials: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    base_url: str = "",
) -> Account:
    """Check everything about a provider; forms that validate with it too.

    Raises:
        InvalidProvider: names the field and what would be right.
    """
    if not name or len(name) > 100:
        raise InvalidProvider("name", "must have 1 to 100 characters")
    for field, said in (("options", options), ("credentials", credentials)):
        if not isinstance(said, Mapping | None):
            raise InvalidProvider(field, "must be an object of names and values")
    carrier = carrier_of(channel, kind)
    given = credentials or carrier.generated()
    logs.hide(*(str(value) for value in given.values()))
    account = Account(
        name=name,
        kind=kind,
        base_url=_base_url(base_url or carrier.base_url),
        options=_known("options", options or {}, carrier.options),
        credentials=_required(_known("credentials", given, carrier.credentials), carrier),
    )
    problem = carrier.check(account)
    if problem:
        raise InvalidProvider(*problem.split(": ", 1))
    return account


@storable_arguments(InvalidProvider)
def enable_provider(name: str, *, on: bool = True) -> bool:
    """Switch a provider on, with nothing held against it, or off.

    Returns:
        False if it was so already, or there is none of this name.
    """
    with transaction.atomic(using=database.alias()):
        changed = Provider.objects.filter(name=name, enabled=not on).update(enabled=on)
        if changed and on:
            forgive(Provider.objects.get(name=name).pk)
    forget_accounts()
    return bool(changed)


def shown_facts(provider: Provider) -> dict[str, str]:
    """Return what others must know of a provider, or why nobody can tell: it is listed in any case."""
    try:
        return public_facts(provider)
    except (InvalidProvider, ImproperlyConfigured) as error:  # unknown by now, or no key opens it
        return {"unknown": str(error)}


def public_facts(provider: Provider) -> dict[str, str]:
    """Return what others must know of a provider, such as the public key of web push."""
    return carrier_of(provider.channel, provider.kind).public(account_of(provider))


def carriers_of(channel: str) -> dict[str, Carrier]:
    """Return the kinds of providers that a channel knows."""
    found = getattr(CHANNELS.get(channel), "carriers", ())
    return {carrier.kind: carrier for carrier in found}


def carrier_of(channel: str, kind: str) -> Carrier:
    """Return one kind of provider.

    Raises:
        InvalidProvider: the channel has none, or not this one; lists those that there are.
    """
    known = carriers_of(channel)
    if not known:
        listed = ", ".join(sorted(name for name in CHANNELS if carriers_of(name)))
        raise InvalidProvider("channel", f"has no providers; those that have are {listed}")
    if kind not in known:
        listed = ", ".join(sorted(known))
        raise InvalidProvider("kind", f"is not known for channel {channel}; use {listed}")
    return known[kind]


def _store(account: Account, channel: str, limits: Mapping[str, Any]) -> Provider:
    values = {
        "channel": channel,
        "kind": account.kind,
        "base_url": account.base_url,
        "options": account.options,
        "credentials": encryption.seal(json.dumps(account.credentials)),
        **limits,
    }
    try:
        with transaction.atomic(using=database.alias()):
            provider, _ = Provider.objects.update_or_create(
                name=account.name,
                defaults=values,
                create_defaults={**values, "created_at": clock.now()},
            )
            forgive(provider.pk)  # what failed may be mended now
    except IntegrityError:
        raise InvalidProvider("name", "is just being registered by someone else") from None
    forget_accounts()
    return provider


def _base_url(url: str) -> str:
    try:
        check_url(url)
    except InvalidUrl as error:
        raise InvalidProvider("base_url", str(error)) from None
    return url.rstrip("/")


def _known(field: str, given: Mapping[str, Any], names: Any) -> dict[str, Any]:
    unknown = sorted(set(given) - set(names))
    if unknown:
        listed = ", ".join(names) or "none"
        raise InvalidProvider(field, f"{', '.join(unknown)} is not known; there are: {listed}")
    return dict(given)


def _required(given: dict[str, Any], carrier: Carrier) -> dict[str, str]:
    missing = [name for name in carrier.credentials if not given.get(name)]
    if missing:
        raise InvalidProvider("credentials", f"{', '.join(missing)} is missing")
    if not all(isinstance(value, str) for value in given.values()):
        raise InvalidProvider("credentials", "must all be text")
    return {name: str(value) for name, value in given.items()}
