"""Arguments as the database takes them: the first thing that each public call looks at.

A NUL, half of a surrogate pair or a number beyond all columns would be an error only in the database, and
break the transaction of the caller with it.
"""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import wraps
from typing import ParamSpec, TypeVar

from tasks_core.engine.json_text import is_storable

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

Refusal = Callable[[str, str], Exception]
"""Makes the error from the name of an argument, with a path into it, and from what is wrong."""

DEEPEST = 100
_LARGEST = 2**63 - 1


def storable_arguments(
    refusal: Refusal, *, but: Collection[str] = (), **limits: int
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Refuse texts and numbers that no column holds, by the name of the argument.

    Args:
        refusal: makes the error.
        but: arguments that have a check of their own, with words of its own.
        limits: characters that the text of an argument may have, if its column holds so many only.
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        signature = inspect.signature(function)

        @wraps(function)
        def checked(*args: Parameters.args, **named: Parameters.kwargs) -> Result:
            given = signature.bind(*args, **named).arguments
            for name in (name for name in given if name not in but):
                value = given[name]
                is_rest = signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
                check_storable(refusal, "" if is_rest else name, value, limits.get(name))
            return function(*args, **named)

        return checked

    return decorate


def check_storable(refusal: Refusal, name: str, value: object, limit: int | None = None) -> None:
    """Refuse an argument that no column holds, by its name.

    Raises:
        Exception: what ``refusal`` makes.
    """
    for path, problem in _problems(name, value, limit, 0):
        raise refusal(path, problem)


def _problems(path: str, value: object, limit: int | None, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if problem := _of_text(value, limit):
            yield path, problem
    elif isinstance(value, int):
        if abs(value) > _LARGEST:
            yield path, f"is beyond {_LARGEST:,}, the largest number that is stored"
    elif depth < DEEPEST:  # what is deeper is refused where it is written as JSON
        for inner_path, inner in _inside(path, value):
            yield from _problems(inner_path, inner, limit, depth + 1)


def _inside(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (path or "an argument"), key
            yield (f"{path}.{key}" if path else str(key)), item
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield f"{path}[{number}]", item


def _of_text(text: str, limit: int | None) -> str:
    if "\x00" in text:
        return "holds a NUL character, which nothing stores; leave it out"
    if not is_storable(text):
        return "holds half of a surrogate pair, which is no Unicode; leave it out"
    if limit is not None and len(text) > limit:
        return f"has {len(text):,} characters; give at most {limit:,}"
    return ""
