"""Replay, edit and replay, discard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tasks_core import steering
from tasks_core.admin.dead_letter_forms import NoteForm, PayloadForm, RequiredNoteForm
from tasks_core.admin.places import task_link
from tasks_core.admin.steering.step import Step
from tasks_core.admin.steering.tally import Tally
from tasks_core.exceptions import DeadLetterNotFound, InvalidRequest, InvalidTransition
from tasks_core.models import DeadLetter


def _each(letters: Sequence[DeadLetter], deed: Callable[[DeadLetter, Tally], None]) -> Tally:
    """Apply ``deed`` to each dead letter; one that refuses does not stop the others."""
    tally = Tally()
    for letter in letters:
        try:
            deed(letter, tally)
        except InvalidTransition as error:
            tally.refuse("had been resolved already", detail=_one(letters, error))
        except (InvalidRequest, DeadLetterNotFound) as error:
            tally.refuse("could not be replayed", detail=f"#{letter.pk}: {error}")
    return tally


def _one(letters: Sequence[DeadLetter], error: Exception) -> str:
    return str(error) if len(letters) == 1 else ""


def _replay(letters: Sequence[DeadLetter], answers: Mapping[str, Any], actor: str) -> Tally:
    def deed(letter: DeadLetter, tally: Tally) -> None:
        task = steering.replay(
            letter.pk, payload=answers.get("payload"), note=_signed(answers["note"], actor)
        )
        tally.did("replayed", letter.pk, link=task_link(task.pk))

    return _each(letters, deed)


def _discard(letters: Sequence[DeadLetter], answers: Mapping[str, Any], actor: str) -> Tally:
    def deed(letter: DeadLetter, tally: Tally) -> None:
        steering.discard(letter.pk, note=_signed(answers["note"], actor))
        tally.did("discarded", letter.pk)

    return _each(letters, deed)


def _signed(note: str, actor: str) -> str:
    return f"{note} ({actor})" if note else f"by {actor}"


def _is_open(letter: DeadLetter) -> bool:
    return not letter.resolution


REPLAY: Step[DeadLetter] = Step(
    name="replay",
    label="Replay…",
    button="Replay now",
    icon="replay",
    explanation=(
        "A new task with the same payload is enqueued for each, linked to the dead one, "
        "and the dead letter is resolved."
    ),
    form=NoteForm,
    perform=_replay,
    applies=_is_open,
)

EDIT_AND_REPLAY: Step[DeadLetter] = Step(
    name="edit-and-replay",
    label="Edit and replay…",
    button="Replay with this payload",
    icon="edit_note",
    explanation=(
        "A new task with the payload below is enqueued, linked to the dead one, "
        "and the dead letter is resolved. The dead task keeps its own payload."
    ),
    form=PayloadForm,
    perform=_replay,
    applies=_is_open,
    in_bulk=False,
    template="admin/tasks_core/edit_and_replay.html",
)

DISCARD: Step[DeadLetter] = Step(
    name="discard",
    label="Discard…",
    button="Discard now",
    icon="delete",
    explanation="The dead letter is resolved, and its task is not run again.",
    form=RequiredNoteForm,
    perform=_discard,
    applies=_is_open,
    danger=True,
)
