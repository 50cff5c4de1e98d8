"""A way to a server that can be cut off as a firewall does: connections stay, but nothing arrives."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Forwarder(threading.Thread):
    """Passes bytes between a port of its own and a server, until it is told to swallow them."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(name="forwarder", daemon=True)
        self.server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._other: dict[socket.socket, socket.socket] = {}
        self._stopped = threading.Event()
        self.swallows = threading.Event()
        self._loses_answer_to: bytes | None = None
        self._lost: socket.socket | None = None
        self.change: Callable[[bytes], bytes] = bytes

    def run(self) -> None:
        """Forward until closed."""
        while not self._stopped.is_set():
            ready, _, _ = select.select([self._listener, *self._other], [], [], 0.05)
            for connection in ready:
                if connection is self._listener:
                    self._accept()
                elif connection in self._other:
                    self._forward(connection)
        for connection in [self._listener, *self._other]:
            connection.close()

    def cut(self) -> None:
        """Break all connections, for both sides to see."""
        for connection in list(self._other):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def lose_answer_to(self, part: bytes) -> None:
        """Break the first connection by which ``part`` is sent, once the server has answered that."""
        self._loses_answer_to = part

    @property
    def is_to_lose_an_answer(self) -> bool:
        """Whether that has not been sent yet."""
        return self._loses_answer_to is not None

    def close(self) -> None:
        """Close everything."""
        self._stopped.set()
        self.join(5)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self.server, timeout=5)
        except OSError:  # it is down, and so is the way to it
            client.close()
            return
        self._other[client], self._other[server] = server, client

    def _forward(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65_536)
            if connection is self._lost:
                data = b""
            elif self._loses_answer_to and self._loses_answer_to in data:
                self._lost, self._loses_answer_to = self._other[connection], None
            if data and not self.swallows.is_set():
                self._other[connection].sendall(self.change(data))
        except OSError:
            data = b""
        if not data:
            other = self._other.pop(connection)
            self._other.pop(other)
            connection.close()
            other.close()


@contextmanager
def forwarding(host: str, port: int) -> Iterator[Forwarder]:
    """Give a forwarder to a server."""
    forwarder = Forwarder(host, port)
    forwarder.start()
    try:
        yield forwarder
    finally:
        forwarder.close()
