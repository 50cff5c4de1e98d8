"""Signing secrets as rows keep them: sealed, newest first, the older ones with the instant they retire."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from notifications.sending.standard_webhooks.signing import generate_secret, key_of
from tasks_core import encryption

MAX_OLD_SECRETS = 3

Entry = dict[str, Any]


def checked_secret(secret: str | None) -> str:
    """Return a secret of the right form; a new one if none is given.

    Raises:
        ValueError: says what form a secret has; never quotes the one given.
    """
    if secret is None:
        return generate_secret()
    key_of(secret)
    return secret


def sealed_entry(secret: str, now: datetime) -> Entry:
    """Return the entry of a secret that signs from now on."""
    return {"sealed": encryption.seal(secret), "created_at": now.isoformat(), "retires_at": None}


def add_secret(
    entries: list[Entry], secret: str, *, now: datetime, retires_at: datetime
) -> list[Entry]:
    """Put a new secret in front; the live ones go on until ``retires_at``, and few are kept."""
    old = [_retiring(entry, retires_at) for entry in entries if _is_live(entry, now)]
    return [sealed_entry(secret, now), *old[:MAX_OLD_SECRETS]]


def live_secrets(secrets: list[Entry], now: datetime) -> list[str]:
    """Return the secrets that count now, newest first."""
    return [_opened(entry["sealed"]) for entry in secrets if _is_live(entry, now)]


def count_live(secrets: list[Entry], now: datetime) -> int:
    """Count the secrets that count now, without opening them."""
    return sum(_is_live(entry, now) for entry in secrets)


@lru_cache(maxsize=1_024)
def _opened(sealed: str) -> str:
    """Open a sealed secret; it is the same for thousands of messages."""
    return encryption.unseal(sealed)


def _retiring(entry: Entry, at: datetime) -> Entry:
    return {**entry, "retires_at": entry["retires_at"] or at.isoformat()}


def _is_live(entry: Entry, now: datetime) -> bool:
    retires_at = entry["retires_at"]
    return retires_at is None or datetime.fromisoformat(retires_at) > now
