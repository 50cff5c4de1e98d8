"""Secrets from files: `NAME_FILE` names a file that holds what `NAME` would."""

from collections.abc import Collection, Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def with_secret_files(values: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Return `values` with every secret of `names` that is given by a file filled in."""
    found = {name: _content(name, values) for name in names if f"{name}_FILE" in values}
    return {**values, **found}


def _content(name: str, values: Mapping[str, str]) -> str:
    path = Path(values[f"{name}_FILE"])
    if name in values:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set. Set one of them.")
    try:
        content = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ImproperlyConfigured(
            f"{name}_FILE names {path}, which cannot be read: {reason}. "
            "Name a readable file that holds nothing but the secret."
        ) from None
    if not content:
        raise ImproperlyConfigured(f"{name}_FILE names {path}, which is empty.")
    return content
