"""A server that accepts every connection, takes everything, and never answers."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Swallower(threading.Thread):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__(name="swallower", daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.contacts = 0
        """Connections, and pieces of data on them, so far."""
        self.is_alone = True
        """Whether nobody is connected any more."""
        self._stopped = threading.Event()

    def run(self) -> None:
        """Swallow until closed."""
        sockets = [self._listener]
        while not self._stopped.is_set():
            for ready in select.select(sockets, [], [], 0.05)[0]:
                if ready is self._listener:
                    self.contacts += 1
                    sockets.append(self._listener.accept()[0])
                elif self._is_over(ready):
                    sockets.remove(ready)
                    ready.close()
                else:
                    self.contacts += 1
            self.is_alone = len(sockets) == 1
        for one in sockets:
            one.close()

    def close(self) -> None:
        """Close everything."""
        self._stopped.set()
        self.join(5)

    @staticmethod
    def _is_over(connection: socket.socket) -> bool:
        try:
            return not connection.recv(65_536)
        except OSError:
            return True


@contextmanager
def swallowing() -> Iterator[Swallower]:
    """Give a server that swallows."""
    swallower = Swallower()
    swallower.start()
    try:
        yield swallower
    finally:
        swallower.close()
