"""Take entries off the suppression list."""

from notifications.models import Suppression
from tasks_core.admin.toolkit import Action, Answers, Did, Refused, each


def _lift(row: Suppression, answers: Answers, actor: str) -> Did:
    deleted, _ = Suppression.objects.filter(pk=row.pk).delete()
    if not deleted:
        raise Refused("were gone already")
    return Did("taken off the list")


LIFT: Action[Suppression] = Action(
    name="lift",
    label="Take off the list…",
    button="Take it off",
    icon="undo",
    explanation=(
        "Messages are sent to the address again, unless another entry stops them. Who complained or "
        "unsubscribed should have asked for it."
    ),
    perform=each(_lift),
    applies=lambda _: True,
    danger=True,
    permission="delete",
)
