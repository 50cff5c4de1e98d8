"""How a synchronous channel takes messages one after the other, and answers for each when it knows."""

from collections.abc import Callable
from typing import Protocol

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import SendResult

Tell = Callable[[SendResult], None]


class Stream(Protocol):
    """A channel's way for the messages of a batch, used by one thread.

    The result of a message may be known only when a later one is handed over, or at ``flush``. Each is told
    once.
    """

    def hand_over(self, sendable: Sendable, tell: Tell) -> None:
        """Take a message, and tell its result now or later. Failures are results."""
        ...

    def flush(self) -> None:
        """Finish what was handed over; when it returns, all results are told."""
        ...

    def abandon(self) -> None:
        """Let go of what was handed over and is not finished; nothing is told of it any more."""
        ...
