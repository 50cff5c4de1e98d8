"""Pause, resume, replay, delete."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tasks_core import clock
from tasks_core.admin.toolkit.actions.action import Action, ActionForm
from tasks_core.admin.toolkit.actions.tally import Tally
from tasks_core.admin.toolkit.form_fields.instant import InstantField
from tasks_core.events import control
from tasks_core.events.deleting import delete_subscription, registrations
from tasks_core.exceptions import InvalidRequest, InvalidTransition, SubscriptionNotFound
from tasks_core.models import EventSubscription

State = EventSubscription.State
Answers = Mapping[str, Any]
Deed = Callable[[str, Answers], bool]
"""Does something to the subscriber of a name; False if there was nothing to do."""


class ReplayForm(ActionForm):
    """From when on."""

    on_record = ("since",)

    since = InstantField(label="Since (UTC)", help_text="Events that happened then or later.")

    def clean_since(self) -> object:
        """Refuse what has not happened."""
        since = self.cleaned_data["since"]
        if since is not None and since > clock.now():
            self.add_error("since", "It must not lie in the future.")
        return since


def _each(word: str, deed: Deed) -> Callable[[Sequence[EventSubscription], Answers, str], Tally]:
    def perform(found: Sequence[EventSubscription], answers: Answers, actor: str) -> Tally:
        tally = Tally()
        for subscription in found:
            try:
                if deed(subscription.name, answers):
                    tally.did(word, subscription.pk)
                else:
                    tally.refuse(f"had been {word} already")
            except (InvalidRequest, InvalidTransition, SubscriptionNotFound) as error:
                tally.refuse("stayed as it was", detail=str(error))
        return tally

    return perform


def _pause(name: str, answers: Answers) -> bool:
    return control.pause_subscription(name)


def _resume(name: str, answers: Answers) -> bool:
    return control.resume_subscription(name)


def _replay(name: str, answers: Answers) -> bool:
    control.replay_events(name, since=answers["since"])
    return True


def _delete(name: str, answers: Answers) -> bool:
    delete_subscription(name)
    return True


PAUSE: Action[EventSubscription] = Action(
    name="pause",
    label="Pause…",
    button="Pause now",
    icon="pause",
    explanation=(
        "It gets no events until it is resumed; then it goes on where it was. "
        "Old events are kept for it meanwhile."
    ),
    perform=_each("paused", _pause),
    applies=lambda subscription: subscription.state != State.PAUSED,
)

RESUME: Action[EventSubscription] = Action(
    name="resume",
    label="Resume…",
    button="Resume now",
    icon="resume",
    explanation=(
        "It goes on where it was. A parked one has failed too often: see first that its cause is mended."
    ),
    perform=_each("resumed", _resume),
    applies=lambda subscription: subscription.state != State.ACTIVE,
)

REPLAY: Action[EventSubscription] = Action(
    name="replay",
    label="Replay…",
    button="Replay now",
    icon="replay",
    explanation=(
        "It gets all stored events again from then on, and afterwards what is new. What it had not got yet "
        "comes in any case. A paused or parked one becomes active. What it does twice, it does twice: "
        "see that its handler bears that."
    ),
    form=ReplayForm,
    perform=_each("replayed", _replay),
    applies=lambda _: True,
)

DELETE: Action[EventSubscription] = Action(
    name="delete-subscription",
    label="Delete…",
    button="Delete now",
    icon="delete",
    explanation=(
        "How far it has come is forgotten, and no events are kept for it any more. "
        "Only for subscribers that no worker and no beat has in its code. This cannot be taken back."
    ),
    perform=_each("deleted", _delete),
    applies=lambda subscription: not registrations().why_not_deleted(subscription.name),
    in_bulk=False,  # a list cannot say of each whether it may go
    danger=True,
    removes=True,
    permission="delete",
)
