"""The values that no report of an attempt may show: all of its payload, and what is hidden from logs."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from tasks_core.engine.redaction.known import SHORTEST
from tasks_core.instrumentation import WatchedAttempt
from tasks_core.payloads import opened


def sensitive_values(seen: WatchedAttempt | None) -> list[str]:
    """Return them for ``seen``; none outside of an attempt."""
    if seen is None:
        return []
    values = list(seen.context.hidden)
    with suppress(ImproperlyConfigured):  # nobody has the key, so the handler had it neither
        values.extend(_leaves(opened(seen.task.payload)))
    return [value for value in values if len(value) >= SHORTEST]


def _leaves(value: Any) -> Iterator[str]:
    """Return the texts and numbers in plain JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
