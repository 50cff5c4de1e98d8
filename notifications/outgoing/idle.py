"""Connections that wait for their next request."""

from notifications.outgoing.connection import Connection
from notifications.outgoing.guard import Origin


class Idle:
    """Idle connections: the newest of an origin is used first, the oldest of all is closed first."""

    def __init__(self) -> None:
        self._since: dict[Connection, float] = {}  # oldest first
        self._stacks: dict[Origin, list[Connection]] = {}

    def add(self, connection: Connection, now: float) -> None:
        """Take a connection that has become idle."""
        self._since[connection] = now
        self._stacks.setdefault(connection.origin, []).append(connection)

    def take(self, origin: Origin) -> Connection | None:
        """Give the newest connection to an origin that is open."""
        for connection in reversed(self._stacks.get(origin, ())):
            if connection.is_open:
                self.remove(connection)
                return connection
        return None

    def take_oldest(self) -> Connection | None:
        """Give the one that has been idle for the longest time."""
        oldest = next(iter(self._since), None)
        if oldest is not None:
            self.remove(oldest)
        return oldest

    def remove(self, connection: Connection) -> bool:
        """Take a connection out; say whether it was idle."""
        if self._since.pop(connection, None) is None:
            return False
        stack = self._stacks[connection.origin]
        stack.remove(connection)
        if not stack:
            del self._stacks[connection.origin]
        return True

    def oldest_since(self) -> float | None:
        """Say since when the oldest has been idle; None if there is none."""
        return next(iter(self._since.values()), None)
