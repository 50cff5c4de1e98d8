"""The versions a dead letter records."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def versions() -> dict[str, str]:
    """Return the versions of the platform and of what it runs on."""
    found = {"python": platform.python_version()}
    for name in ("bellringer", "celery", "kombu", "django", "psycopg"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
