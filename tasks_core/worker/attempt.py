"""Run one handler and turn whatever it does into an outcome."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tasks_core import clock, conf, instrumentation
from tasks_core.context import TaskContext, current_context
from tasks_core.encryption import KeyMissing
from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt
from tasks_core.engine.json_text import byte_size, check_depth, is_plain_object, json_text
from tasks_core.engine.outcome import Outcome
from tasks_core.engine.retry import RetryRule
from tasks_core.exceptions import InvalidPayload, MaxRuntimeExceeded, PermanentError, Snooze, Yield
from tasks_core.instrumentation import WatchedAttempt, watched
from tasks_core.outcomes.failures import failure_of
from tasks_core.payloads import secrets_of
from tasks_core.registry import TaskType
from tasks_core.sql.claim import ClaimedTask
from tasks_core.worker import forked_copies
from tasks_core.worker.event_loop import is_given_up
from tasks_core.worker.time_limit import time_limit

LOAD_TRIES = 3
"""How often a payload is tried that cannot be read, at no cost; and then how often at that of an attempt."""

LOAD_AGAIN_SECONDS = 60.0

SHORTEST_KEY_WAIT, LONGEST_KEY_WAIT = 60.0, 1800.0
"""Seconds that a task waits whose secrets this process cannot open: a quarter of how long it has waited."""

KEY_PATIENCE = timedelta(days=7)
"""After so long a key that is missing is lost, and the attempt has failed."""

logger = logging.getLogger(__name__)

_rng = Random()


def attempt(
    registered: TaskType, task: ClaimedTask, context: TaskContext, rule: RetryRule
) -> Outcome:
    """Run a ``def`` handler in this thread."""
    if not instrumentation.watchers:
        return _attempt(registered, task, context, rule)[0]
    seen = WatchedAttempt(task, registered, context)
    with watched(seen):
        seen.outcome, seen.error = _attempt(registered, task, context, rule)
    return seen.outcome


async def attempt_async(
    registered: TaskType, task: ClaimedTask, context: TaskContext, rule: RetryRule
) -> Outcome:
    """Run an ``async def`` handler on the current event loop."""
    if not instrumentation.watchers:
        return (await _attempt_async(registered, task, context, rule))[0]
    seen = WatchedAttempt(task, registered, context)
    with watched(seen):
        seen.outcome, seen.error = await _attempt_async(registered, task, context, rule)
    return seen.outcome


Ending = tuple[Outcome, BaseException | None]
"""What the attempt came to, and what the handler raised."""


def _attempt(
    registered: TaskType, task: ClaimedTask, context: TaskContext, rule: RetryRule
) -> Ending:
    token = current_context.set(context)
    context.begin()
    try:
        try:
            arguments = _arguments(registered, task, context)
        except InvalidPayload as error:
            return unloadable(error, registered, task, rule), error
        with time_limit(registered.max_runtime):
            result = registered.handler(*arguments)
        return succeeded(result), None
    except BaseException as error:  # noqa: BLE001 whatever a handler raises is an outcome
        return after(error, registered, task, rule), error
    finally:
        forked_copies.end_copy()
        current_context.reset(token)


async def _attempt_async(
    registered: TaskType, task: ClaimedTask, context: TaskContext, rule: RetryRule
) -> Ending:
    token = current_context.set(context)
    context.begin()
    try:
        handler: Callable[..., Awaitable[Any]] = registered.handler
        try:
            arguments = _arguments(registered, task, context)
        except InvalidPayload as error:
            return unloadable(error, registered, task, rule), error
        result = await _limited(handler(*arguments), registered.max_runtime)
        return succeeded(result), None
    except BaseException as error:
        if issubclass(type(error), asyncio.CancelledError) and is_given_up():
            raise
        return after(error, registered, task, rule), error
    finally:
        forked_copies.end_copy()
        current_context.reset(token)


async def _limited(handler: Awaitable[Any], seconds: float | None) -> Any:
    try:
        async with asyncio.timeout(seconds) as scope:
            return await handler
    except TimeoutError:
        if scope.expired():
            raise MaxRuntimeExceeded(f"ran longer than max_runtime ({seconds:g} s)") from None
        raise


def _arguments(registered: TaskType, task: ClaimedTask, context: TaskContext) -> tuple[Any, ...]:
    payload = registered.schema.load(task.payload)
    return (payload, context) if registered.takes_context else (payload,)


def succeeded(result: Any) -> Outcome:
    """Return the outcome of a handler that returned ``result``.

    Raises:
        PermanentError: it is no JSON, or too much of it.
    """
    if result is None:
        return decision.succeeded(None)
    limit = conf.current().max_result_bytes
    if is_plain_object(result, limit):
        return decision.succeeded({**result})
    try:
        text = json_text(result)
        check_depth(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise PermanentError(
            f"the handler returned what is not JSON: {error}; return plain data or None"
        ) from None
    size = byte_size(text)
    if size > limit:
        raise PermanentError(
            f"the handler returned {size:,} bytes, more than the {limit:,} allowed; "
            "store the data elsewhere and return its key"
        )
    return decision.succeeded(json.loads(text))


def unloadable(
    error: InvalidPayload, registered: TaskType, task: ClaimedTask, rule: RetryRule
) -> Outcome:
    """Return the outcome of a task whose payload does not fit the schema that this worker knows.

    While a new version is rolled out that may be so in one worker and not in the next, so it gets a few
    tries, a minute apart. The first ones cost no attempt, because the handler was not called.
    """
    now = clock.now()
    failure = failure_of(error, secrets=secrets_of(task.payload))
    if task.attempt < LOAD_TRIES:
        reason = f"a worker cannot read its payload: {failure.message}"
        return decision.released(now=now, seconds=LOAD_AGAIN_SECONDS, reason=reason)
    is_final = task.attempts_used >= LOAD_TRIES
    failure = replace(failure, final=is_final, retry_after=LOAD_AGAIN_SECONDS)
    return decision.after_failure(rule, failure, _facts(task), now=now, rng=_rng)


def after(
    error: BaseException, registered: TaskType, task: ClaimedTask, rule: RetryRule
) -> Outcome:
    """Return the outcome of a handler that raised ``error``."""
    try:
        return _after(error, registered, task, rule)
    except BaseException as second:  # noqa: BLE001 an exception of the handler's own making may do anything
        name = f"{type(error).__module__}.{type(error).__qualname__}"
        told = RuntimeError(f"{name} cannot be described: it raises {type(second).__name__}")
        return _after(told, registered, task, rule)


def _after(
    error: BaseException, registered: TaskType, task: ClaimedTask, rule: RetryRule
) -> Outcome:
    now = clock.now()
    secrets = secrets_of(task.payload)
    failure = failure_of(error, final_errors=registered.final_errors, secrets=secrets)
    if isinstance(error, KeyMissing) and now - task.started_at < KEY_PATIENCE:
        return _until_there_is_a_key(error, task, now)
    if isinstance(error, Yield):
        return decision.yielded(now=now)
    if isinstance(error, Snooze):
        return decision.snoozed(now=now, seconds=error.seconds, reason=failure.message)
    return decision.after_failure(rule, failure, _facts(task), now=now, rng=_rng)


def _until_there_is_a_key(error: KeyMissing, task: ClaimedTask, now: datetime) -> Outcome:
    """Give a task back whose secrets this process cannot open: it has not failed, and no attempt is used."""
    waited = (now - task.started_at).total_seconds()
    seconds = min(max(SHORTEST_KEY_WAIT, waited / 4), LONGEST_KEY_WAIT)
    logger.warning("task %d waits for %.0f s: %s", task.id, seconds, error)
    return decision.released(now=now, seconds=seconds, reason=f"a key is missing: {error}")


def _facts(task: ClaimedTask) -> Attempt:
    return Attempt(
        used=task.attempts_used, first_started_at=task.started_at, expires_at=task.expires_at
    )
