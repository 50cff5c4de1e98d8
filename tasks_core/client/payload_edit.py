"""Editing a stored payload without opening its secrets."""

import re
from collections.abc import Iterator
from typing import Any

from tasks_core.exceptions import InvalidPayload
from tasks_core.payloads import MASK, SEALED, KeptSecret

# What comes before the colon, and before the @, has a greatest length: else a long text takes its square.
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]{0,31}:(?://|\\\\)[^/?#\s\"'<>\\]*", re.IGNORECASE)
MAIL_ADDRESS = re.compile(r"[^\s@<>,;:/]{0,64}@[^\s@<>\"',;:/?#]+")
# As browsers and clients read an address: for these schemes any number of strokes of either kind, or none.
WHOLE = re.compile(r"(?:(?:https?|wss?|ftp|file):[/\\]*|[/\\]{2,})[^/?#\\]*", re.IGNORECASE)
UNSEEN = re.compile(r"[\x00-\x20\x7f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+")
"""What they leave out of it."""
LONGEST = 4_096
"""Characters at the beginning of a text that may be one address."""

NAMES_A_HOST = re.compile(
    r"host|server|domain|endpoint|origin|webhook|callback|proxy|recipient|address|ur[li]$|ur[li]s$",
    re.IGNORECASE,
)


def with_kept_secrets(edited: Any, stored: Any) -> Any:
    """Return ``edited`` with the sealed secrets of ``stored`` where their masks were left as they are.

    Raises:
        InvalidPayload: a mask stands where ``stored`` has no secret, or beside an address that is new:
            whoever may edit a payload must not learn its secrets by having them sent elsewhere.
    """
    kept = _kept(edited, stored, "payload")
    before = set(_addresses(stored))
    changed = next((found for found in _addresses(edited) if found not in before), None)
    if changed is not None and _keeps_any(kept):
        raise InvalidPayload(
            f"payload: leads to {changed[-1]} now, and its secrets do not follow; "
            f"enter them in place of {MASK}"
        )
    return kept


def without_masks(edited: Any) -> Any:
    """Return ``edited``, which is for something else than what its masks were shown for.

    Raises:
        InvalidPayload: a mask was left in it.
    """
    return _kept(edited, None, "payload")


def _kept(edited: Any, stored: Any, where: str) -> Any:
    if edited == MASK:
        if isinstance(stored, dict) and SEALED in stored:
            return KeptSecret(stored[SEALED])
        raise InvalidPayload(f"{where}: is masked, and no secret is stored for it; enter a value")
    if isinstance(edited, dict):
        fields = stored if isinstance(stored, dict) else {}
        return {
            key: _kept(value, fields.get(key), f"{where}.{key}") for key, value in edited.items()
        }
    if isinstance(edited, list):
        # In a list of another length nobody knows which secret was whose.
        known = isinstance(stored, list) and len(stored) == len(edited)
        items = stored if known else [None] * len(edited)
        return [
            _kept(value, old, f"{where}.{position}")
            for position, (value, old) in enumerate(zip(edited, items, strict=True))
        ]
    return edited


def _keeps_any(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_keeps_any(item) for item in value.values())
    if isinstance(value, list):
        return any(_keeps_any(item) for item in value)
    return isinstance(value, KeptSecret)


def _addresses(value: Any, where: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Yield what says where something goes, and its place: origins, mail addresses, named hosts."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _addresses(item, (*where, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _addresses(item, (*where, position))
    elif isinstance(value, str):
        whole = WHOLE.match(UNSEEN.sub("", value[:LONGEST]))
        found = [*ORIGIN.findall(value), *MAIL_ADDRESS.findall(value)]
        yield from ((*where, one.lower()) for one in (*found, *([whole[0]] if whole else ())))
        name = next((str(key) for key in reversed(where) if not isinstance(key, int)), "")
        if NAMES_A_HOST.search(name) and not ORIGIN.match(value):
            yield (*where, value)
