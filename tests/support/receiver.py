"""A real HTTP server on loopback that records what it gets and answers as it is told."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    hold: threading.Event | None = None
    """Answer only when this is set: a receiver that hangs."""


class Receiver:
    """Answers with the planned replies in turn, then with 200."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.port = port
        self.received: list[Received] = []
        self.replies: deque[Reply] = deque()
        self.planned: list[tuple[Reply, Received]] = []
        """The planned replies that were used, each with the request that it was for."""
        self.wait_for_company: threading.Barrier | None = None
        """Answer only when so many requests are under way at once."""
        self.under_way = 0
        self.most_at_once = 0
        self._counting = threading.Lock()

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self._counting:
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            yield
        finally:
            with self._counting:
                self.under_way -= 1

    def plan(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    def reply_to(self, received: Received) -> Reply:
        """Take the next planned reply, or 200."""
        try:
            reply = self.replies.popleft()
        except IndexError:
            return Reply()
        self.planned.append((reply, received))
        return reply

    def request_for(self, reply: Reply) -> Received | None:
        """Return the request that a planned reply was used for; None before there is one."""
        used = list(self.planned)
        return next((received for given, received in used if given is reply), None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: ClassVar[Receiver]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.path, headers, body, self.command)
        self.receiver.received.append(received)
        reply = self.receiver.reply_to(received)
        with self.receiver.counted():
            if self.receiver.wait_for_company is not None:
                self.receiver.wait_for_company.wait(20)
            if reply.hold is not None:
                reply.hold.wait(30)
        try:
            self._answer(reply)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815  (the base class says so)

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *args: Any) -> None:
        """Keep the test output quiet."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 200
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """A client that hangs up is what some tests are about."""


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    server = _Server(("127.0.0.1", 0), _Handler)
    receiver = Receiver(server.server_address[1])
    server.RequestHandlerClass = type("_BoundHandler", (_Handler,), {"receiver": receiver})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
