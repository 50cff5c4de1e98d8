"""Texts and numbers that no column, or no reader, takes, in the place of those that callers mean."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import models, transaction

from tasks_core.engine.json_text import storable

TEXTS = ["\x00", "a\x00b", "\ud800", "\udc00x", "x" * 100_000, "\u202e", "\u2028", "%00", "\ufffe"]
NUMBERS = [-1, 0, 2**15, 2**31, 2**63, -(2**63) - 1, 10**50]

Door = tuple[Callable[..., Any], dict[str, Any]]
"""What is called, and right arguments for it."""


def changed(value: Any) -> Iterator[Any]:
    """Give a value with each text or number in it replaced by each that may be wrong."""
    if isinstance(value, bool):
        return
    if isinstance(value, str):
        yield from TEXTS
    elif isinstance(value, int | float):
        yield from NUMBERS
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from ([*value[:n], other, *value[n + 1 :]] for other in changed(inner))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: other} for other in changed(inner))
        yield from ({**value, key: 1} for key in TEXTS)


def refuses_in_words_or_keeps(
    door: Door,
    *,
    own: tuple[type[Exception], ...],
    kept_in: Sequence[type[models.Model]],
) -> None:
    """Fail the test unless each wrong value is refused by an error of ``own``, or can be read again."""
    call, given = door
    expected: tuple[type[Exception], ...] = (*own, TypeError, TimeoutError)
    problems = []
    for argument, value in ((name, other) for name in given for other in changed(given[name])):
        try:
            with transaction.atomic():
                call(**{**given, argument: value})
                for model in kept_in:
                    list(model._default_manager.all())
                transaction.set_rollback(True)
        except expected as error:
            problem = _problem_of(str(error))
        except Exception as error:  # noqa: BLE001
            problem = f"{type(error).__name__}: {str(error)[:300]}"
        else:
            problem = ""
        if problem:
            problems.append(ascii(f"{argument}={str(value)[:60]}: {problem}"))
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def _problem_of(said: str) -> str:
    if len(said) >= 2_000:
        return f"says too much of it: {said[:100]}"
    return "" if storable(said, limit=2_000) == said else "its words cannot be stored"
