"""A mail server at the level of the protocol that does at each step what a test says."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PIPELINING = ("SIZE 1000000", "PIPELINING")

CLOSE = "close"
"""In an answer: hang up after what stands before it."""
HANG = "hang"
"""Instead of an answer: say nothing any more, until the client goes."""

Step = tuple[str, int]
"""A stage (mail, rcpt, data or content) and which mail of all since the beginning, from 1."""
Answer = str | Callable[[], str]


@dataclass
class ScriptedMailServer:
    """Answers 250 (354 to DATA) wherever the script says nothing."""

    script: dict[Step, Answer] = field(default_factory=dict)
    extensions: tuple[str, ...] = PIPELINING
    pieces: list[bytes] = field(default_factory=list)
    """What came in one piece, without the greetings."""
    contents: list[bytes] = field(default_factory=list)
    """Of the mails that were taken, with the dots undone."""
    steps: list[Step] = field(default_factory=list)
    """What was asked for, in order."""
    connections: int = 0
    mails: int = 0

    @property
    def subjects(self) -> list[str]:
        """Of the mails that were taken, in order."""
        return [
            re.findall(rb"^Subject: (.*?)\r?$", one, re.MULTILINE)[0].decode()
            for one in self.contents
        ]

    def serve(self, connection: socket.socket) -> None:
        """Talk with one client until it goes, or is left."""
        self.connections += 1
        with connection, suppress(ConnectionError):
            connection.sendall(b"220 mail\r\n")
            buffer, in_content = b"", False
            while piece := connection.recv(1_000_000):
                if not piece.startswith((b"ehlo", b"quit", b"QUIT")):
                    self.pieces.append(piece)
                buffer += piece
                answers: list[str] = []
                while (end := b"\r\n.\r\n" if in_content else b"\r\n") in buffer:
                    said, _, buffer = buffer.partition(end)
                    step = self._step(said, in_content=in_content)
                    answer = self.script.get(step) or self._usual(step)
                    if callable(answer):  # that may take a while
                        self._send(connection, answers)
                        answers = []
                        answer = answer()
                    if in_content and answer.startswith("250"):
                        self._take(said)
                    if answer == HANG:
                        self._send(connection, answers)
                        while connection.recv(1_000_000):
                            pass
                        return
                    answers.append(answer.removesuffix(CLOSE).strip())
                    if answer.endswith(CLOSE):
                        self._send(connection, answers)
                        return
                    in_content = any(line.startswith("354") for line in answer.splitlines())
                self._send(connection, answers)

    def _send(self, connection: socket.socket, answers: list[str]) -> None:
        connection.sendall("".join(f"{one}\r\n" for one in answers if one).encode())

    def _step(self, said: bytes, *, in_content: bool) -> Step:
        stage = "content" if in_content else said[:4].decode().lower()
        if stage == "mail":
            self.mails += 1
        self.steps.append((stage, self.mails))
        return stage, self.mails

    def _usual(self, step: Step) -> str:
        if step[0] in ("ehlo", "helo"):
            return self._greeting()
        return "354 go on" if step[0] == "data" else "250 ok"

    def _take(self, content: bytes) -> None:
        undone = re.sub(rb"^\.\.", b".", content, flags=re.MULTILINE)
        self.contents.append(undone + b"\r\n")

    def _greeting(self) -> str:
        lines = ["mail", *self.extensions]
        marks = ["-"] * (len(lines) - 1) + [" "]
        return "\r\n".join(f"250{m}{one}" for m, one in zip(marks, lines, strict=True))


@contextmanager
def serving(server: ScriptedMailServer) -> Iterator[int]:
    """Serve any number of clients at once; gives the port. At the end the clients must have gone."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):  # it was closed
            while True:
                client, _ = listener.accept()
                threads.append(threading.Thread(target=server.serve, args=[client]))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(10)
        for thread in threads:
            thread.join(10)
        assert not [one for one in threads if one.is_alive()]
