"""All that a channel sees and gives back: whoever writes one needs nothing else of the platform.

A channel is a class as ``SendingChannel`` describes it, added by ``notifications.api.add_channel``; see
docs/channels.md. It is given a ``Sendable``, asks by ``ask`` over HTTP, and returns a ``SendResult``.
"""

from typing import TYPE_CHECKING

from tasks_core.public_names import imported_on_use

if TYPE_CHECKING:
    from notifications.channel_api.channel import (
        Address,
        Channel,
        CompiledTemplate,
        SendingChannel,
    )
    from notifications.channel_api.sendable import Receiver, Sendable
    from notifications.rendering.compiled import CompiledText, Rendered
    from notifications.rules.outcome import Outcome, SendResult
    from notifications.sending.providers.answer import (
        described,
        json_object,
        outcome_of_status,
        retry_after,
    )
    from notifications.sending.providers.exchange import ask

__all__ = [
    "Address",
    "Channel",
    "CompiledTemplate",
    "CompiledText",
    "Outcome",
    "Receiver",
    "Rendered",
    "SendResult",
    "Sendable",
    "SendingChannel",
    "ask",
    "described",
    "json_object",
    "outcome_of_status",
    "retry_after",
]

__getattr__ = imported_on_use(__name__, __file__)
