"""Which retry rule applies to a task."""

import logging
import time
from typing import Any

from django.db import Error

from tasks_core.database.answer_limit import answers_within
from tasks_core.engine.retry import RetryRule, from_json
from tasks_core.models import RetryPolicy
from tasks_core.registry import DEFAULT_RETRY, TaskType

logger = logging.getLogger(__name__)

CACHE_SECONDS = 1.0
"""An operator's edit of a policy is in force everywhere after this time."""

_cache: dict[int, tuple[float, RetryRule]] = {}


def rule_for(
    registered: TaskType | None, *, retry: dict[str, Any] | None, retry_policy_id: int | None
) -> RetryRule:
    """Return the rule of the task itself, else of its named policy, else of its type.

    A rule that cannot be read (written by another release, or the database is out of reach) gives way to
    the next one: whoever asks has an attempt in hand whose end must be recorded.
    """
    default = DEFAULT_RETRY if registered is None else registered.retry
    try:
        if retry is not None:
            return from_json(retry)
        if retry_policy_id is not None:
            return _named(retry_policy_id)
    except (ValueError, Error, RetryPolicy.DoesNotExist) as error:
        logger.error("the rule of the task type applies, the task's own cannot be read: %s", error)
    return default


def _named(policy_id: int) -> RetryRule:
    known = _cache.get(policy_id)
    if known is not None and time.monotonic() - known[0] < CACHE_SECONDS:
        return known[1]
    try:
        with answers_within():
            rule = RetryPolicy.objects.get(pk=policy_id).rule()
    except Error:
        if known is None:
            raise
        return known[1]
    _cache[policy_id] = (time.monotonic(), rule)
    return rule
