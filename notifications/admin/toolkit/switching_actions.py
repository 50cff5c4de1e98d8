"""The actions of rows that are on or off: disable, enable."""

from collections.abc import Callable
from typing import Any, TypeVar

from tasks_core.admin.toolkit import (
    Action,
    ActionForm,
    Answers,
    Did,
    ReasonForm,
    Refused,
    each,
    signed_reason,
)

M = TypeVar("M", bound=Any)  # a model with a field ``enabled``


def disabling(
    switch_off: Callable[[M, str], bool],
    explanation: str,
    *,
    asks_reason: bool = True,
    icon: str = "block",
) -> Action[M]:
    """Return the action that switches rows off.

    Args:
        switch_off: does it to a row, for a reason that names who asked; False if it was off.
        explanation: what will happen.
        asks_reason: whether there is a place to keep the reason; else it is empty.
        icon: on the button.
    """

    def perform(row: M, answers: Answers, actor: str) -> Did:
        if not switch_off(row, signed_reason(answers, actor) if asks_reason else ""):
            raise Refused("were off already")
        return Did("disabled")

    return Action(
        name="disable",
        label="Disable…",
        button="Disable now",
        icon=icon,
        explanation=explanation,
        form=ReasonForm if asks_reason else ActionForm,
        perform=each(perform),
        applies=_is_on,
        danger=True,
    )


def enabling(switch_on: Callable[[M], bool], explanation: str, *, icon: str = "check") -> Action[M]:
    """Return the action that switches rows on; ``switch_on`` gives False for one that was on."""

    def perform(row: M, answers: Answers, actor: str) -> Did:
        if not switch_on(row):
            raise Refused("were on already")
        return Did("enabled")

    return Action(
        name="enable",
        label="Enable…",
        button="Enable now",
        icon=icon,
        explanation=explanation,
        perform=each(perform),
        applies=lambda row: not _is_on(row),
    )


def _is_on(row: Any) -> bool:
    return bool(row.enabled)
