"""Editing a stored payload without seeing its secrets."""

from __future__ import annotations

from typing import Any

from tasks_core.payloads import SEALED, masked
from tasks_core.sealing import unseal

MASK = masked({SEALED: ""})
"""What stands for a secret in the text that an operator edits."""


def with_secrets(edited: Any, stored: Any) -> Any:
    """Return ``edited`` with the secrets of ``stored`` wherever their mask was left as it is.

    A mask that has been moved to where the stored payload has no secret stays a mask.
    """
    if edited == MASK and isinstance(stored, dict) and SEALED in stored:
        return unseal(stored[SEALED])
    if isinstance(edited, dict) and isinstance(stored, dict):
        return {key: with_secrets(value, stored.get(key)) for key, value in edited.items()}
    if isinstance(edited, list) and isinstance(stored, list):
        rest = [None] * (len(edited) - len(stored))
        pairs = zip(edited, [*stored, *rest], strict=False)
        return [with_secrets(value, before) for value, before in pairs]
    return edited
