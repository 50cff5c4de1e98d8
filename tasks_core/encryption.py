"""Secrets at rest: encrypted with the newest key, readable with any."""

import base64
import binascii
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.core.exceptions import ImproperlyConfigured

from tasks_core import conf

EMPTY_TOKEN_BYTES = 57
"""Version, time, initial vector and signature of a token; the secret between them is in blocks of 16."""

MISSING = (
    "none of the ENCRYPTION_KEYS opens a stored secret; "
    "put the key that sealed it back at the end of the list"
)


class KeyMissing(ImproperlyConfigured):
    """This process lacks the key that sealed a secret; another one, or a later one, may have it."""


def seal(secret: str) -> str:
    """Encrypt ``secret`` with the newest of ``ENCRYPTION_KEYS``.

    Raises:
        ImproperlyConfigured: there is none, or one of them is no key.
    """
    return _fernet().encrypt(secret.encode()).decode("ascii")


def unseal(sealed: object) -> str:
    """Decrypt what ``seal`` returned.

    Raises:
        KeyMissing: none of ``ENCRYPTION_KEYS`` opens it, as happens while keys are rotated, or one of them is
            no key.
        ImproperlyConfigured: no key can: it is damaged.
    """
    if not conf.current().encryption_keys:
        raise KeyMissing(MISSING)
    try:
        if not isinstance(sealed, str):  # somebody has edited the row
            raise InvalidToken
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        if not _is_whole(sealed):
            raise ImproperlyConfigured(
                "a stored secret is damaged, so none of the ENCRYPTION_KEYS opens it; store it anew"
            ) from None
        raise KeyMissing(MISSING) from error


def unseal_object(sealed: object) -> dict[str, Any]:
    """Decrypt what ``seal`` returned for the JSON of an object.

    Raises:
        KeyMissing: as ``unseal``.
        ImproperlyConfigured: as ``unseal``, or it opens to something else.
    """
    try:
        found = json.loads(unseal(sealed))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ImproperlyConfigured("a stored secret opens to no object; store it anew")
    return found


def is_newest(sealed: object) -> bool:
    """Tell whether the first of ``ENCRYPTION_KEYS`` opens it, so that it needs no other.

    Raises:
        ImproperlyConfigured: as ``seal``.
    """
    first = _fernet_of(tuple(conf.current().encryption_keys[:1]))
    try:
        first.decrypt(sealed.encode() if isinstance(sealed, str) else b"")
    except InvalidToken:
        return False
    return True


def resealed(sealed: object) -> str:
    """Encrypt what ``seal`` returned anew, with the newest of ``ENCRYPTION_KEYS``.

    Raises:
        KeyMissing, ImproperlyConfigured: as ``unseal``.
    """
    unseal(sealed)  # says what is wrong, if something is
    return _fernet().rotate(str(sealed)).decode("ascii")


def _is_whole(sealed: Any) -> bool:
    """Tell whether it has the form of a token; one that was changed in its middle has that, too."""
    try:
        token = base64.urlsafe_b64decode(sealed)
    except (TypeError, ValueError, binascii.Error):
        return False
    secret_bytes = len(token) - EMPTY_TOKEN_BYTES
    return token[:1] == b"\x80" and secret_bytes >= 16 and secret_bytes % 16 == 0


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(conf.current().encryption_keys))


@lru_cache(maxsize=4)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured(
            "ENCRYPTION_KEYS is empty, so secrets cannot be stored; "
            "make a key with: python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'"
        )
    return MultiFernet([_usable(key, position) for position, key in enumerate(keys, 1)])


def _usable(key: str, position: int) -> Fernet:
    try:
        return Fernet(key)
    except (TypeError, ValueError):
        raise KeyMissing(
            f"key {position} of ENCRYPTION_KEYS is no Fernet key, which has 44 characters"
        ) from None
