"""The action that gives a row another signing secret, and shows it once."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db.models import Model

from tasks_core.admin.toolkit import Action, Answers, Tally

M = TypeVar("M", bound=Model)


def rotating(rotate: Callable[[M], str], explanation: str) -> Action[M]:
    """Return the action; ``rotate`` makes the secret and returns it.

    Args:
        rotate: does it to a row.
        explanation: what becomes of the old secret, and who has to change.
    """

    def perform(rows: Sequence[M], answers: Answers, actor: str) -> Tally:
        tally = Tally()
        tally.revealed = rotate(rows[0])
        tally.did("given a new secret", rows[0].pk)
        return tally

    return Action(
        name="rotate-secret",
        label="New secret…",
        button="Make a new secret",
        icon="key",
        explanation=f"A new signing secret is made and shown once. {explanation}",
        perform=perform,
        applies=lambda _: True,
        in_bulk=False,
    )
