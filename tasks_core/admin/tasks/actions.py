"""Cancel and retry, from a task's page and from the list."""

from collections.abc import Sequence

from tasks_core.admin.toolkit.actions.action import Action
from tasks_core.admin.toolkit.actions.each import Answers, Did, each
from tasks_core.admin.toolkit.actions.reason import ReasonForm, signed_reason
from tasks_core.admin.toolkit.actions.tally import Tally
from tasks_core.admin.toolkit.places import task_link
from tasks_core.client import control, replay
from tasks_core.engine.states import UNFINISHED, WAITING, State
from tasks_core.exceptions import InvalidRequest, InvalidTransition, TaskNotFound
from tasks_core.models import DeadLetter, Task


def _cancel(tasks: Sequence[Task], answers: Answers, actor: str) -> Tally:
    tally = Tally()
    ids = [task.pk for task in tasks]
    cancelled = control.cancel_many(ids, reason=signed_reason(answers, actor))
    tally.did_all("cancelled", cancelled)
    tally.refuse("had already finished", count=len(ids) - len(cancelled))
    return tally


def _retry(task: Task, answers: Answers, actor: str) -> Did:
    """Start a waiting task now; enqueue a finished one again, through its dead letter if that is open."""
    if task.state in WAITING:
        control.run_now(task.pk)
        return Did("brought forward")
    letter = _open_letter(task)
    if letter is not None:
        new = replay.replay(letter, note=f"retried by {actor}")
    else:
        new = replay.enqueue_again(task.pk)
    return Did("enqueued again", task_link(new.pk))


def _open_letter(task: Task) -> int | None:
    if task.state != State.DEAD:
        return None
    return DeadLetter.objects.unresolved().filter(task=task.pk).values_list("pk", flat=True).first()


CANCEL: Action[Task] = Action(
    name="cancel",
    label="Cancel…",
    button="Cancel now",
    icon="block",
    explanation=(
        "An unfinished task ends as Cancelled. A handler that is running is told and, if it does not "
        "end by itself, its process is ended after a grace time. This cannot be taken back."
    ),
    form=ReasonForm,
    perform=_cancel,
    applies=lambda task: task.state in UNFINISHED,
    danger=True,
)

RETRY: Action[Task] = Action(
    name="retry",
    label="Retry…",
    button="Retry now",
    icon="replay",
    explanation=(
        "A waiting task starts as soon as possible instead of at its time. A finished one stays as it "
        "is, and a copy of it, linked to it, is enqueued; an open dead letter is resolved by that."
    ),
    perform=each(
        _retry,
        refusals=dict.fromkeys(
            (InvalidTransition, InvalidRequest, TaskNotFound), "could not be retried"
        ),
    ),
    applies=lambda task: task.state in WAITING or task.is_finished,
)
