"""The secrets that this process knows, by value."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from tasks_core.correlation_ids import bound_here
from tasks_core.current_attempt import current_context
from tasks_core.engine.redaction import HiddenValues, KnownSecrets

_VALUES = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "EMAIL_HOST_PASSWORD", "FLOWER_BASIC_AUTH")
_ADDRESSES = ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "REDIS_URL", "SENTRY_DSN")

_of_process = HiddenValues()


def hide_everywhere(*values: str) -> None:
    """Never show ``values`` in a log line of this process; for secrets of the configuration."""
    _of_process.add(values)


def hide(*values: str) -> None:
    """Never show ``values`` in the log lines of the handler, or the block of ``correlation``, that runs.

    For secrets that code gets hold of by itself. Those in ``SecretStr`` fields of a payload are hidden
    without being named. Outside of both nothing is hidden.
    """
    attempt = current_context.get()
    if attempt is not None:
        attempt.hidden.add(values)
    elif (binding := bound_here(None)) is not None:
        binding.hidden.add(values)


def known_here() -> list[KnownSecrets]:
    """Return what must not be shown in a line that is written here and now."""
    found = [_of_process.known]
    attempt = current_context.get()
    if attempt is not None:
        found.append(attempt.hidden.known)
    elif (binding := bound_here(None)) is not None:
        found.append(binding.hidden.known)
    return [known for known in found if known is not None]


def secrets_of_settings(settings: Any) -> Iterator[str]:
    """Return the secrets among the settings of Django, Celery and the platform."""
    values = [getattr(settings, name, None) for name in _VALUES]
    values += [database.get("PASSWORD") for database in getattr(settings, "DATABASES", {}).values()]
    values.append(getattr(settings, "BELLRINGER", {}).get("ENCRYPTION_KEYS"))
    addresses = [getattr(settings, name, None) for name in _ADDRESSES]
    addresses += [cache.get("LOCATION") for cache in getattr(settings, "CACHES", {}).values()]
    for value in _texts(values):
        yield from hidden_parts(value)
    for address in _texts(addresses):
        if "://" in address:
            yield from hidden_parts(address)


def hidden_parts(secret: str) -> Iterator[str]:
    """Return what is secret of a secret: of a URL the password, of USER:PASSWORD the password too.

    Of a URL without a password its user, as in the DSN of Sentry; everything of what is neither.
    """
    if "://" in secret:
        yield from _of_address(secret)
    elif not secret.endswith(":"):  # `console:` is an address without a secret
        yield secret
        yield secret.partition(":")[2]


def _of_address(address: str) -> Iterator[str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    found = parts.username if parts.password is None else parts.password
    if found:
        yield found
        yield unquote(found)


def _texts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple):
            yield from _texts(value)
