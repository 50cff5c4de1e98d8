"""Which retry rule applies to a task."""

from __future__ import annotations

import time
from typing import Any

from tasks_core.engine.retry import RetryRule, from_json
from tasks_core.models import RetryPolicy
from tasks_core.registry import TaskType

CACHE_SECONDS = 1.0
"""An operator's edit of a policy is in force everywhere after this time."""

_cache: dict[int, tuple[float, RetryRule]] = {}


def rule_for(
    registered: TaskType | None, *, retry: dict[str, Any] | None, retry_policy_id: int | None
) -> RetryRule:
    """Return the rule of the task itself, else of its named policy, else of its type."""
    if retry is not None:
        return from_json(retry)
    if retry_policy_id is not None:
        return _named(retry_policy_id)
    if registered is not None:
        return registered.retry
    from tasks_core.registry import DEFAULT_RETRY

    return DEFAULT_RETRY


def _named(policy_id: int) -> RetryRule:
    known = _cache.get(policy_id)
    if known is not None and time.monotonic() - known[0] < CACHE_SECONDS:
        return known[1]
    rule = RetryPolicy.objects.get(pk=policy_id).rule()
    _cache[policy_id] = (time.monotonic(), rule)
    return rule
