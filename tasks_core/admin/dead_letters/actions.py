"""Replay, edit and replay, discard."""

from tasks_core.admin.dead_letters.forms import NoteForm, PayloadForm, RequiredNoteForm
from tasks_core.admin.toolkit.actions.action import Action
from tasks_core.admin.toolkit.actions.each import Answers, Did, Refused, each
from tasks_core.admin.toolkit.places import task_link
from tasks_core.client.replay import discard, replay
from tasks_core.exceptions import (
    DeadLetterNotFound,
    InvalidRequest,
    InvalidTransition,
    ReplayRefused,
)
from tasks_core.models import DeadLetter
from tasks_core.registry import task_types

REFUSALS: dict[type[Exception], str] = {
    ReplayRefused: "could not be replayed",
    InvalidTransition: "had been resolved already",
    DeadLetterNotFound: "could not be found",
}


def _replay(letter: DeadLetter, answers: Answers, actor: str) -> Did:
    note = _signed(answers["note"], actor)
    try:
        task = replay(letter.pk, payload=answers.get("payload"), note=note)
    except InvalidRequest as error:  # which speaks of the payload, and not of whose
        raise Refused("could not be replayed", detail=f"#{letter.pk}: {error}") from None
    return Did("replayed", task_link(task.pk))


def _discard(letter: DeadLetter, answers: Answers, actor: str) -> Did:
    discard(letter.pk, note=_signed(answers["note"], actor))
    return Did("discarded")


def _signed(note: str, actor: str) -> str:
    return f"{note} ({actor})" if note else f"by {actor}"


def _is_open(letter: DeadLetter) -> bool:
    return not letter.resolution


def _may_be_edited(letter: DeadLetter) -> bool:
    registered = task_types().get(letter.task_type)
    return _is_open(letter) and (registered is None or not registered.is_inner)


REPLAY: Action[DeadLetter] = Action(
    name="replay",
    label="Replay…",
    button="Replay now",
    icon="replay",
    explanation=(
        "A new task with the same payload is enqueued for each, linked to the dead one, "
        "and the dead letter is resolved."
    ),
    form=NoteForm,
    perform=each(_replay, refusals=REFUSALS),
    applies=_is_open,
)

EDIT_AND_REPLAY: Action[DeadLetter] = Action(
    name="edit-and-replay",
    label="Edit and replay…",
    button="Replay with this payload",
    icon="edit_note",
    explanation=(
        "A new task with the payload below is enqueued, linked to the dead one, "
        "and the dead letter is resolved. The dead task keeps its own payload."
    ),
    form=PayloadForm,
    perform=each(_replay, refusals=REFUSALS),
    applies=_may_be_edited,
    in_bulk=False,
    template="admin/tasks_core/edit_and_replay.html",
)

DISCARD: Action[DeadLetter] = Action(
    name="discard",
    label="Discard…",
    button="Discard now",
    icon="delete",
    explanation="The dead letter is resolved, and its task is not run again.",
    form=RequiredNoteForm,
    perform=each(_discard, refusals=REFUSALS),
    applies=_is_open,
    danger=True,
)
