"""Pause, resume and cancel broadcasts."""

from notifications.broadcasts import control
from notifications.models import Broadcast
from notifications.states import BROADCAST_FINAL, BroadcastState
from tasks_core.admin.toolkit import Action, Answers, Did, ReasonForm, Refused, each, signed_reason


def _pause(row: Broadcast, answers: Answers, actor: str) -> Did:
    if not control.pause(row.pk, reason=signed_reason(answers, actor)):
        raise Refused("did not run")
    return Did("paused")


def _resume(row: Broadcast, answers: Answers, actor: str) -> Did:
    if not control.resume(row.pk):
        raise Refused("were not paused")
    return Did("resumed")


def _cancel(row: Broadcast, answers: Answers, actor: str) -> Did:
    if not control.end_early(row.pk, reason=signed_reason(answers, actor)):
        raise Refused("had already ended")
    return Did("cancelled")


PAUSE: Action[Broadcast] = Action(
    name="pause",
    label="Pause…",
    button="Pause now",
    icon="pause",
    explanation=(
        "No more of it is handed over. What was handed over before, at most what is in flight, is "
        "still sent."
    ),
    form=ReasonForm,
    perform=each(_pause),
    applies=lambda row: row.state == BroadcastState.RUNNING,
)

RESUME: Action[Broadcast] = Action(
    name="resume",
    label="Resume…",
    button="Resume now",
    icon="play_arrow",
    explanation="It goes on where it stopped.",
    perform=each(_resume),
    applies=lambda row: row.state == BroadcastState.PAUSED,
)

CANCEL: Action[Broadcast] = Action(
    name="cancel",
    label="Cancel…",
    button="Cancel now",
    icon="block",
    explanation=(
        "It ends, and what has not been sent is taken back. A message that is being sent at this "
        "moment may still arrive. A cancelled broadcast cannot be resumed."
    ),
    form=ReasonForm,
    perform=each(_cancel),
    applies=lambda row: row.state not in BROADCAST_FINAL,
    danger=True,
)
