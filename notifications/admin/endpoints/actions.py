"""Switch endpoints off and on, and change their secret."""

from notifications.admin.toolkit.secret_action import rotating
from notifications.admin.toolkit.switching_actions import disabling, enabling
from notifications.models import Endpoint
from notifications.sending.endpoints.registration import disable, enable, rotate_secret
from tasks_core.admin.toolkit import Action

DISABLE: Action[Endpoint] = disabling(
    lambda row, reason: disable(row.pk, reason=reason),
    "Nothing is sent to it until it is enabled; deliveries meanwhile fail and say why.",
)

ENABLE: Action[Endpoint] = enabling(
    lambda row: enable(row.pk),
    "Deliveries go to it again. Those that failed can be replayed from their dead letters.",
)

ROTATE: Action[Endpoint] = rotating(
    rotate_secret,
    "The old one goes on signing for the time of grace, so that the receiver can change at its own time.",
)
