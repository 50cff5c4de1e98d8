"""Secret variables: sealed at rest, taken out of every text that is kept."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from notifications.keys import keyring
from tasks_core import encryption, logs
from tasks_core.engine.redaction.known import KnownSecrets, without_known
from tasks_core.logs.secrets import known_here

MASK = "••••••"
WITHHELD = "withheld"
DIGEST_LENGTH = 32
"""Hexadecimal digits. What has another length was not made by ``content_digest``."""

_KEY = "content-digests"


def seal_variables(variables: Mapping[str, Any]) -> str:
    """Encrypt secret variables for storage; no variables give an empty text."""
    logs.hide(*leaves(variables))
    return encryption.seal(json.dumps(variables)) if variables else ""


def open_variables(sealed: str) -> dict[str, Any]:
    """Decrypt what ``seal_variables`` gave."""
    if not sealed:
        return {}
    variables: dict[str, Any] = json.loads(encryption.unseal(sealed))
    logs.hide(*leaves(variables))
    return variables


def content_digest(content: object) -> str:
    """Return a keyed digest of a notification's content.

    It is keyed because a one-time code has so few values that a plain hash would tell it. Who has the key
    can still try them all, so it is kept no longer than the code.
    """
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return keyring.digest(_KEY, canonical)[:DIGEST_LENGTH]


class Redactor:
    """Takes the values of secret variables out of texts that others wrote, however they are written there."""

    def __init__(self, secret_variables: Mapping[str, Any]) -> None:
        self._values: list[str] = []
        self._secrets: KnownSecrets | None = None  # made when it is asked for: most are never
        if secret_variables:  # most messages have none
            self._values = [text for text in leaves(secret_variables) if text]

    def hide_in_logs(self) -> None:
        """Mask the values in the log lines of the attempt that runs here, too."""
        if self._values:
            logs.hide(*self._values)

    def clean(self, text: str, limit: int) -> str:
        """Mask every secret value in the text and cut it to ``limit`` characters."""
        if not self._values and len(text) <= limit and "\x00" not in text:
            return text
        return _cut(text, self._known(), limit)

    def clean_of_all(self, text: str, limit: int) -> str:
        """Mask as well what this process has hidden: credentials of accounts and of the configuration.

        In one pass, because behind the cut of a first one the next would not recognise half a secret.
        """
        return _cut(text, [*self._known(), *known_here()], limit)

    def _known(self) -> list[KnownSecrets]:
        if not self._values:
            return []
        if self._secrets is None:
            self._secrets = KnownSecrets(self._values, everywhere=True)
        return [self._secrets]


def _cut(text: str, known: list[KnownSecrets], limit: int) -> str:
    text = text.replace("\x00", "")
    is_cut = len(text) > limit
    if known:
        text = without_known(text, known, limit=limit)
    return text[: limit - 1] + "…" if is_cut or len(text) > limit else text


def leaves(value: object) -> Iterator[str]:
    """Return the texts and numbers in a JSON value, as texts."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
