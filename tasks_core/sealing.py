"""Secrets at rest: encrypted with the newest key, readable with any."""

from __future__ import annotations

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.core.exceptions import ImproperlyConfigured

from tasks_core.conf import setting


def seal(secret: str) -> str:
    """Encrypt ``secret`` with the newest of ``ENCRYPTION_KEYS``."""
    return _fernet().encrypt(secret.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """Decrypt what ``seal`` returned.

    Raises:
        ImproperlyConfigured: none of ``ENCRYPTION_KEYS`` opens it.
    """
    try:
        return _fernet().decrypt(sealed.encode("ascii")).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "none of the ENCRYPTION_KEYS opens a stored secret; "
            "put the key that sealed it back at the end of the list"
        ) from error


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(setting("ENCRYPTION_KEYS")))


@lru_cache(maxsize=4)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured(
            "ENCRYPTION_KEYS is empty, so secrets cannot be stored; "
            "make a key with: python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'"
        )
    return MultiFernet([Fernet(key) for key in keys])
