"""Connections that wait for their next request."""

from notifications.sending.outgoing.connection import Connection
from notifications.sending.outgoing.guard import Origin


class Idle:
    """Idle connections: the newest of an origin is used first, the oldest of all is closed first."""

    def __init__(self) -> None:
        self._until: dict[Connection, float] = {}  # the one that became idle first comes first
        self._stacks: dict[Origin, list[Connection]] = {}

    def add(self, connection: Connection, until: float) -> None:
        """Take a connection that has become idle, and may be used until then."""
        self._until[connection] = until
        self._stacks.setdefault(connection.origin, []).append(connection)

    def take(self, origin: Origin, now: float) -> Connection | None:
        """Return the newest connection to an origin that is open and may be used."""
        for connection in reversed(self._stacks.get(origin, ())):
            if connection.is_open and self._until[connection] > now:
                self.remove(connection)
                return connection
        return None

    def take_oldest(self) -> Connection | None:
        """Return the one that has been idle for the longest time."""
        oldest = next(iter(self._until), None)
        if oldest is not None:
            self.remove(oldest)
        return oldest

    def remove(self, connection: Connection) -> bool:
        """Take a connection out; say whether it was idle."""
        if self._until.pop(connection, None) is None:
            return False
        stack = self._stacks[connection.origin]
        stack.remove(connection)
        if not stack:
            del self._stacks[connection.origin]
        return True

    def take_expired(self, now: float) -> list[Connection]:
        """Return those that may be used no more."""
        expired = [connection for connection, until in self._until.items() if until <= now]
        for connection in expired:
            self.remove(connection)
        return expired

    def first_end(self) -> float | None:
        """Return when the next one may be used no more; None if there is none."""
        return min(self._until.values(), default=None)
