"""Keys of the installation's own, for hashes and links that must outlive a rotation of its settings."""

from __future__ import annotations

import base64
import secrets

from django.db import transaction

from notifications.models import SealedKey
from tasks_core import clock, sealing

KEY_BYTES = 64

_known: dict[str, bytes] = {}


def key(name: str) -> bytes:
    """Return the key of this name, 64 bytes; it is made when it is first asked for.

    A process remembers it once it is sure to be committed: a key made in a transaction that is rolled
    back was never there.

    Raises:
        ImproperlyConfigured: ENCRYPTION_KEYS does not open it.
    """
    if name not in _known:
        found = _stored(name)
        transaction.on_commit(lambda: _known.setdefault(name, found))
        return found
    return _known[name]


def forget() -> None:
    """Read the keys again when they are next needed."""
    _known.clear()


def _stored(name: str) -> bytes:
    sealed = SealedKey.objects.filter(name=name).values_list("sealed", flat=True).first()
    if sealed is None:
        made = sealing.seal(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
        row = SealedKey(name=name, sealed=made, created_at=clock.now())
        # Of two processes that make it at once one is first, and both read what that one wrote.
        SealedKey.objects.bulk_create([row], ignore_conflicts=True)
        sealed = SealedKey.objects.values_list("sealed", flat=True).get(name=name)
    return base64.b64decode(sealing.unseal(sealed))
