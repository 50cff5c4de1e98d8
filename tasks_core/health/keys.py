"""Can secrets be stored and read?"""

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured

from tasks_core import conf
from tasks_core.encryption import seal, unseal
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter

report = Reporter("keys")
PROBE_TEXT = "probe"


def look() -> Iterator[Finding]:
    """Seal something and open it again."""
    try:
        opened = unseal(seal(PROBE_TEXT))
    except (ImproperlyConfigured, ValueError) as error:
        yield report.unhealthy(
            f"secrets cannot be stored: {error}",
            "set ENCRYPTION_KEYS to one or more Fernet keys, the newest first",
        )
        return
    if opened != PROBE_TEXT:
        yield report.unhealthy("a sealed text came back changed", "check ENCRYPTION_KEYS")
        return
    count = len(conf.current().encryption_keys)
    yield report.healthy(
        f"secrets can be sealed and opened ({count} {'key' if count == 1 else 'keys'})"
    )
