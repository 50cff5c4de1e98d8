"""What the commands show of providers and destinations: never a secret."""

from typing import Any

from notifications.models import Destination, Provider, ProviderHealth
from notifications.sending.providers.registration import shown_facts

PROVIDER_COLUMNS = ("name", "channel", "kind", "position", "enabled", "breaker", "public")
DESTINATION_COLUMNS = ("name", "channel", "hint", "enabled", "disabled_reason")


def describe_provider(provider: Provider) -> dict[str, Any]:
    """Return what may be seen of a provider."""
    public = shown_facts(provider)
    health = ProviderHealth.objects.filter(pk=provider.pk).first()
    return {
        "name": provider.name,
        "channel": provider.channel,
        "kind": provider.kind,
        "base_url": provider.base_url,
        "options": provider.options,
        "position": provider.position,
        "enabled": provider.enabled,
        "rate_limit": provider.rate_limit,
        "breaker": health.breaker if health else "closed",
        "paused_until": health.paused_until if health else None,
        "last_error": health.last_error if health else "",
        "public": ", ".join(f"{name}: {value}" for name, value in public.items()),
    }


def describe_destination(destination: Destination) -> dict[str, Any]:
    """Return what may be seen of a destination."""
    return {
        "name": destination.name,
        "channel": destination.channel,
        "hint": destination.hint,
        "enabled": destination.enabled,
        "disabled_at": destination.disabled_at,
        "disabled_reason": destination.disabled_reason,
    }
