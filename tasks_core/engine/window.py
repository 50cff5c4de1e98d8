"""How much work of a lane may wait in the broker.

Enough to keep the workers busy until the dispatcher looks again, and not more: what still is in the
database can be overtaken, paused and counted, and the broker stays small however much is due.
"""

SMOOTHING = 0.5
FIRST_GUESS = 10.0


class Window:
    """The room of one lane, in messages, and how many tasks fill one."""

    def __init__(self, messages: int) -> None:
        self.messages = messages
        self._tasks_per_message = FIRST_GUESS

    def room(self, waiting: int) -> int:
        """Return how many tasks may be published while ``waiting`` messages are unread."""
        free = self.messages - waiting
        return int(free * self._tasks_per_message) if free > 0 else 0

    def published(self, *, tasks: int, messages: int) -> None:
        """Learn from a round how many tasks a message carries in this lane."""
        if messages:
            sample = tasks / messages
            self._tasks_per_message += SMOOTHING * (sample - self._tasks_per_message)
