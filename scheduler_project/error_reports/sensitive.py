"""The values that no report of an attempt may show: all that its payload holds, and what it has opened."""

from contextlib import suppress

from django.core.exceptions import ImproperlyConfigured

from tasks_core.payloads import opened
from tasks_core.tracing.scrub import leaves
from tasks_core.watching import WatchedAttempt


def sensitive_values(seen: WatchedAttempt | None) -> list[str]:
    """Return them for ``seen``; none outside of an attempt."""
    if seen is None:
        return []
    values = list(seen.secrets)
    with suppress(ImproperlyConfigured):  # nobody has the key, so the handler had it neither
        values.extend(leaves(opened(seen.task.payload)))
    return values
