"""Predicates that decide, when a message is about to be sent, whether it is still worth sending."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from notifications.exceptions import InvalidNotification, UnknownCondition
from tasks_core.arguments import check_storable

Predicate = TypeVar("Predicate", bound=Callable[..., bool])

_LONGEST = 100
_predicates: dict[str, Callable[..., bool]] = {}


def condition(name: str) -> Callable[[Predicate], Predicate]:
    """Register a predicate for ``notify(condition=name, condition_args={...})``.

    The decorated function gets the arguments as keywords, and returns whether to send. It is called when
    the message is due and again before each attempt, so it must be quick and change nothing. If it raises,
    it is asked again later. Put it in a module ``notification_conditions`` of a Django app, which every
    process imports.

    Raises:
        ValueError: another function has the name.
    """

    def register(predicate: Predicate) -> Predicate:
        other = _predicates.get(name)
        if other is not None and _place(other) != _place(predicate):
            raise ValueError(f"condition '{name}' is registered already, by {_place(other)}")
        _predicates[name] = predicate
        return predicate

    return register


def holds(name: str, arguments: Mapping[str, Any]) -> bool:
    """Ask a predicate.

    Raises:
        UnknownCondition: this process knows none of the name.
    """
    if name not in _predicates:
        raise UnknownCondition(
            f"no condition '{name}' is registered in this process; put it in a module "
            "notification_conditions of an installed app, and restart the workers"
        )
    return bool(_predicates[name](**arguments))


def check_condition(name: str, arguments: Mapping[str, Any]) -> None:
    """Check that a predicate is known and takes these arguments.

    Raises:
        InvalidNotification: says what would be right.
    """
    check_storable(InvalidNotification, "condition", name, _LONGEST)
    if name not in _predicates:
        listed = ", ".join(sorted(_predicates)) or "none yet"
        raise InvalidNotification(
            "condition", f"none is registered as '{name}'; known are: {listed}"
        )
    try:
        inspect.signature(_predicates[name]).bind(**arguments)
    except TypeError as error:
        raise InvalidNotification("condition_args", f"do not fit '{name}': {error}") from None


def _place(predicate: Callable[..., bool]) -> str:
    return f"{predicate.__module__}.{predicate.__qualname__}"
