"""Keys of the installation's own, for hashes and links that must outlive a rotation of its settings."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from django.db import transaction

from notifications.models import SealedKey
from tasks_core import clock, database, encryption

KEY_BYTES = 64
NAMES = (
    "address-hash",
    "content-digests",
    "limit-counters",
    "tombstones",
    "unsubscribe-links",
)
"""Keys that are made together, so that transactions which each need several never wait for one another."""

_known: dict[str, bytes] = {}
_age = 0


def key(name: str) -> bytes:
    """Return the key of this name, 64 bytes; it is made when it is first asked for.

    A process remembers it once it is sure to be committed, and until then for as long as the transaction: a
    key made in one that is rolled back was never there.

    Raises:
        ImproperlyConfigured: ENCRYPTION_KEYS does not open it.
    """
    if name in _known:
        return _known[name]
    # Django drops these with the transaction, or the savepoint, that they belong to.
    for _, waiting, *_ in database.connection().run_on_commit:
        if isinstance(waiting, _Remember) and waiting.name == name and not waiting.is_forgotten:
            return waiting.key
    found = _stored(name)
    transaction.on_commit(_Remember(name, found, _age), using=database.alias())
    return found


def digest(name: str, text: str) -> str:
    """Return the digest of a text, 64 hexadecimal digits, that nobody can make without the key of this name.

    Raises:
        ImproperlyConfigured: as ``key``.
    """
    return hmac.new(key(name), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class _Remember:
    """Done when the transaction that has read a key is committed."""

    name: str
    key: bytes = field(repr=False)
    age: int

    @property
    def is_forgotten(self) -> bool:
        return self.age != _age

    def __call__(self) -> None:
        if not self.is_forgotten:
            _known.setdefault(self.name, self.key)


def forget() -> None:
    """Read the keys again when they are next needed."""
    global _age
    _age += 1
    _known.clear()


def _stored(name: str) -> bytes:
    sealed = SealedKey.objects.filter(name=name).values_list("sealed", flat=True).first()
    if sealed is None:
        # Of two processes that make them at once one is first, and both read what that one wrote.
        made = [_made(one) for one in sorted({name, *NAMES})]
        SealedKey.objects.bulk_create(made, ignore_conflicts=True)
        sealed = SealedKey.objects.values_list("sealed", flat=True).get(name=name)
    return base64.b64decode(encryption.unseal(sealed))


def _made(name: str) -> SealedKey:
    sealed = encryption.seal(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
    return SealedKey(name=name, sealed=sealed, created_at=clock.now())
